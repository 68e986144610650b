"""Suites of timings: the solver, training, and engines."""
