"""What suites that train classifiers share: starts, surgery, rates, one loop, features."""
