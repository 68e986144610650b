"""Presolve: decisions that follow from the budget, and removal of dominated edges."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from taskgraph.arrays import Booleans, Floats, Integers
from taskgraph.nesting import bitsets
from taskgraph.program import Program
from taskgraph.solver.clock import Clock

BLOCK = 4_000_000
"""Most comparisons of pairs of edges that are held in memory at once."""


def presolve(program: Program, clock: Clock | None = None) -> Program | None:
    """Return a smaller program with the same optimum; None if no solution fits the budget."""
    decided = fix_by_budget(program)
    return None if decided is None else _without_idle_sources(undominated(decided, clock))


def _without_idle_sources(program: Program) -> Program:
    """Ban sources that no edge needs and whose own target supervision does not solve."""
    needed = np.zeros(len(program.sources) + 1, dtype=bool)
    needed[program.edge_sources] = True
    needed[program.self_source] = True
    idle = ~needed[:-1] & ~program.required
    return replace(program, banned=program.banned | idle) if idle.any() else program


def fix_by_budget(program: Program) -> Program | None:
    """Propagate the budget in exact arithmetic until nothing more is forced.

    Every solution pays for the required labels and for the transfers to targets that supervision
    cannot solve. Sources and edges that cost more than the rest of the budget are removed. A
    target that no edge can solve any more requires its own network. The cost of a transfer that
    is never used is set to 0. So each remaining cost is at most the rest of the budget.

    Returns
    -------
    Program or None
        None if the program is proven infeasible.
    """
    costs, target = program.costs, program.edge_target
    required, banned = program.required.copy(), program.banned.copy()
    kept = np.ones(len(target), dtype=bool)
    while True:
        ownable = program.solved_by_own(~banned)
        own = program.solved_by_own(required)
        left = costs.budget - int(costs.label[required].sum() + costs.transfer[~ownable].sum())
        if left < 0 or (required & banned).any():
            return None
        price = np.append(np.where(required, 0, costs.label), 0)
        beside = price[program.edge_sources].sum(axis=1)
        beside += np.where(ownable[target], costs.transfer[target], 0)
        lost = (beside > left) | np.append(banned, False)[program.edge_sources].any(axis=1)
        kept &= ~lost & (program.may_transfer | ~own[target])
        reached = np.bincount(target[kept], minlength=len(program.targets)) > 0
        if (~reached & ~ownable).any():
            return None
        alone = ~reached & ~own
        dear = ~required & ~banned & (price[:-1] > left)
        if not (alone.any() or dear.any()):
            break
        banned |= dear
        required[program.self_source[alone]] = True
    return replace(
        program.with_edges(kept),
        required=required,
        banned=banned,
        transfer_cost=np.where(own & ~reached, 0.0, program.transfer_cost),
    )


def undominated(program: Program, clock: Clock | None = None) -> Program:
    """Remove each edge for which another one with a subset of its sources has no smaller value.

    Transfers to one target cost the same, so a subset of the sources never costs more. The first
    of edges with equal sources and value stays. Edges that are not checked in time stay as well.
    """
    if program.nesting is not None and program.nesting.pairs is not None:
        return program.with_edges(~_dominated_by_pairs(program, *program.nesting.pairs))
    if _are_single_sources(program):
        return program
    clock = clock or Clock()
    members, order = bitsets(program.edge_sources, len(program.sources)), program.order
    keep = np.ones(len(members), dtype=bool)
    bounds = np.searchsorted(program.edge_target, np.arange(len(program.targets) + 1))
    for first, last in pairwise(bounds.tolist()):
        if clock.over:
            break
        keep[first:last] = ~_dominated(
            members[first:last], program.edge_value[first:last], order[first:last]
        )
    return program.with_edges(keep)


def with_counts_as_values(program: Program) -> Program:
    """Return the program whose objective is the number of solved targets, without useless edges."""
    return undominated(
        replace(
            program,
            edge_value=np.ones_like(program.edge_value),
            self_value=np.ones_like(program.self_value),
        )
    )


def _are_single_sources(program: Program) -> bool:
    """Return whether every edge has one source, another one than the target's other edges."""
    source, count = program.edge_sources[:, :1].ravel(), len(program.sources)
    if program.edge_sources.shape[1] != 1 or (source == count).any():
        return False
    return len(np.unique(program.edge_target * count + source)) == len(source)


def _dominated_by_pairs(program: Program, larger: Integers, smaller: Integers) -> Booleans:
    """Return which edges another edge dominates, (E,), from all pairs of nested rows."""
    last = int(max(larger.max(initial=0), smaller.max(initial=0), program.edge_row.max(initial=0)))
    value = np.full(last + 1, -np.inf)
    value[program.edge_row] = program.edge_value
    beaten = np.zeros(last + 1, dtype=bool)
    beaten[larger[value[smaller] >= value[larger]]] = True
    return beaten[program.edge_row]


def _dominated(members: NDArray[np.uint64], value: Floats, order: Integers) -> Booleans:
    """Return which edges of a target another edge dominates, (E,); ``members`` are bit sets."""
    size = len(members)
    result = np.zeros(size, dtype=bool)
    place = np.arange(size)
    block = max(1, BLOCK // max(1, size * members.shape[1]))
    for start in range(0, size, block):
        rows = slice(start, start + block)
        beaten = value[None, :] >= value[rows, None]
        for word in members.T:  # beaten[i, j]: all sources of edge j are sources of edge i
            beaten &= (word[None, :] & ~word[rows, None]) == 0
        equal = (value[None, :] == value[rows, None]) & (order[None, :] == order[rows, None])
        beaten &= ~(equal & (place[None, :] >= place[rows, None]))
        result[rows] = beaten.any(axis=1)
    return result
