"""Settings and description of the suite ``payoff``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option

if TYPE_CHECKING:
    from taskgraph.problem import Problem


@dataclass(frozen=True)
class Settings:
    """The table, the budget, and the data that the rules are compared on.

    If ``config.json`` and ``losses.parquet`` of a sweep lie beside the table, read-outs are trained
    as that sweep's were, and its test buildings are known.
    """

    table: str = option(kind="file", help="Table of transfers that the choices are made from.")
    data: str = option(kind="folder", help="Data set with buildings that the table has not seen.")
    bank: str = option(kind="folder", help="Trained encoders.")
    splits: str = option(
        kind="file", help="File of splits whose test buildings are all fresh; --old makes it."
    )
    budget: float = option(5.0, help="Label sets that each rule may spend.")
    max_order: int = option(5, help="Most sources of a transfer.")
    exclude: tuple[str, ...] = option((), help="Tasks that no choice may use.")
    draws: int = option(10, flag="--random", help="Random sets of supervised tasks.")
    seeds: tuple[int, ...] = option(
        (),
        help="Seeds of the read-outs; those of the table are refused. By default --seed-count of "
        "them, the next after the table's.",
    )
    seed_count: int = option(3, help="Number of seeds, if --seeds names none.")
    test: int | None = option(
        None,
        flag="--test-images",
        help="Number of fresh test images; by default that of the table.",
    )
    resamples: int = option(1000, help="Resamples of the fresh buildings, for intervals.")
    threads: int | None = option(
        None, help="Threads of each read-out; by default those of the table's."
    )
    allow_overlap: bool = option(
        False, help="Continue even if encoders were trained on fresh buildings."
    )
    old: int | None = option(
        None,
        help="Number of buildings before the data set was extended; --splits is then written.",
    )
    work: str = option(
        "runs/payoff", kind="output", help="Folder of the trained read-outs, by seed."
    )
    engine: str = option("local", choices=("local", "ray"), help="Where read-outs are trained.")
    address: str | None = option(None, help="Address of the Ray cluster.")
    jobs: int | None = option(None, help="Networks trained at once; by default one a core.")
    gpus: float | None = option(None, help="GPUs of the Ray cluster for each network.")

    @property
    def problem(self) -> Problem:
        """Return the problem that all rules solve."""
        from taskgraph.problem import Problem  # here, so that lists of suites import no pandas

        return Problem(budget=self.budget, max_order=self.max_order, exclude=self.exclude)


WHERE = ("old", "work", "engine", "address", "jobs", "gpus", "seed_count")
"""Settings that change no number of the results, or only through others."""

SUITE = Suite(
    name="payoff",
    question="Does the solved taxonomy pay in new buildings?",
    methods=(
        "solved: the proven optimum",
        "greedy",
        "best single: the best single source of every target, whatever that costs",
        "solved at the cost of best single",
        "random set: random supervised tasks with their best transfers",
        "random: the same tasks with random transfers",
    ),
    time="an hour or more on two cores for about 500 small networks, and a rendered world before",
    writes="one record of the run and one a choice and seed; summary.csv, targets.csv, payoff.svg",
    settings=Settings,
    package="benchmarks.payoff",
    presets={
        SMOKE: {"budget": 1.0, "draws": 2, "seed_count": 1, "resamples": 20, "test": 20},
        CPU: {"draws": 5},
        PAPER: {},
    },
)
