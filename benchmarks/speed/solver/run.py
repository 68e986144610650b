"""Time every proof that the records lack, then whole calls of ``tg.solve``."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import taskgraph as tg
from benchmarks.results.log import Log, open_log
from benchmarks.results.machine import ROOT
from benchmarks.speed.solver.instances import FAMILIES
from benchmarks.speed.solver.methods import METHODS
from benchmarks.speed.solver.settings import CALLS, PROOFS, SUITE, Settings
from benchmarks.speed.solver.whole_calls import time_calls
from taskgraph.problem import make_problem
from taskgraph.program import Program, compile_program
from taskgraph.tables.taskonomy import read_taskonomy
from taskgraph.transfers import Transfers

PACKAGES = ("pulp", "highspy", "numpy", "scipy", "pandas")
TASKONOMY = ROOT.parent / "shared" / "taskonomy"
PUBLISHED = {"taskonomy 1k": "1k", "taskonomy 16k": "16k"}
PUBLISHED_BUDGETS = (1, 3, 5, 8, 10, 15)
GENERATED = [
    ("latent", 100, 50, 1, (5, 10)),
    ("latent", 100, 50, 0, (20,)),
    ("latent", 100, 300, 0, (5, 20)),
    ("latent", 300, 300, 0, (30, 60)),
    ("flat", 100, 50, 0, (5,)),
    ("flat", 100, 50, 1, (5,)),
]
"""Family, tasks, transfers a target, seed, budgets; the search was made on these."""
HELD_OUT = [
    ("latent", 100, 50, 2, (20,)),
    ("latent", 100, 300, 1, (5,)),
    ("flat", 100, 50, 3, (5,)),
]
"""The same, with seeds on which no setting of the search was chosen."""
SMALL = [("latent", 12, 12, 0, (3,)), ("flat", 12, 12, 0, (3,))]
"""What ``--small`` measures alone."""
PAPER_UP_TO = 50_000
"""Edges; the paper's form is not tried on more."""
REPETITIONS, SHORT = 5, 5.0
"""Most repetitions of a proof, and the seconds in all from which it is not repeated again."""
FRONTIER = "taskonomy 16k, frontier of 104"
MAX_ORDER = 4


@dataclass(frozen=True)
class Instance:
    """A table to solve, made when it is needed, and its budgets."""

    name: str
    make: Callable[[], Transfers]
    budgets: tuple[int, ...]
    seed: int | None = None
    published: bool = False

    @property
    def problem(self) -> dict[str, Any]:
        """What is asked of the table, but for the budget."""
        return {
            "max_order": MAX_ORDER,
            "objective": "sqrt" if self.published else "linear",
            "exclude": ["class_selected"] if self.published else [],
        }


def instances(settings: Settings) -> Iterator[Instance]:
    """Yield the published tables, if they are at hand, and the generated ones."""
    folder = Path(settings.taskonomy or TASKONOMY)
    for name, size in {} if settings.small else PUBLISHED.items():
        if folder.is_dir():
            make = partial(read_taskonomy, folder, size=size)
            yield Instance(name, make, PUBLISHED_BUDGETS, published=True)
        else:
            print(f"{name} is skipped: there is no folder {folder.name}; give it by --taskonomy")
    for family, tasks, transfers, seed, budgets in (
        SMALL if settings.small else [*GENERATED, *HELD_OUT]
    ):
        held_out = (family, tasks, transfers, seed, budgets) in HELD_OUT
        name = f"{family} {tasks} x {transfers} ({seed}{', held out' if held_out else ''})"
        yield Instance(name, partial(FAMILIES[family], tasks, transfers, seed), budgets, seed)


def run(settings: Settings, out: Path) -> None:
    """Time what the records in ``out`` lack."""
    log = open_log(out, SUITE.name, *PACKAGES)
    if settings.part != CALLS:
        for instance in instances(settings):
            time_proofs(instance, settings, log)
    if settings.part != PROOFS and not settings.small:
        time_calls([one for one in instances(settings) if one.published], settings.turns, log)


