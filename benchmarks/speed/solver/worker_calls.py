"""Run as a script: time whole calls of the library of one checkout.

``worker_calls.py CHECKOUT JOB RESULT``. The job names a call of `CALLS`, the file of its table (of
losses for ``stability``), its problem as JSON and a number of turns. So an earlier version of
taskgraph can be timed beside this one. Reading the file is not timed.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

BUDGETS = range(2, 14)
"""Budgets of the call ``again``."""
RESAMPLES = 100
"""Resamples of the call ``stability``."""

Call = Callable[[], float]
"""Makes one call; returns the sum of the values of its taxonomies."""


def first_calls(tg: Any, file: str, problem: dict[str, Any], turns: int) -> Iterator[Call]:
    """Yield calls of ``solve``, each of a table that was never solved before."""
    for _ in range(turns):
        table = tg.read_transfers(file)
        yield partial(solved, tg, table, problem)


def other_budgets(tg: Any, file: str, problem: dict[str, Any], turns: int) -> Iterator[Call]:
    """Yield calls of ``solve`` with other budgets, of a table that was solved before."""
    table = tg.read_transfers(file)
    tg.solve(table, **problem)
    for _ in range(turns):
        for budget in BUDGETS:
            yield partial(solved, tg, table, {**problem, "budget": budget})


def drawn(tg: Any, file: str, problem: dict[str, Any], turns: int) -> Iterator[Call]:
    """Yield calls of ``solve`` with the budgets and label costs of ``problem["draws"]``."""
    table, draws = tg.read_transfers(file), problem.pop("draws")
    for _ in range(turns):
        for one in draws:
            yield partial(solved, tg, table, {**problem, **one})


def alternatives(tg: Any, file: str, problem: dict[str, Any], turns: int) -> Iterator[Call]:
    """Yield calls of ``alternatives``, each of a table that was never solved before."""
    for _ in range(turns):
        table = tg.read_transfers(file)
        yield partial(listed, tg.alternatives, table, problem)


def frontier(tg: Any, file: str, problem: dict[str, Any], turns: int) -> Iterator[Call]:
    """Yield calls of ``frontier``, each of a table that was never solved before."""
    for _ in range(turns):
        table = tg.read_transfers(file)
        yield partial(listed, tg.frontier, table, problem)


def stability(tg: Any, file: str, problem: dict[str, Any], turns: int) -> Iterator[Call]:
    """Yield calls of ``stability``; resampling the losses is not timed."""
    made = tg.affinities(tg.read_losses(file), bootstrap=RESAMPLES, seed=0)
    for _ in range(turns):
        yield lambda: float(tg.stability(made, **problem).selection["share"].sum())


CALLS: dict[str, Callable[[Any, str, dict[str, Any], int], Iterator[Call]]] = {
    "first": first_calls,
    "again": other_budgets,
    "drawn": drawn,
    "stability": stability,
    "alternatives": alternatives,
    "frontier": frontier,
}


def solved(tg: Any, table: Any, problem: dict[str, Any]) -> float:
    """Return the objective of the taxonomy that ``solve`` proves optimal."""
    return value(tg.solve(table, **problem))


def listed(make: Callable[..., Iterable[Any]], table: Any, problem: dict[str, Any]) -> float:
    """Return the sum of the objectives of a list of optimal taxonomies."""
    return sum(value(one) for one in make(table, **problem))


def value(taxonomy: Any) -> float:
    """Return the objective of a taxonomy that is proven optimal."""
    assert taxonomy.status == "optimal", taxonomy.status
    return float(taxonomy.objective_value)


def _solve_once(tg: Any) -> None:
    """Solve a small program, so that imports of the first call are not timed."""
    small = pd.DataFrame({"sources": ["a", "b"], "target": ["b", "a"], "affinity": [1.0, 0.5]})
    tg.solve(tg.Transfers(small), budget=1)


def main(checkout: str, given: str, result: str) -> None:
    """Make the calls of a job; write the seconds of the processor of each, and the values."""
    sys.path.insert(1, checkout)
    tg = importlib.import_module("taskgraph")
    assert Path(str(tg.__file__)).is_relative_to(Path(checkout).resolve()), tg.__file__
    with np.load(given) as job:
        name, file = str(job["call"]), str(job["table"])
        problem, turns = json.loads(str(job["problem"])), int(job["turns"])
    _solve_once(tg)
    seconds, found = [], []
    for call in CALLS[name](tg, file, problem, turns):
        start = time.process_time()
        found.append(call())
        seconds.append(time.process_time() - start)
    np.savez(result, seconds=seconds, values=found)


if __name__ == "__main__":
    main(*sys.argv[1:])
