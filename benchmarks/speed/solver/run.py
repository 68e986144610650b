"""Time proofs, and whole calls of ``tg.solve``."""

from __future__ import annotations

import math
import statistics
import time
from pathlib import Path
from typing import Any

import taskgraph as tg
from benchmarks.results.log import Log, open_log
from benchmarks.speed.solver.anytime import follow_proofs
from benchmarks.speed.solver.drawn_calls import time_drawn_calls
from benchmarks.speed.solver.growth import time_growth
from benchmarks.speed.solver.libraries import time_libraries
from benchmarks.speed.solver.methods import METHODS
from benchmarks.speed.solver.settings import (
    ALL,
    ANYTIME,
    CALLS,
    DRAWN,
    GROWTH,
    LIBRARIES,
    PROOFS,
    SUITE,
    VERSIONS,
    Settings,
)
from benchmarks.speed.solver.tables import ProgramInstance, instances
from benchmarks.speed.solver.versions import time_versions
from benchmarks.speed.solver.whole_calls import processor_seconds, time_calls
from taskgraph.problem import make_problem
from taskgraph.program import Program, compile_program
from taskgraph.transfers import Transfers

PACKAGES = ("pulp", "highspy", "numpy", "scipy", "pandas")
PAPER_UP_TO = 50_000
"""Most edges of a program on which the paper's form is tried."""
REPETITIONS, SHORT = 5, 5.0
"""Most repetitions of a proof, and the total seconds after which it is not repeated."""
FRONTIER = "taskonomy 16k, frontier of 104"


def run(settings: Settings, out: Path) -> None:
    """Time the proofs and whole calls that the records in ``out`` lack."""
    log = open_log(out, SUITE.name, *PACKAGES)
    published = [one for one in instances(settings) if one.published]
    if settings.part in (ALL, PROOFS):
        for instance in instances(settings):
            time_proofs(instance, settings, log)
    if settings.part in (ALL, CALLS):
        time_calls(published, settings.turns, log)
    if settings.part in (ALL, DRAWN):
        time_drawn_calls(published, settings.draws, log)
    if settings.part in (ALL, GROWTH):
        time_growth(settings, log)
    if settings.part in (ALL, ANYTIME):
        follow_proofs(settings, log)
    if settings.part == LIBRARIES:
        time_libraries(settings, log)
    if settings.part == VERSIONS:
        time_versions(published, settings, log)


def time_proofs(instance: ProgramInstance, settings: Settings, log: Log) -> None:
    """Time the budgets and methods of one table that ``settings.only`` selects."""
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
    instance: ProgramInstance, budget: float, method: str, time_limit: float
) -> dict[str, Any]:
    """Return the settings of one proof's record."""
    return {
        "part": "proof",
        "instance": instance.name,
        "budget": float(budget),
        "method": method,
        "time_limit": time_limit,
        "most_repetitions": REPETITIONS,
        "max_order": instance.max_order,
        "objective_transform": instance.problem["objective"],
    }


def program_of(table: Transfers, instance: ProgramInstance, budget: float) -> Program:
    """Return the program of a table at one budget."""
    problem: dict[str, Any] = {"budget": budget, **instance.problem}
    return compile_program(table, make_problem(None, problem))  # type: ignore[arg-type]


def measure(
    program: Program, method: str, limit: float, *, repetitions: int = REPETITIONS
) -> tuple[dict[str, Any], float]:
    """Time one proof, and repeat it if it is short; return its metrics and the total seconds.

    ``objective`` is evaluated anew from the supervised set; ``gap`` is (bound − objective) /
    |objective|.
    """
    taken: list[float] = []
    busy: list[float] = []
    while not taken or (len(taken) < repetitions and sum(taken) < SHORT):
        start, used = time.perf_counter(), processor_seconds()
        found = METHODS[method](program, limit)
        taken.append(time.perf_counter() - start)
        busy.append(processor_seconds() - used)
    gap = None
    if found.objective_value is not None and math.isfinite(found.bound):
        gap = max(0.0, found.bound - found.objective_value) / abs(found.objective_value)
    metrics = {
        "tasks": len(program.sources),
        "transfers": len(program.edge_value),
        "median_seconds": round(statistics.median(taken), 4),
        "processor_seconds": round(statistics.median(busy), 4),
        "repetitions": len(taken),
        "status": found.status,
        "objective": found.objective_value,
        "bound": found.bound if math.isfinite(found.bound) else None,
        "gap": gap,
        "nodes": found.nodes if found.nodes >= 0 else None,
    }
    return metrics, round(sum(taken), 4)


def time_frontier(table: Transfers, settings: Settings, log: Log) -> None:
    """Time `taskgraph.frontier` over 26 budgets and four maximum orders."""
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
