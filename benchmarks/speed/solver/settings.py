"""Settings and description of the suite ``solver``."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option

ALL, CALLS, DRAWN = "all", "calls", "drawn"
GROWTH, ANYTIME = "growth", "anytime"
LIBRARIES, VERSIONS, ABLATION = "libraries", "versions", "ablation"


@dataclass(frozen=True)
class Settings:
    """The instances that are timed, and limits."""

    part: str = option(
        ALL,
        choices=(ALL, CALLS, DRAWN, VERSIONS, LIBRARIES, GROWTH, ANYTIME, ABLATION),
        help="Time whole calls of tg.solve, such calls with drawn budgets and costs, calls of an "
        "earlier version and of this one (with --before), proofs by several libraries on the same "
        "programs, or the growth of the time with each size; follow long proofs; or time proofs "
        "with each method of the solver switched off.",
    )
    taskonomy: str | None = option(
        None,
        kind="folder",
        help="Folder of the published tables; by default shared/taskonomy beside the checkout.",
    )
    time_limit: float = option(
        60.0,
        help="Seconds of the processor that each proof may take.",
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
        "",
        help="In the part libraries, time only tables whose name contains one of these texts, "
        "separated by commas.",
    )
    turns: int = option(5, help="Turns of each whole call; medians are reported.")
    draws: int = option(100, help="Drawn budgets and label costs for each published table.")
    seeds: int = option(
        2,
        help="Seeds of each generated table, from 1000 on. The part libraries times other solvers "
        "than this one on the first two.",
    )
    small: bool = option(False, help="Time only small generated tables.")


SUITE = Suite(
    name="solver",
    question="How long does a proof take, beside the paper's formulation?",
    methods=(
        "the paper's formulation through PuLP and CBC",
        "dominance and a grouped model through PuLP and HiGHS",
        "taskgraph: `solve_program`, as `taskgraph solve` runs it",
        "HiGHS and CBC from a known solution; SCIP and CP-SAT (with --python)",
        "an earlier version of taskgraph (with --before)",
    ),
    time="hours on one core (limit 60 s a proof and method); --preset smoke takes seconds",
    writes="one record a proof and method, a whole call, a set of draws, a version of a call, a "
    "size, a followed proof, and a proof without a method",
    settings=Settings,
    package="benchmarks.speed.solver",
    presets={
        SMOKE: {"small": True, "part": LIBRARIES, "time_limit": 5.0, "seeds": 1},
        CPU: {},
        PAPER: {"seeds": 5},
    },
)
