"""Time whole calls of ``tg.solve`` on the published tables, beside the paper's formulation.

    python -m benchmarks.whole_calls --out results/solver

A whole call is what a user waits for: ``tg.solve(table, budget=5)`` validates the problem, compiles
the table, proves the optimum and writes the taxonomy. The paper's formulation is given the same
table: it is compiled, posed through PuLP, solved by CBC and read back. The two take turns, so that
other work on the machine meets both alike; ``whole_calls.csv`` has the medians of the seconds on
the clock, and of the processor's seconds (CBC's included), which other work hardly changes.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

import taskgraph as tg
from benchmarks.results.machine import ROOT, commit, machine
from benchmarks.solver import PUBLISHED, paper
from benchmarks.solver_page import WHOLE_CALLS, render_folder
from taskgraph.problem import make_problem
from taskgraph.program import compile_program
from taskgraph.tables.taskonomy import read_taskonomy
from taskgraph.transfers import Transfers

BUDGETS = (1, 3, 5, 8, 10, 15)
TURNS = 5
LIMIT = 60.0

Settings = dict[str, Any]


def ours(table: Transfers, settings: Settings) -> float:
    """The objective that ``tg.solve`` proves."""
    found = tg.solve(table, **settings)
    assert found.status == "optimal"
    assert found.objective is not None
    return found.objective


def theirs(table: Transfers, settings: Settings) -> float:
    """The objective that the paper's formulation finds through PuLP and CBC."""
    program = compile_program(table, make_problem(None, settings))  # type: ignore[arg-type]
    found = paper(program, LIMIT)
    assert found.status == "optimal"
    assert found.objective is not None
    return found.objective


def turns(table: Transfers, settings: Settings, count: int) -> dict[str, float]:
    """Medians of seconds, and of the ratio within a turn, over turns of both methods."""
    methods: dict[str, Callable[[Transfers, Settings], float]] = {"paper": theirs, "ours": ours}
    taken: dict[tuple[str, str], list[float]] = {}
    for _ in range(count):
        values = {}
        for name, method in methods.items():
            start, busy = time.perf_counter(), processor_seconds()
            values[name] = method(table, settings)
            taken.setdefault((name, "clock"), []).append(time.perf_counter() - start)
            taken.setdefault((name, "cpu"), []).append(processor_seconds() - busy)
        if abs(values["paper"] - values["ours"]) > 1e-6 * abs(values["ours"]):
            raise SystemExit(f"the methods disagree: {values}, at {settings}")
    found: dict[str, float] = {"turns": count}
    for kind in ("cpu", "clock"):
        pairs = zip(taken["paper", kind], taken["ours", kind], strict=True)
        found |= {
            f"taskgraph_{kind}_s": round(statistics.median(taken["ours", kind]), 4),
            f"paper_{kind}_s": round(statistics.median(taken["paper", kind]), 4),
            f"{kind}_ratio": round(statistics.median(a / b for a, b in pairs), 1),
        }
    return found


def processor_seconds() -> float:
    """Seconds that this process and its finished children have used of the processor."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in spent)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "solver")
    parser.add_argument("--taskonomy", type=Path, default=ROOT.parent / "shared" / "taskonomy")
    parser.add_argument("--turns", type=int, default=TURNS)
    given = parser.parse_args()
    rows = []
    for name, size in PUBLISHED.items():
        table = read_taskonomy(given.taskonomy, size=size)
        for budget in BUDGETS:
            settings = {"budget": budget, "max_order": 4, "exclude": ["class_selected"]}
            ours(table, settings)  # imports and caches of the first call are not timed
            rows.append({"instance": name, "budget": budget} | turns(table, settings, given.turns))
            print(rows[-1], flush=True)
    pd.DataFrame(rows).to_csv(given.out / WHOLE_CALLS, index=False)
    about = machine("pulp", "highspy", "numpy", "scipy", "pandas") | {"commit": commit()}
    path = (given.out / WHOLE_CALLS).with_suffix(".json")
    path.write_text(json.dumps(about, indent=1, sort_keys=True) + "\n")
    (given.out / "README.md").write_text(render_folder(given.out))


if __name__ == "__main__":
    main()
