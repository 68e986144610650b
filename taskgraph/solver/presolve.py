"""What the budget alone decides, in exact arithmetic, and edges that no optimum needs."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from taskgraph.arrays import Booleans, Floats, Integers
from taskgraph.program import Program
from taskgraph.solver.clock import Clock

BLOCK = 4_000_000


def presolve(program: Program, clock: Clock | None = None) -> Program | None:
    """The same program with the same optimum, smaller; None if no set of sources is affordable."""
    decided = decide(program)
    return None if decided is None else undominated(decided, clock)


def decide(program: Program) -> Program | None:
    """Require, ban and leave out what the budget decides, until nothing more follows.

    The required labels and the transfers to targets that supervision cannot solve are paid in
    every solution. A source or an edge that costs more than what is left of the budget goes; a
    target without any edge needs its own network. A transfer that is never trained costs nothing.
    So each cost that stays is at most what is left of the budget.

    Returns
    -------
    Program or None
        None if this proves that there is no solution.
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
        program.keep(kept),
        required=required,
        banned=banned,
        transfer_cost=np.where(own & ~reached, 0.0, program.transfer_cost),
    )


def undominated(program: Program, clock: Clock | None = None) -> Program:
    """Leave out an edge if another to its target has a subset of its sources and is no worse.

    Transfers to one target cost the same, so a subset of the sources is never dearer. Of edges
    that are equal in both, the first stays. Once the clock is over, all edges stay.
    """
    clock = clock or Clock()
    members, order = _bitsets(program), program.order  # (E, words), (E,)
    keep = np.ones(len(members), dtype=bool)
    bounds = np.searchsorted(program.edge_target, np.arange(len(program.targets) + 1))
    for first, last in pairwise(bounds.tolist()):
        if clock.over:
            break
        keep[first:last] = ~_dominated(
            members[first:last], program.edge_value[first:last], order[first:last]
        )
    return program.keep(keep)


def _bitsets(program: Program) -> NDArray[np.uint64]:
    count = len(program.sources)
    words = np.zeros((len(program.edge_sources), count // 64 + 1), dtype=np.uint64)
    edge, place = np.nonzero(program.edge_sources < count)
    source = program.edge_sources[edge, place]
    bit = np.left_shift(np.uint64(1), (source % 64).astype(np.uint64))
    np.bitwise_or.at(words, (edge, source // 64), bit)
    return words


def _dominated(members: NDArray[np.uint64], value: Floats, order: Integers) -> Booleans:
    size = len(members)
    result = np.zeros(size, dtype=bool)
    place = np.arange(size)
    block = max(1, BLOCK // max(1, size * members.shape[1]))
    for start in range(0, size, block):
        rows = slice(start, start + block)
        beaten = value[None, :] >= value[rows, None]
        for word in members.T:  # beaten[i, j]: the sources of j are among those of i as well
            beaten &= (word[None, :] & ~word[rows, None]) == 0
        equal = (value[None, :] == value[rows, None]) & (order[None, :] == order[rows, None])
        beaten &= ~(equal & (place[None, :] >= place[rows, None]))
        result[rows] = beaten.any(axis=1)
    return result
