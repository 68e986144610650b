"""The linear relaxation of the model (see `model`), and a valid bound from its dual values.

HiGHS always solves the relaxation, from arrays: building it in PuLP takes longer than solving it.
Only the dual values are used, and any dual values give a valid bound: the Lagrangian is maximized
over the bounds of each variable (Neumaier and Shcherbina, Mathematical Programming 2004).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import highspy
import numpy as np

from taskgraph.arrays import Floats, Integers
from taskgraph.program import Program
from taskgraph.solver.backends import EXACT
from taskgraph.solver.clock import Clock, OutOfTime
from taskgraph.solver.root import unbudgeted_bound
from taskgraph.solver.running import run_highs
from taskgraph.solver.scale import with_costs_as_shares

LP_MARGIN = 1e-8
"""What the budget row allows beyond the budget; ten times the tolerance of the solver."""


@dataclass(frozen=True, eq=False)
class Relaxation:
    """What the linear relaxation says about a program.

    Attributes
    ----------
    bound : float
        Upper bound of the objective; -inf if the relaxation is proven infeasible.
    reduced_cost_y, reduced_cost_x : (S,) and (E,) floats
        The bound falls by at least this much where a source or an edge is left out (positive), or
        taken (negative). 0 where nothing is known.
    """

    bound: float
    reduced_cost_y: Floats
    reduced_cost_x: Floats


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows ``low <= matrix x <= high``, where ``least <= x <= most``; the last row is the budget.

    ``row``, ``column`` and ``entry`` are the coordinates of the matrix; ``coefficients`` are
    those of the objective.
    """

    row: Integers
    column: Integers
    entry: Floats
    low: Floats
    high: Floats
    coefficients: Floats
    least: Floats
    most: Floats


def relax(program: Program, clock: Clock) -> Relaxation:
    """Return what the linear relaxation of a program says; without a solution of it, little."""
    if not program.targets:
        return _unknown(program, unbudgeted_bound(program))
    rows = _rows(program)
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("primal_feasibility_tolerance", EXACT)
    solver.setOptionValue("dual_feasibility_tolerance", EXACT)
    if clock.left is not None:
        solver.setOptionValue("time_limit", max(0.01, clock.left))
    solver.passModel(_model(rows))
    try:
        run_highs(solver, clock)
    except OutOfTime:
        return _unknown(program, unbudgeted_bound(program))
    status = solver.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return _unknown(program, -math.inf)
    if status != highspy.HighsModelStatus.kOptimal:
        return _unknown(program, unbudgeted_bound(program))
    solution, count = solver.getSolution(), len(program.sources)
    bound, reduced_cost = _safe_bound(rows, np.array(solution.row_dual))
    edges = slice(count, count + len(program.edge_value))
    undecided = ~(program.required | program.banned)
    return Relaxation(bound, reduced_cost[:count] * undecided, reduced_cost[edges])


def _unknown(program: Program, bound: float) -> Relaxation:
    """Return a bound without reduced costs."""
    return Relaxation(bound, np.zeros(len(program.sources)), np.zeros(len(program.edge_value)))


def _safe_bound(rows: _Rows, dual: Floats) -> tuple[float, Floats]:
    """Return a valid bound from any dual values, and the reduced cost of each column."""
    unbounded = ~np.isfinite(rows.low)  # a row with no lower limit has a price of at least 0
    dual = np.where(unbounded, np.maximum(dual, 0.0), dual)
    charged = np.bincount(rows.column, rows.entry * dual[rows.row], len(rows.coefficients))
    reduced_cost = rows.coefficients - charged
    taken = np.where(reduced_cost > 0, rows.most, rows.least)
    return float(dual @ rows.high + reduced_cost @ taken), reduced_cost


