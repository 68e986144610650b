"""Settings and description of the suite ``solver``."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option

ALL, PROOFS, CALLS, DRAWN = "all", "proofs", "calls", "drawn"
GROWTH, ANYTIME = "growth", "anytime"
LIBRARIES, VERSIONS = "libraries", "versions"


@dataclass(frozen=True)
class Settings:
    """The instances that are timed, and limits."""

    part: str = option(
        ALL,
        choices=(ALL, PROOFS, CALLS, DRAWN, GROWTH, ANYTIME, LIBRARIES, VERSIONS),
        help="Time proofs, whole calls of tg.solve, whole calls with drawn budgets and costs, the "
        "growth of the time with each size, or follow long proofs. Not in all: time libraries on "
        "the same programs, or whole calls of an earlier version and of this one.",
    )
    taskonomy: str | None = option(
        None,
        kind="folder",
        help="Folder of the published tables; by default shared/taskonomy beside the checkout.",
    )
    time_limit: float = option(
        60.0,
        help="Seconds that each proof may take; of the processor in the parts growth, anytime and "
        "libraries.",
    )
    python: str | None = option(
        None,
        kind="file",
        help="Python of an environment with numpy, pyscipopt and ortools, for --part libraries; "
        "without it SCIP and CP-SAT are not timed.",
    )
    before: str | None = option(
        None,
        kind="folder",
        help="Checkout of an earlier version of taskgraph, which the parts libraries and versions "
        "time as well.",
    )
    only: str = option(
        "", help="Time only instances whose name contains this text, or only this method."
    )
    turns: int = option(5, help="Turns of each whole call; medians are reported.")
    draws: int = option(100, help="Drawn budgets and label costs for each published table.")
    seeds: int = option(2, help="Seeds of each generated table, from 1000 on.")
    small: bool = option(False, help="Time only small generated tables.")


SUITE = Suite(
    name="solver",
    question="How long does a proof take, beside the paper's formulation?",
    methods=(
        "the paper's formulation through PuLP and CBC",
        "dominance and a grouped model through PuLP and HiGHS",
        "taskgraph: `solve_program`, as `taskgraph solve` runs it",
        "HiGHS and CBC from a known solution, SCIP, CP-SAT (--part libraries)",
        "an earlier version of taskgraph (--part libraries or versions, with --before)",
    ),
    time="about an hour on one core (limit 60 s a proof); --preset smoke takes seconds",
    writes="one record a proof, a whole call, a set of draws, a size, a followed proof, a "
    "method of the part libraries and a version of a call",
    settings=Settings,
    package="benchmarks.speed.solver",
    presets={
        SMOKE: {"small": True, "part": PROOFS, "time_limit": 5.0, "seeds": 1},
        CPU: {},
        PAPER: {"seeds": 5},
    },
)
