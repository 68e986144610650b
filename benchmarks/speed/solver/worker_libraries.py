"""Run as a script: solve the model of a job with one library, on one thread.

``worker_libraries.py LIBRARY JOB RESULT``, where LIBRARY is ``highspy``, ``scip`` or ``cp-sat``.
The job has the arrays of `mixed_integer`, a solution ``hint`` and ``limit``, in seconds of the
processor. It imports no part of taskgraph, as it runs with the Python of ``--python``.
"""

from __future__ import annotations

import importlib
import math
import sys
import threading
import time
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

WHOLE = 1e9
"""CP-SAT takes whole numbers: the largest worth becomes this number."""
POLL_SECONDS = 0.05


class Answer(NamedTuple):
    """What a library found: its status, the values of the variables (or None), and its bound."""

    status: str
    values: Any
    bound: float


def highspy(job: dict[str, Any], limit: float) -> Answer:
    """Solve the model by HiGHS, which is given the hint as a solution."""
    library: Any = importlib.import_module("highspy")
    size, rows = len(job["worth"]), len(job["low"])
    model = library.HighsLp()
    model.num_col_, model.num_row_ = size, rows
    model.sense_ = library.ObjSense.kMaximize
    model.col_cost_, model.col_lower_, model.col_upper_ = job["worth"], job["least"], job["most"]
    model.row_lower_, model.row_upper_ = job["low"], job["high"]
    model.a_matrix_.format_ = library.MatrixFormat.kRowwise
    model.a_matrix_.start_ = job["start"]
    model.a_matrix_.index_ = job["index"]
    model.a_matrix_.value_ = job["entry"]
    whole, free = library.HighsVarType.kInteger, library.HighsVarType.kContinuous
    model.integrality_ = [whole if j < job["sources"] else free for j in range(size)]
    solver = library.Highs()
    solver.silent()
    for name, value in (("threads", 1), ("mip_rel_gap", 0.0), ("mip_abs_gap", 1e-9)):
        solver.setOptionValue(name, value)
    solver.passModel(model)
    known = library.HighsSolution()
    known.col_value = job["hint"].tolist()
    solver.setSolution(known)
    begun = time.process_time()

    def check(event: Any) -> None:
        """Interrupt HiGHS once its time is over."""
        if time.process_time() - begun > limit:
            event.interrupt()

    solver.cbMipInterrupt.subscribe(check)
    solver.cbSimplexInterrupt.subscribe(check)
    solver.run()
    status, info = solver.getModelStatus(), solver.getInfo()
    if status == library.HighsModelStatus.kInfeasible:
        return Answer("infeasible", None, -math.inf)
    proven = status == library.HighsModelStatus.kOptimal
    values = np.array(solver.getSolution().col_value)
    return Answer("optimal" if proven else "feasible", values, info.mip_dual_bound)


def scip(job: dict[str, Any], limit: float) -> Answer:
    """Solve the model by SCIP through PySCIPOpt, which is given the hint as a solution."""
    library: Any = importlib.import_module("pyscipopt")
    quicksum, model = library.quicksum, library.Model()
    model.hideOutput()
    model.setParam("limits/time", limit)
    model.setParam("timing/clocktype", 1)  # seconds of the processor
    bounds = zip(job["least"].tolist(), job["most"].tolist(), strict=True)
    variables = [
        model.addVar(lb=low, ub=high, vtype="B" if j < job["sources"] else "C")
        for j, (low, high) in enumerate(bounds)
    ]
    for row, low, high in zip(_rows(job), job["low"].tolist(), job["high"].tolist(), strict=True):
        total = quicksum(weight * variables[j] for j, weight in row)
        model.addCons(total == high if low == high else total <= high)
    worth = quicksum(c * v for c, v in zip(job["worth"].tolist(), variables, strict=True) if c)
    model.setObjective(worth, "maximize")
    known = model.createSol()
    for variable, value in zip(variables, job["hint"].tolist(), strict=True):
        model.setSolVal(known, variable, value)
    model.addSol(known)
    model.optimize()
    status = model.getStatus()
    if status == "infeasible":
        return Answer(status, None, -math.inf)
    found = None
    if model.getNSols():
        best = model.getBestSol()
        found = np.array([best[variable] for variable in variables])
    return Answer("optimal" if status == "optimal" else "feasible", found, model.getDualbound())


