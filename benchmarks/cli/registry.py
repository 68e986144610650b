"""The list of suites, which imports each suite when it is looked up."""

from __future__ import annotations

import importlib

from benchmarks.results.suite import Suite

PACKAGES = {
    "transfers": "benchmarks.transfers",
    "payoff": "benchmarks.payoff",
    "bank": "benchmarks.bank",
    "pilot": "benchmarks.pilot",
    "scenes": "benchmarks.scenes",
    "digits": "benchmarks.digits",
    "taskonomy": "benchmarks.taskonomy",
    "arrivals": "benchmarks.arrivals",
    "intervals": "benchmarks.intervals",
    "objectives": "benchmarks.objectives",
    "finetune": "benchmarks.finetune",
    "multitask": "benchmarks.multitask",
    "bias": "benchmarks.bias",
    "adapt": "benchmarks.adaptation",
    "prior": "benchmarks.prior",
    "lifelong": "benchmarks.lifelong",
    "imagenet": "benchmarks.imagenet",
    "text": "benchmarks.text",
    "control": "benchmarks.control",
    "solver": "benchmarks.speed.solver",
    "training": "benchmarks.speed.training",
    "engines": "benchmarks.speed.engines",
    "features": "benchmarks.speed.features",
}
"""Package of each suite by its name, in the order in which help texts and pages list them."""


def load(name: str) -> Suite:
    """Return a suite by its name; this imports its settings, but neither torch nor its methods."""
    suite: Suite = importlib.import_module(f"{PACKAGES[name]}.settings").SUITE
    return suite


def suites() -> list[Suite]:
    """Return all suites in the order of `PACKAGES`."""
    return [load(name) for name in PACKAGES]