def _rows(program: Program) -> _Rows:
    """Return the rows of `taskgraph.solver.model`: targets, links, limits of z, conflicts, budget.

    The columns are the sources, the edges, and with ``may_transfer`` the own networks (z).
    """
    shares = with_costs_as_shares(program)
    sources, edges, targets = len(program.sources), len(program.edge_value), len(program.targets)
    owned = np.flatnonzero(program.self_source >= 0)
    own = program.self_source[owned]
    kept = sources + edges + np.arange(len(owned)) if program.may_transfer else own
    columns = sources + edges + (len(owned) if program.may_transfer else 0)
    link, edge, source = _links(program)
    links = int(link.max(initial=-1)) + 1
    first = np.zeros(links, dtype=np.int64)
    first[link] = source
    limits = len(owned) if program.may_transfer else 0
    limit = targets + links + np.arange(limits)
    clash = np.repeat(np.arange(len(program.conflicts)), [len(c) for c in program.conflicts])
    clashing = np.array([j for conflict in program.conflicts for j in conflict], dtype=np.int64)
    clashes = len(program.conflicts)
    last = targets + links + limits + clashes
    one = np.ones
    parts = [
        (program.edge_target, sources + np.arange(edges), one(edges)),
        (owned, kept, one(len(owned))),
        (targets + link, sources + edge, one(len(link))),
        (targets + np.arange(links), first, -one(links)),
        (limit, kept[:limits], one(limits)),
        (limit, own[:limits], -one(limits)),
        (targets + links + limits + clash, clashing, one(len(clashing))),
        (np.full(sources, last), np.arange(sources), shares.label_cost),
        (np.full(len(owned), last), kept, -shares.transfer_cost[owned]),
    ]
    row, column, entry = (np.concatenate(part) for part in zip(*parts, strict=True))
    coefficients, least, most = _columns(program, kept, columns)
    room = shares.budget - float(shares.transfer_cost.sum())
    free = np.full(links + limits + clashes + 1, -math.inf)
    return _Rows(
        row=row,
        column=column,
        entry=entry,
        low=np.concatenate([np.ones(targets), free]),
        high=np.concatenate([np.ones(targets), np.zeros(links + limits), one(clashes), [room]]),
        coefficients=coefficients,
        least=least,
        most=most,
    )


def _columns(program: Program, kept: Integers, columns: int) -> tuple[Floats, Floats, Floats]:
    """Return the objective and the bounds of the columns; ``kept`` are those of own networks."""
    sources, edges = len(program.sources), len(program.edge_value)
    coefficients = np.zeros(columns)
    coefficients[kept] = program.self_value[program.self_source >= 0]
    coefficients[sources : sources + edges] = program.edge_value
    least, most = np.zeros(columns), np.ones(columns)
    least[:sources], most[:sources] = program.required, ~program.banned
    return coefficients, least, most


def _model(rows: _Rows) -> highspy.HighsLp:
    """Return the rows as a model of HiGHS."""
    order = np.lexsort((rows.column, rows.row))
    row, column, entry = rows.row[order], rows.column[order], rows.entry[order]
    # A source whose own network saves a transfer has two entries in the budget row: one sum.
    fresh = np.append(True, (row[1:] != row[:-1]) | (column[1:] != column[:-1]))
    entry = np.add.reduceat(entry, np.flatnonzero(fresh))
    row, column = row[fresh], column[fresh]
    high = rows.high.copy()
    high[-1] += LP_MARGIN
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(rows.coefficients), len(high)
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = rows.coefficients, rows.least, rows.most
    lp.row_lower_, lp.row_upper_ = rows.low, high
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.searchsorted(row, np.arange(len(high) + 1))
    lp.a_matrix_.index_, lp.a_matrix_.value_ = column, entry
    return lp


def _links(program: Program) -> tuple[Integers, Integers, Integers]:
    """Return, for each source of each edge, its (target, source) pair as a number, edge, source."""
    edge, place = np.nonzero(program.edge_sources < len(program.sources))
    source = program.edge_sources[edge, place]
    pair = program.edge_target[edge] * len(program.sources) + source
    _, link = np.unique(pair, return_inverse=True)
    return link, edge, source
