"""Settings and description of the suite ``arrivals``."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option


@dataclass(frozen=True)
class Settings:
    """The number of orders of arrivals, the growth of the budget, and the published tables."""

    orders: int = option(20, help="Number of random orders in which the tasks arrive.")
    every: int = option(4, help="The budget rises by one with the first of every N arrivals.")
    arrivals: int | None = option(None, help="Only the first N arrivals of each order.")
    seed: int = option(0, help="Seed of the orders.")
    taskonomy: str | None = option(
        None,
        kind="folder",
        help="Folder of the published tables; by default shared/taskonomy beside the checkout.",
    )


SUITE = Suite(
    name="arrivals",
    question="What does it cost that tasks arrive one by one?",
    methods=(
        "extended: the taxonomy that never takes a label back, the rest spent at best",
        "random: labels of random tasks among those that have arrived, best transfers",
        "optimum: the best taxonomy of the same tasks and total budget, which may choose anew",
    ),
    time="about two minutes on one core; --preset smoke takes seconds",
    writes="one record an order of arrivals and table; arrivals.svg",
    settings=Settings,
    package="benchmarks.arrivals",
    presets={SMOKE: {"orders": 2, "arrivals": 8}, CPU: {}, PAPER: {}},
)
