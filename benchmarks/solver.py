"""How long a proof takes: the paper's formulation, the grouped model alone, and `solve_program`.

    python -m benchmarks.solver --out results/solver

Rows are written as they come; cells that the table already has, with the same configuration, are
skipped, so that a run that was cut off goes on.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

import taskgraph as tg
from benchmarks.formulations import paper_model
from benchmarks.instances import FAMILIES
from benchmarks.results.machine import ROOT, commit, machine
from benchmarks.solver_page import render_folder
from taskgraph.problem import make_problem
from taskgraph.program import Program, compile_program
from taskgraph.solver import find_solver, solve_program
from taskgraph.solver.choice import choose
from taskgraph.solver.clock import Clock
from taskgraph.solver.model import Model, grouped_model
from taskgraph.solver.presolve import presolve
from taskgraph.tables.taskonomy import read_taskonomy
from taskgraph.transfers import Transfers

PUBLISHED = {"taskonomy 1k": "1k", "taskonomy 16k": "16k"}
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
PAPER_UP_TO = 50_000
"""Edges; the paper's form is not tried on more."""
REPETITIONS, SHORT = 5, 5.0
"""A cell that takes fewer seconds is repeated, and the median reported."""


@dataclass(frozen=True)
class Row:
    """One measured cell; ``objective`` is evaluated anew from the supervised set."""

    instance: str
    tasks: int
    transfers: int
    budget: float
    method: str
    seconds: float
    repetitions: int
    status: str
    objective: float | None
    bound: float | None
    gap: float | None
    nodes: int | None


@dataclass(frozen=True)
class Outcome:
    """What a method claims, and its value."""

    status: str
    objective: float | None
    bound: float
    nodes: int


def paper(program: Program, limit: float) -> Outcome:
    """The paper's formulation through PuLP and CBC, on all edges."""
    return _posed(program, paper_model(program), "cbc", limit)


def grouped(program: Program, limit: float) -> Outcome:
    """Dominance, and the grouped model through PuLP and HiGHS."""
    reduced = presolve(program) or program
    return _posed(reduced, grouped_model(reduced), "highs", limit)


def _posed(program: Program, model: Model, solver: str, limit: float) -> Outcome:
    verdict = find_solver(solver).run(model.problem, Clock(limit))
    choice = None
    if verdict.status in ("optimal", "feasible"):
        choice = choose(program, model.solution())
    return Outcome(verdict.status, choice.value if choice else None, verdict.bound, verdict.nodes)


def ours(program: Program, limit: float) -> Outcome:
    """`solve_program`: what `taskgraph solve` runs."""
    found = solve_program(program, find_solver("highs"), Clock(limit))
    value = found.choice.value if found.choice else None
    return Outcome(found.status, value, found.bound, found.nodes)


METHODS: dict[str, Callable[[Program, float], Outcome]] = {
    "paper": paper,
    "grouped": grouped,
    "taskgraph": ours,
}


def instances(folder: Path) -> Iterator[tuple[str, Callable[[], Transfers], tuple[int, ...]]]:
    """Names, tables (made when they are needed) and budgets."""
    for name, size in PUBLISHED.items():
        if folder.is_dir():
            yield name, partial(read_taskonomy, folder, size=size), (1, 3, 5, 8, 10, 15)
        else:
            print(f"{name} is skipped: there is no folder {folder.name}; give it by --taskonomy")
    for family, tasks, transfers, seed, budgets in GENERATED + HELD_OUT:
        mark = "" if (family, tasks, transfers, seed, budgets) in GENERATED else ", held out"
        name = f"{family} {tasks} x {transfers} ({seed}{mark})"
        yield name, partial(FAMILIES[family], tasks, transfers, seed), budgets


def measure(
    name: str, program: Program, method: str, limit: float, *, repetitions: int = REPETITIONS
) -> Row:
    """Time one cell, and repeat it if it is short."""
    seconds: list[float] = []
    while not seconds or (len(seconds) < repetitions and sum(seconds) < SHORT):
        start = time.perf_counter()
        found = METHODS[method](program, limit)
        seconds.append(time.perf_counter() - start)
    gap = None
    if found.objective is not None and math.isfinite(found.bound):
        gap = max(0.0, found.bound - found.objective) / abs(found.objective)
    return Row(
        instance=name,
        tasks=len(program.sources),
        transfers=len(program.edge_value),
        budget=program.budget,
        method=method,
        seconds=round(statistics.median(seconds), 4),
        repetitions=len(seconds),
        status=found.status,
        objective=found.objective,
        bound=found.bound if math.isfinite(found.bound) else None,
        gap=gap,
        nodes=found.nodes if found.nodes >= 0 else None,
    )


