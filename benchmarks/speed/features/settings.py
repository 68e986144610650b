"""Settings and description of the suite ``features``."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option


@dataclass(frozen=True)
class Settings:
    """The size of the data, and of the sample of the loop."""

    examples: int = option(100_000, help="Examples; 65 % of them are for training.")
    sources: int = option(20, help="Sources.")
    width: int = option(64, help="Features of each source.")
    targets: int = option(20, help="Targets, all of them numbers.")
    max_order: int = option(3, help="Most sources of one transfer.")
    fits: int = option(100, help="Fits of the loop that are timed; the others are extrapolated.")
    iterative_examples: int = option(
        10_000, help="Examples for logistic regression and the perceptron."
    )


SUITE = Suite(
    name="features",
    question="How much faster are shared moments than a loop of ridge fits?",
    methods=("ridge by shared moments", "a loop over Ridge", "logistic regression", "a perceptron"),
    time="about ten minutes on one core",
    writes="one record a method",
    settings=Settings,
    package="benchmarks.speed.features",
    presets={
        SMOKE: {
            "examples": 500,
            "sources": 3,
            "width": 4,
            "targets": 2,
            "max_order": 2,
            "fits": 12,
            "iterative_examples": 200,
        },
        CPU: {},
        PAPER: {},
    },
)
