"""Every suite by its name. A suite is imported when it is asked for."""

from __future__ import annotations

import importlib

from benchmarks.results.suite import Suite

PACKAGES = {
    "transfers": "benchmarks.transfers",
    "payoff": "benchmarks.payoff",
    "bank": "benchmarks.bank",
    "scenes": "benchmarks.scenes",
    "digits": "benchmarks.digits",
    "taskonomy": "benchmarks.taskonomy",
    "intervals": "benchmarks.intervals",
    "solver": "benchmarks.speed.solver",
    "training": "benchmarks.speed.training",
    "engines": "benchmarks.speed.engines",
}
"""Names in the order of the list, and the packages that hold the suites."""


def load(name: str) -> Suite:
    """Return a suite; only its settings are imported, neither torch nor its methods."""
    suite: Suite = importlib.import_module(f"{PACKAGES[name]}.settings").SUITE
    return suite


def suites() -> list[Suite]:
    """Return all suites in the order of the list."""
    return [load(name) for name in PACKAGES]