FRONTIER = ("taskonomy 16k, frontier of 104", 26.0, "taskgraph")


def frontier(table: Transfers) -> Row:
    """All of 26 budgets and four orders, by `taskgraph.frontier`."""
    start = time.perf_counter()
    found = tg.frontier(
        table, budgets=range(1, 27), max_orders=(1, 2, 3, 4), exclude=["class_selected"]
    )
    seconds = round(time.perf_counter() - start, 4)
    optimal = all(taxonomy.status == "optimal" for taxonomy in found)
    status = "optimal" if optimal else "feasible"
    return Row(FRONTIER[0], len(table.tasks), len(table.frame), FRONTIER[1], FRONTIER[2],
               seconds, 1, status, None, None, None, None)  # fmt: skip


def config(time_limit: float) -> dict[str, Any]:
    """All that a timing depends on."""
    packages = ("pulp", "highspy", "numpy", "scipy", "pandas")
    return {
        "time_limit": time_limit,
        "repetitions": REPETITIONS,
        "generated": [list(entry) for entry in GENERATED + HELD_OUT],
        **machine(*packages),
        "objective": "sqrt, class_selected excluded (taskonomy); linear (generated)",
        "max_order": 4,
    }


class Record:
    """The table on disk; a change of configuration starts it anew."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.folder, self.path = folder, folder / "timings.csv"
        folder.mkdir(parents=True, exist_ok=True)
        settings = json.loads(json.dumps(settings))
        known = folder / "config.json"
        before = json.loads(known.read_text()) if known.exists() else {}
        before.pop("commit", None)
        same = self.path.exists() and before == settings
        self.frame = pd.read_csv(self.path) if same else pd.DataFrame()
        known.write_text(json.dumps({**settings, "commit": commit()}, indent=1) + "\n")

    def has(self, name: str, budget: float, method: str) -> bool:
        """Whether the cell was measured."""
        if self.frame.empty:
            return False
        keys = self.frame[["instance", "budget", "method"]].itertuples(index=False, name=None)
        return (name, float(budget), method) in set(keys)

    def add(self, row: Row) -> None:
        """Write the table with one more row, at once or not at all, and the page made of it."""
        self.frame = pd.concat([self.frame, pd.DataFrame([asdict(row)])], ignore_index=True)
        self.frame = self.frame.astype({"objective": float, "bound": float, "gap": float})
        self.frame["nodes"] = self.frame["nodes"].astype("Int64")
        part = self.path.with_suffix(".part")
        self.frame.to_csv(part, index=False)
        part.replace(self.path)
        (self.folder / "README.md").write_text(render_folder(self.folder))


def run(folder: Path, out: Path, time_limit: float, only: str) -> None:
    """Measure every cell whose instance or method ``only`` is part of."""
    record = Record(out, config(time_limit))
    for name, make, budgets in instances(folder):
        wanted = [m for m in METHODS if only in name or only == m]
        cells = [(b, m) for b in budgets for m in wanted if not record.has(name, b, m)]
        if not cells and not name.endswith("16k"):
            continue
        table = make()
        published = name in PUBLISHED
        for budget, method in cells:
            settings = {"budget": budget, "max_order": 4,
                        "objective": "sqrt" if published else "linear",
                        "exclude": ["class_selected"] if published else []}  # fmt: skip
            program = compile_program(table, make_problem(None, settings))  # type: ignore[arg-type]
            if method == "paper" and len(program.edge_value) > PAPER_UP_TO:
                continue
            record.add(measure(name, program, method, time_limit))
            print(record.frame.iloc[-1].to_dict(), flush=True)
        if name == "taskonomy 16k" and "taskgraph" in wanted and not record.has(*FRONTIER):
            record.add(frontier(table))


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "solver")
    parser.add_argument("--taskonomy", type=Path, default=ROOT.parent / "shared" / "taskonomy")
    parser.add_argument("--time-limit", type=float, default=60.0)
    parser.add_argument("--only", default="", help="part of an instance's name, or a method")
    given = parser.parse_args()
    run(given.taskonomy, given.out, given.time_limit, given.only)


if __name__ == "__main__":
    main()
