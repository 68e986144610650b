"""The linear relaxation of the grouped model (see `model`), and a bound that holds exactly.

The rows go to HiGHS as arrays whatever solver is asked for the proof: PuLP's objects take longer
to build than such a relaxation takes to solve. Only the dual values are believed, and any dual
values give a valid bound: the objective less what they charge is maximized over the bounds of
each variable, in floating point (Neumaier and Shcherbina, Mathematical Programming 2004).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import highspy
import numpy as np

from taskgraph.arrays import Floats, Integers
from taskgraph.program import Program
from taskgraph.solver.backends import EXACT, run_highs
from taskgraph.solver.clock import Clock, OutOfTime
from taskgraph.solver.scale import with_costs_as_shares

LP_MARGIN = 1e-8
"""What the budget row allows beyond its limit; ten times the tolerance of the solver."""


def _nothing() -> Floats:
    return np.zeros(0)


@dataclass(frozen=True, eq=False)
class Relaxation:
    """``optimal``, ``infeasible`` or ``unknown``; the bound, and what each variable is worth.

    ``y`` (S,) are the values of the sources; ``surplus_y`` (S,) and ``surplus_x`` (E,) what the
    bound gains from one more of a source or an edge, at the dual values: above 0 it is taken.
    """

    status: str
    bound: float = math.inf
    y: Floats = field(default_factory=_nothing)
    surplus_y: Floats = field(default_factory=_nothing)
    surplus_x: Floats = field(default_factory=_nothing)


@dataclass(frozen=True, eq=False)
class _Rows:
    """``low <= matrix x <= high``, as coordinates; the last row is the budget."""

    row: Integers
    column: Integers
    entry: Floats
    low: Floats
    high: Floats
    worth: Floats
    least: Floats
    most: Floats


def relax(program: Program, clock: Clock) -> Relaxation:
    """Solve the relaxation of a program."""
    if not program.targets:
        return Relaxation("unknown")
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
        return Relaxation("unknown")
    status = solver.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return Relaxation("infeasible")
    if status != highspy.HighsModelStatus.kOptimal:
        return Relaxation("unknown")
    solution, count = solver.getSolution(), len(program.sources)
    bound, surplus = _safe_bound(rows, np.array(solution.row_dual))
    edges = slice(count, count + len(program.edge_value))
    y = np.array(solution.col_value)[:count]
    return Relaxation("optimal", bound, y, surplus[:count], surplus[edges])


def _safe_bound(rows: _Rows, dual: Floats) -> tuple[float, Floats]:
    """A valid bound from any dual values, and the surplus of each column."""
    unbounded = ~np.isfinite(rows.low)  # a row with no lower limit has a price of at least 0
    dual = np.where(unbounded, np.maximum(dual, 0.0), dual)
    charged = np.bincount(rows.column, rows.entry * dual[rows.row], len(rows.worth))
    surplus = rows.worth - charged
    taken = np.where(surplus > 0, rows.most, rows.least)
    return float(dual @ rows.high + surplus @ taken), surplus


def _rows(program: Program) -> _Rows:
    """Columns: sources, edges, and a kept own network (`may_transfer`). Rows as in `model`."""
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
    ties = len(owned) if program.may_transfer else 0
    tie = targets + links + np.arange(ties)
    last = targets + links + ties
    one = np.ones
    parts = [
        (program.edge_target, sources + np.arange(edges), one(edges)),
        (owned, kept, one(len(owned))),
        (targets + link, sources + edge, one(len(link))),
        (targets + np.arange(links), first, -one(links)),
        (tie, kept[:ties], one(ties)),
        (tie, own[:ties], -one(ties)),
        (np.full(sources, last), np.arange(sources), shares.label_cost),
        (np.full(len(owned), last), kept, -shares.transfer_cost[owned]),
    ]
    row, column, entry = (np.concatenate(part) for part in zip(*parts, strict=True))
    worth = np.zeros(columns)
    worth[kept] = program.self_value[owned]
    worth[sources : sources + edges] = program.edge_value
    least, most = np.zeros(columns), np.ones(columns)
    least[:sources], most[:sources] = program.required, ~program.banned
    room = shares.budget - float(shares.transfer_cost.sum())
    free = np.full(links + ties + 1, -math.inf)
    return _Rows(
        row=row,
        column=column,
        entry=entry,
        low=np.concatenate([np.ones(targets), free]),
        high=np.concatenate([np.ones(targets), np.zeros(links + ties), [room]]),
        worth=worth,
        least=least,
        most=most,
    )


def _model(rows: _Rows) -> highspy.HighsLp:
    order = np.lexsort((rows.column, rows.row))
    row, column, entry = rows.row[order], rows.column[order], rows.entry[order]
    # A source whose own network saves a transfer has two entries in the budget row: one sum.
    fresh = np.append(True, (row[1:] != row[:-1]) | (column[1:] != column[:-1]))
    entry = np.add.reduceat(entry, np.flatnonzero(fresh))
    row, column = row[fresh], column[fresh]
    high = rows.high.copy()
    high[-1] += LP_MARGIN
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(rows.worth), len(high)
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = rows.worth, rows.least, rows.most
    lp.row_lower_, lp.row_upper_ = rows.low, high
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.searchsorted(row, np.arange(len(high) + 1))
    lp.a_matrix_.index_, lp.a_matrix_.value_ = column, entry
    return lp


def _links(program: Program) -> tuple[Integers, Integers, Integers]:
    """Of each member of each edge: its (target, source) pair, numbered, its edge, its source."""
    edge, place = np.nonzero(program.edge_sources < len(program.sources))
    source = program.edge_sources[edge, place]
    pair = program.edge_target[edge] * len(program.sources) + source
    _, link = np.unique(pair, return_inverse=True)
    return link, edge, source
