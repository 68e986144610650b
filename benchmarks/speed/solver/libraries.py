"""The same programs by maintained libraries, by an earlier version of the solver, and by this one.

All use one thread and the same limit, in seconds of the processor. Where a library takes a first
solution, it gets that of our local search. The grouped model is posed after our dominance, whose
time is not counted for the libraries that take arrays.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pulp

from benchmarks.results.log import Log
from benchmarks.results.worker import call_worker, python_path
from benchmarks.speed.solver.checkout import version_of
from benchmarks.speed.solver.drawn_calls import draw
from benchmarks.speed.solver.formulations import paper_model
from benchmarks.speed.solver.mixed_integer import model_arrays, values_of
from benchmarks.speed.solver.processor_clock import ProcessorClock, highs
from benchmarks.speed.solver.settings import Settings
from benchmarks.speed.solver.tables import FIRST_SEED, ProgramInstance, instances
from benchmarks.speed.solver.whole_calls import processor_seconds
from benchmarks.speed.solver.worker_solve import ARRAYS
from taskgraph.problem import make_problem
from taskgraph.program import Program, compile_program
from taskgraph.solver import SOLVERS
from taskgraph.solver.backends import Backend
from taskgraph.solver.choice import Choice, choose_transfers
from taskgraph.solver.clock import Clock
from taskgraph.solver.local import local_search
from taskgraph.solver.model import Model, grouped_model
from taskgraph.solver.presolve import presolve

HERE = Path(__file__).parent
DRAWN = "drawn"
"""In place of a budget: a budget and label costs are drawn, as in `drawn_calls`."""
PUBLISHED_CASES: tuple[float | str, ...] = (5.0, DRAWN)
"""Budgets of the published tables."""
LARGE = 20_000
"""With more edges after dominance, only the versions of our solver are timed; with more before it,
the paper's form is not."""
COMPARED = 2
"""Seeds of each generated table, from the first one on, on which others than ours are timed."""

Answer = dict[str, Any]
"""``status, supervised`` (None without a solution), ``bound, seconds, wall``."""


def time_libraries(settings: Settings, log: Log) -> None:
    """Time the methods that the records lack, on each case."""
    keys = {name: {"method": name} for name in methods(settings)}
    if settings.before is not None:
        keys["before"]["version"] = version_of(settings.before)
    for one, budget, asked in _cases(settings):
        names = [
            name
            for name, key in keys.items()
            if (name == "taskgraph" or not _is_late(one))
            and not log.has({**asked, **key}, seed=one.seed)
        ]
        if not names:
            continue
        program = _program(one, budget)
        reduced = presolve(program)
        if reduced is None:
            continue
        known = local_search(reduced, [reduced.required])
        for name in names:
            posed = program if name == "paper" else reduced
            if name not in OURS and len(posed.edge_value) > LARGE:
                continue
            answer = methods(settings)[name](program, reduced, known, settings.time_limit)
            metrics = _metrics(program, reduced, answer)
            log.add({**asked, **keys[name]}, metrics, seed=one.seed)
            print(
                f"{one.name}, budget {asked['budget']}, {name}: {metrics['processor_seconds']:g} s,"
                f" {metrics['status']}",
                flush=True,
            )


def _is_late(one: ProgramInstance) -> bool:
    """Return whether a table has a seed on which our solver alone is timed."""
    return one.seed is not None and one.seed >= FIRST_SEED + COMPARED


def _cases(
    settings: Settings,
) -> Iterator[tuple[ProgramInstance, float | str, dict[str, Any]]]:
    """Yield the tables, budgets, and settings of their records."""
    texts = [text.strip() for text in settings.only.split(",") if text.strip()] or [""]
    for one in instances(settings):
        if not any(text in one.name for text in texts):
            continue
        for budget in PUBLISHED_CASES if one.published else map(float, one.budgets):
            yield (
                one,
                budget,
                {
                    "part": "library",
                    "instance": one.name,
                    "budget": str(budget) if budget == DRAWN else f"{budget:g}",
                    "processor_limit": settings.time_limit,
                },
            )


def _program(one: ProgramInstance, budget: float | str) -> Program:
    table = one.make()
    fixed: dict[str, Any] = {"budget": budget}
    if budget == DRAWN:
        fixed = draw(table, np.random.default_rng(0))
    problem: dict[str, Any] = {**fixed, **one.problem}
    return compile_program(table, make_problem(None, problem))  # type: ignore[arg-type]


