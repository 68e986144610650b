"""The linear relaxation of the grouped model (see `model`): values and reduced costs.

Posed through PuLP for any solver. For HiGHS, and where the target's own network is the only way to
solve a supervised target, the same rows go to it as arrays: PuLP's objects take longer to build
than such a relaxation takes to solve.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import highspy
import numpy as np

from taskgraph.program import FloatArray, IntArray, Program
from taskgraph.solver.backends import EXACT, Backend
from taskgraph.solver.model import grouped_model


def _nothing() -> FloatArray:
    return np.zeros(0)


@dataclass(frozen=True, eq=False)
class Relaxation:
    """``optimal``, ``infeasible`` or ``unknown``; the maximum, and what each variable says.

    ``y, x`` are the values of sources (S,) and edges (E,); ``cost_y, cost_x`` the absolute values
    of their reduced costs.
    """

    status: str
    bound: float = math.inf
    y: FloatArray = field(default_factory=_nothing)
    x: FloatArray = field(default_factory=_nothing)
    cost_y: FloatArray = field(default_factory=_nothing)
    cost_x: FloatArray = field(default_factory=_nothing)


def relax(program: Program, backend: Backend, *, time_limit: float | None = None) -> Relaxation:
    """Solve the relaxation of a program."""
    if backend.name == "highs" and not program.may_transfer:
        return _as_arrays(program, time_limit)
    return _through_pulp(program, backend, time_limit)


def _through_pulp(program: Program, backend: Backend, time_limit: float | None) -> Relaxation:
    model = grouped_model(program)
    verdict = backend.run(model.problem, relax=True, time_limit=time_limit)
    if verdict.status != "optimal":
        return Relaxation(verdict.status)
    parts = [
        np.array([number or 0.0 for number in column], dtype=float)
        for variables in (model.supervised, model.edges)
        for column in ([v.varValue for v in variables], [v.dj for v in variables])
    ]
    y, cost_y, x, cost_x = parts
    return Relaxation("optimal", verdict.bound, y, x, np.abs(cost_y), np.abs(cost_x))


def _as_arrays(program: Program, time_limit: float | None) -> Relaxation:
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("primal_feasibility_tolerance", EXACT)
    solver.setOptionValue("dual_feasibility_tolerance", EXACT)
    if time_limit is not None:
        solver.setOptionValue("time_limit", max(0.01, time_limit))
    solver.passModel(_model(program))
    solver.run()
    status = solver.getModelStatus()
    if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kModelEmpty):
        return Relaxation("infeasible" if len(program.targets) else "unknown")
    if status != highspy.HighsModelStatus.kOptimal:
        return Relaxation("unknown")
    solution, count = solver.getSolution(), len(program.sources)
    value, cost = np.array(solution.col_value), np.abs(solution.col_dual)
    bound = float(solver.getInfo().objective_function_value)
    return Relaxation("optimal", bound, value[:count], value[count:], cost[:count], cost[count:])


def _model(program: Program) -> highspy.HighsLp:
    """Columns are the sources, then the edges; rows the targets, the links, and the budget."""
    sources, edges, targets = len(program.sources), len(program.edge_value), len(program.targets)
    owned = np.flatnonzero(program.self_source >= 0)
    own = program.self_source[owned]
    link, edge, source = _links(program)
    links = int(link.max(initial=-1)) + 1
    worth = np.zeros(sources)
    worth[own] = program.self_value[owned]
    first = np.zeros(links, dtype=np.int64)
    first[link] = source
    row = [program.edge_target, owned, targets + link, targets + np.arange(links)]
    column = [sources + np.arange(edges), own, sources + edge, first]
    sign = [np.ones(edges), np.ones(len(owned)), np.ones(len(link)), -np.ones(links)]
    row.append(np.full(sources, targets + links))
    column.append(np.arange(sources))
    sign.append(program.price)
    start, index, entry = _by_row(row, column, sign, targets + links + 1)

    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = sources + edges, targets + links + 1
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_ = np.concatenate([worth, program.edge_value])
    lp.col_lower_ = np.concatenate([program.required.astype(float), np.zeros(edges)])
    lp.col_upper_ = np.concatenate([1.0 - program.banned, np.ones(edges)])
    lp.row_lower_ = np.concatenate([np.ones(targets), np.full(links + 1, -highspy.kHighsInf)])
    lp.row_upper_ = np.concatenate([np.ones(targets), np.zeros(links), [program.room]])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = start, index, entry
    return lp


def _links(program: Program) -> tuple[IntArray, IntArray, IntArray]:
    """Of each member of each edge: its (target, source) pair, numbered, its edge, its source."""
    edge, place = np.nonzero(program.edge_sources < len(program.sources))
    source = program.edge_sources[edge, place]
    pair = program.edge_target[edge] * len(program.sources) + source
    _, link = np.unique(pair, return_inverse=True)
    return link, edge, source


def _by_row(
    row: list[IntArray], column: list[IntArray], value: list[FloatArray], rows: int
) -> tuple[IntArray, IntArray, FloatArray]:
    flat = np.concatenate(row)
    order = np.argsort(flat, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(flat, minlength=rows))])
    return start, np.concatenate(column)[order], np.concatenate(value)[order]