def cp_sat(job: dict[str, Any], limit: float) -> Answer:
    """Solve the model by CP-SAT, with the hint; its worths are rounded to whole numbers."""
    cp_model: Any = importlib.import_module("ortools.sat.python.cp_model")
    scale = WHOLE / float(np.abs(job["worth"]).max())
    worth = np.rint(job["worth"] * scale).astype(np.int64).tolist()
    model = cp_model.CpModel()
    bounds = zip(job["least"].tolist(), job["most"].tolist(), strict=True)
    variables = [model.new_int_var(int(low), int(high), "") for low, high in bounds]
    for row, low, high in zip(_rows(job), job["low"].tolist(), job["high"].tolist(), strict=True):
        columns, weights = [variables[j] for j, _ in row], [int(weight) for _, weight in row]
        total = cp_model.LinearExpr.weighted_sum(columns, weights)
        model.add(total == int(high) if low == high else total <= int(high))
    model.maximize(cp_model.LinearExpr.weighted_sum(variables, worth))
    for variable, value in zip(variables, job["hint"].tolist(), strict=True):
        model.add_hint(variable, round(value))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    done, begun = threading.Event(), time.process_time()

    def watch() -> None:
        """Stop CP-SAT once its time is over."""
        while not done.wait(POLL_SECONDS):
            if time.process_time() - begun > limit:
                solver.stop_search()

    threading.Thread(target=watch, daemon=True).start()
    status = solver.solve(model)
    done.set()
    if status == cp_model.INFEASIBLE:
        return Answer("infeasible", None, -math.inf)
    if status == cp_model.UNKNOWN:
        return Answer("unknown", None, solver.best_objective_bound / scale)
    values = np.array([solver.value(variable) for variable in variables], dtype=float)
    name = "optimal" if status == cp_model.OPTIMAL else "feasible"
    return Answer(name, values, solver.best_objective_bound / scale)


def _rows(job: dict[str, Any]) -> list[list[tuple[int, float]]]:
    """Return the columns and entries of each row."""
    bounds, index, entry = (job[name].tolist() for name in ("start", "index", "entry"))
    return [list(zip(index[a:b], entry[a:b], strict=True)) for a, b in pairwise(bounds)]


LIBRARIES = {"highspy": highspy, "scip": scip, "cp-sat": cp_sat}


def main(name: str, given: str, result: str) -> None:
    """Solve a job, and write the answer, with its processor seconds (building included)."""
    with np.load(given) as arrays:
        job = {key: arrays[key] for key in arrays.files}
    limit, job["sources"] = float(job["limit"]), int(job["sources"])
    # The first call of a library loads it, which is not timed.
    LIBRARIES[name](_smallest(), 1.0)
    start, wall = time.process_time(), time.perf_counter()
    answer = LIBRARIES[name](job, limit)
    seconds, wall = time.process_time() - start, time.perf_counter() - wall
    known = answer.values is not None and len(answer.values) == len(job["worth"])
    np.savez(
        result,
        status=answer.status,
        supervised=answer.values[: job["sources"]] > 0.5 if known else np.zeros(0, dtype=bool),
        bound=answer.bound,
        seconds=seconds,
        wall=wall,
    )


def _smallest() -> dict[str, Any]:
    """Return a model of one source and one target."""
    one = np.ones(1)
    return {
        "worth": one,
        "least": np.zeros(1),
        "most": one,
        "low": np.append(one, -np.inf),
        "high": np.ones(2),
        "start": np.array([0, 1, 2]),
        "index": np.zeros(2, dtype=np.int64),
        "entry": np.ones(2),
        "sources": 1,
        "hint": one,
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