def _metrics(program: Program, reduced: Program, answer: Answer) -> dict[str, Any]:
    """Return the metrics of a record; the value is that of the set, evaluated by taskgraph."""
    supervised, choice = answer["supervised"], None
    if supervised is not None and len(supervised):
        choice = choose_transfers(program, np.asarray(supervised, dtype=bool))
    bound, value = float(answer["bound"]), None if choice is None else choice.value
    gap = None
    if value is not None and math.isfinite(bound):
        gap = max(0.0, bound - value) / abs(value)
    return {
        "transfers": len(program.edge_value),
        "undominated": len(reduced.edge_value),
        "processor_seconds": round(float(answer["seconds"]), 4),
        "wall_seconds": round(float(answer["wall"]), 4),
        "status": str(answer["status"]),
        "objective": value,
        "bound": bound if math.isfinite(bound) else None,
        "gap": gap,
    }


Method = Callable[[Program, Program, Choice | None, float], Answer]
"""Takes the program, the same after dominance, a solution of the latter, and the limit."""
OURS = ("before", "taskgraph")


def methods(settings: Settings) -> dict[str, Method]:
    """Return the methods by name, in the order of the table."""
    found: dict[str, Method] = {
        "paper": lambda program, _, __, limit: _posed(
            program, paper_model, _cbc(limit, start=False)
        ),
        "grouped": _grouped_by_highs,
        "cbc": _grouped_by_cbc,
        "highspy": lambda *case: _by_library(sys.executable, "highspy", *case),
    }
    if settings.python is not None:
        python = python_path(settings.python)
        found["scip"] = lambda *case: _by_library(python, "scip", *case)
        found["cp-sat"] = lambda *case: _by_library(python, "cp-sat", *case)
    if settings.before is not None:
        before = str(Path(settings.before).resolve())
        found["before"] = lambda program, _, __, limit: _by_version(before, program, limit)
    here = str(HERE.parents[2])
    found["taskgraph"] = lambda program, _, __, limit: _by_version(here, program, limit)
    return found


def _grouped_by_highs(_: Program, reduced: Program, __: Choice | None, limit: float) -> Answer:
    return _posed(reduced, grouped_model, highs(), ProcessorClock(limit))


def _grouped_by_cbc(_: Program, reduced: Program, known: Choice | None, limit: float) -> Answer:
    """Pose the grouped model to CBC, which starts from a known solution."""

    def posed(reduced: Program) -> Model:
        """Return the model with the values of the known solution."""
        model = grouped_model(reduced)
        if known is not None:
            values = values_of(reduced, known).tolist()
            for variable, value in zip([*model.supervised, *model.edges], values, strict=True):
                variable.setInitialValue(value)
        return model

    backend = _cbc(limit, start=known is not None)
    return _posed(reduced, posed, backend)


def _cbc(limit: float, *, start: bool) -> Backend:
    """Return CBC with a limit in seconds of the processor."""
    solver = pulp.PULP_CBC_CMD(
        msg=False, timeLimit=limit, gapRel=0.0, threads=1, timeMode="cpu", warmStart=start
    )
    return Backend("cbc", lambda _: solver, SOLVERS["cbc"].read_result)


def _posed(
    program: Program,
    pose: Callable[[Program], Model],
    backend: Backend,
    clock: Clock | None = None,
) -> Answer:
    """Pose and solve a model through PuLP; its building is timed as well."""
    start, wall = processor_seconds(), time.perf_counter()
    model = pose(program)
    result = backend.run(model.lp, clock)
    return {
        "status": result.status,
        "supervised": model.solution() if result.status in ("optimal", "feasible") else None,
        "bound": result.bound,
        "seconds": processor_seconds() - start,
        "wall": time.perf_counter() - wall,
    }


def _by_library(
    python: str,
    name: str,
    _: Program,
    reduced: Program,
    known: Choice | None,
    limit: float,
) -> Answer:
    """Solve the grouped model, as arrays, in a process of its own."""
    arrays = model_arrays(reduced)
    hint = np.zeros(len(arrays["worth"])) if known is None else values_of(reduced, known)
    command = [python, str(HERE / "worker_libraries.py"), name]
    return call_worker(command, {**arrays, "hint": hint, "limit": limit}, needs=name)


def _by_version(checkout: str, program: Program, limit: float) -> Answer:
    """Solve a program by the solver of a checkout, in a process of its own."""
    known = {field.name for field in fields(program)}
    assert known.issuperset(ARRAYS)
    job: dict[str, Any] = {name: getattr(program, name) for name in ARRAYS}
    job |= {"sources": np.array(program.sources), "targets": np.array(program.targets)}
    job |= {"budget": program.budget, "limit": limit}
    return call_worker(
        [sys.executable, str(HERE / "worker_solve.py"), checkout], job, needs="taskgraph"
    )
