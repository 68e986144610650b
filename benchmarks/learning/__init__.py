"""Shared code of suites that train classifiers: starts, surgery, rates, one loop, features."""
