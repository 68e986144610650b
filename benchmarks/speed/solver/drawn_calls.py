"""Whole calls as users make them: budgets and label costs that are drawn anew for each call.

Each draw gives six tasks a label cost between 0.5 and 2, and a budget between 4 and 9. The table
keeps what it knows about its sets of sources; no answer is kept. The grouped model is compiled,
posed through PuLP and solved by HiGHS on the same draws, in turns. Calls with other budgets,
in which every label costs 1, are timed as well.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

import taskgraph as tg
from benchmarks.results.log import Log
from benchmarks.speed.solver.methods import grouped
from benchmarks.speed.solver.tables import ProgramInstance
from taskgraph.errors import SolverError
from taskgraph.problem import make_problem
from taskgraph.program import compile_program
from taskgraph.transfers import Transfers

LIMIT = 60.0
"""Seconds that a grouped model may take."""
TASKS = 6
"""Tasks whose label cost is drawn."""
UNIT_BUDGETS = range(2, 14)
"""Budgets of the calls in which every label costs 1."""


def time_drawn_calls(instances: Sequence[ProgramInstance], count: int, log: Log) -> None:
    """Time the draws that the records lack."""
    for one in instances:
        asked = {"part": "drawn calls", "instance": one.name, "draws": count}
        if not log.has(asked, seed=0):
            log.add(asked, drawn_calls(one.make(), one.problem, count), seed=0)
            print(f"{one.name}: {count} drawn calls timed", flush=True)


def drawn_calls(table: Transfers, problem: dict[str, Any], count: int) -> dict[str, float]:
    """Return median, 90th percentile and largest processor seconds, and ratios, over the draws."""
    random = np.random.default_rng(0)
    tg.solve(table, budget=5, **problem)  # imports and caches of the first call are not timed
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(count):
        drawn = {**problem, **draw(table, random)}
        start = time.process_time()
        found = tg.solve(table, **drawn)
        middle = time.process_time()
        other = grouped(compile_program(table, make_problem(None, drawn)), LIMIT)  # type: ignore[arg-type]
        theirs.append(time.process_time() - middle)
        ours.append(middle - start)
        values = (found.objective_value, other.objective_value)
        if not agree(*values):
            raise SolverError(f"the methods disagree: {values}, at {drawn}")
    unit = [seconds_of(table, {**problem, "budget": budget}) for budget in UNIT_BUDGETS]
    return {
        "unit_median_s": round(float(np.median(unit)), 5),
        "unit_largest_s": round(max(unit), 5),
        "median_s": round(float(np.median(ours)), 5),
        "p90_s": round(float(np.quantile(ours, 0.9)), 5),
        "largest_s": round(max(ours), 5),
        "grouped_median_s": round(float(np.median(theirs)), 5),
        "ratio": round(float(np.median(np.array(theirs) / np.array(ours))), 2),
    }


def seconds_of(table: Transfers, problem: dict[str, Any]) -> float:
    """Return the processor seconds of one call."""
    start = time.process_time()
    tg.solve(table, **problem)
    return time.process_time() - start


def agree(ours: float | None, theirs: float | None) -> bool:
    """Return whether both methods have the same value, or neither has one."""
    if ours is None or theirs is None:
        return ours is theirs
    return abs(ours - theirs) <= 1e-6 * abs(ours)


def draw(table: Transfers, random: np.random.Generator) -> dict[str, Any]:
    """Draw a budget and the label costs of some tasks."""
    chosen = random.choice(sorted(table.targets), TASKS, replace=False).tolist()
    costs = random.uniform(0.5, 2.0, TASKS).round(2).tolist()
    budget = round(float(random.uniform(4, 9)), 1)
    return {"budget": budget, "label_cost": dict(zip(chosen, costs, strict=True))}
