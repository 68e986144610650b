"""Timings of whole calls of ``tg.solve`` on the published tables, and of the paper's formulation.

A whole call is what a user waits for: ``tg.solve(table, budget=5)`` validates the problem, compiles
the table, proves the optimum and writes the taxonomy. The paper's formulation is given the same
table: it is compiled, posed through PuLP, solved by CBC and read back. The two take turns, so that
other work on the machine affects both equally. Records have medians of the seconds on the clock and
of the processor's seconds (CBC's included), which other work hardly changes.
"""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import taskgraph as tg
from benchmarks.results.log import Log
from benchmarks.speed.solver.methods import paper
from benchmarks.speed.solver.tables import ProgramInstance
from taskgraph.errors import SolverError
from taskgraph.problem import make_problem
from taskgraph.program import compile_program
from taskgraph.transfers import Transfers

LIMIT = 60.0
"""Seconds that the paper's formulation may take."""

KeywordArguments = dict[str, Any]


def time_calls(instances: Sequence[ProgramInstance], count: int, log: Log) -> None:
    """Time the whole calls that the records lack, ``count`` turns of each method."""
    for one in instances:
        table = one.make()
        for budget in one.budgets:
            asked = {"part": "whole call", "instance": one.name, "budget": budget, "turns": count}
            if log.has(asked):
                continue
            problem = {"budget": budget, **one.problem}
            ours(table, problem)  # imports and caches of the first call are not timed
            log.add(asked, turns(table, problem, count))
            print(f"{one.name}, budget {budget}: timed", flush=True)


def ours(table: Transfers, problem: KeywordArguments) -> float:
    """Return the objective that ``tg.solve`` proves."""
    found = tg.solve(table, **problem)
    assert found.status == "optimal"
    assert found.objective_value is not None
    return found.objective_value


def theirs(table: Transfers, problem: KeywordArguments) -> float:
    """Return the objective that the paper's formulation finds through PuLP and CBC."""
    program = compile_program(table, make_problem(None, problem))  # type: ignore[arg-type]
    found = paper(program, LIMIT)
    assert found.status == "optimal"
    assert found.objective_value is not None
    return found.objective_value


def turns(table: Transfers, problem: KeywordArguments, count: int) -> dict[str, float]:
    """Time both methods in turns; return medians of their seconds and of the ratios."""
    methods: dict[str, Callable[[Transfers, KeywordArguments], float]] = {
        "paper": theirs,
        "ours": ours,
    }
    taken: dict[tuple[str, str], list[float]] = {}
    for _ in range(count):
        values = {}
        for name, method in methods.items():
            start, busy = time.perf_counter(), processor_seconds()
            values[name] = method(table, problem)
            taken.setdefault((name, "clock"), []).append(time.perf_counter() - start)
            taken.setdefault((name, "cpu"), []).append(processor_seconds() - busy)
        if abs(values["paper"] - values["ours"]) > 1e-6 * abs(values["ours"]):
            raise SolverError(f"the methods disagree: {values}, at {problem}")
    found: dict[str, float] = {}
    for kind in ("cpu", "clock"):
        pairs = zip(taken["paper", kind], taken["ours", kind], strict=True)
        found |= {
            f"taskgraph_{kind}_s": round(statistics.median(taken["ours", kind]), 4),
            f"paper_{kind}_s": round(statistics.median(taken["paper", kind]), 4),
            f"{kind}_ratio": round(statistics.median(a / b for a, b in pairs), 1),
        }
    return found


def processor_seconds() -> float:
    """Return the seconds that this process and its finished children have used of the processor."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in spent)