def time_proofs(instance: Instance, settings: Settings, log: Log) -> None:
    """Time every budget and method of one table that ``settings.only`` does not leave out."""
    wanted = [name for name in METHODS if settings.only in instance.name or settings.only == name]
    cells = [
        asked
        for budget in instance.budgets
        for name in wanted
        if not log.has(
            asked := proof_settings(instance, budget, name, settings.time_limit), seed=instance.seed
        )
    ]
    frontiers = instance.name == "taskonomy 16k" and "taskgraph" in wanted
    if not cells and not frontiers:
        return
    table = instance.make()
    for asked in cells:
        program = program_of(table, instance, asked["budget"])
        if asked["method"] == "paper" and len(program.edge_value) > PAPER_UP_TO:
            continue
        metrics, seconds = measure(program, asked["method"], settings.time_limit)
        log.add(asked, metrics, seed=instance.seed, seconds=seconds)
        print(
            f"{instance.name}, budget {asked['budget']:g}, {asked['method']}: "
            f"{metrics['median_seconds']:g} s, {metrics['status']}",
            flush=True,
        )
    if frontiers:
        time_frontier(table, settings, log)


def proof_settings(
    instance: Instance, budget: float, method: str, time_limit: float
) -> dict[str, Any]:
    """Return the settings of one proof's record."""
    return {
        "part": "proof",
        "instance": instance.name,
        "budget": float(budget),
        "method": method,
        "time_limit": time_limit,
        "most_repetitions": REPETITIONS,
        "max_order": MAX_ORDER,
        "objective_transform": instance.problem["objective"],
    }


def program_of(table: Transfers, instance: Instance, budget: float) -> Program:
    """Return the program of a table at one budget."""
    problem: dict[str, Any] = {"budget": budget, **instance.problem}
    return compile_program(table, make_problem(None, problem))  # type: ignore[arg-type]


def measure(
    program: Program, method: str, limit: float, *, repetitions: int = REPETITIONS
) -> tuple[dict[str, Any], float]:
    """Time one proof, and repeat it if it is short; return its metrics and the seconds in all.

    ``objective`` is evaluated anew from the supervised set; ``gap`` is (bound − objective) /
    |objective|.
    """
    taken: list[float] = []
    while not taken or (len(taken) < repetitions and sum(taken) < SHORT):
        start = time.perf_counter()
        found = METHODS[method](program, limit)
        taken.append(time.perf_counter() - start)
    gap = None
    if found.objective is not None and math.isfinite(found.bound):
        gap = max(0.0, found.bound - found.objective) / abs(found.objective)
    metrics = {
        "tasks": len(program.sources),
        "transfers": len(program.edge_value),
        "median_seconds": round(statistics.median(taken), 4),
        "repetitions": len(taken),
        "status": found.status,
        "objective": found.objective,
        "bound": found.bound if math.isfinite(found.bound) else None,
        "gap": gap,
        "nodes": found.nodes if found.nodes >= 0 else None,
    }
    return metrics, round(sum(taken), 4)


def time_frontier(table: Transfers, settings: Settings, log: Log) -> None:
    """Time all of 26 budgets and four orders, by `taskgraph.frontier`."""
    asked = {
        "part": "frontier",
        "instance": FRONTIER,
        "budget": 26.0,
        "method": "taskgraph",
        "time_limit": settings.time_limit,
    }
    if log.has(asked):
        return
    start = time.perf_counter()
    found = tg.frontier(
        table, budgets=range(1, 27), max_orders=(1, 2, 3, 4), exclude=["class_selected"]
    )
    seconds = round(time.perf_counter() - start, 4)
    optimal = all(taxonomy.status == "optimal" for taxonomy in found)
    metrics = {
        "tasks": len(table.tasks),
        "transfers": len(table.frame),
        "median_seconds": seconds,
        "repetitions": 1,
        "status": "optimal" if optimal else "feasible",
    }
    log.add(asked, metrics, seconds=seconds)
