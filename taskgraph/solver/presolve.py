"""Leave out edges that no optimal taxonomy needs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from taskgraph.program import BoolArray, Program

BLOCK = 4_000_000


def presolve(program: Program) -> Program:
    """The same program, with the same optimum, on the edges that can matter."""
    return undominated(affordable(program))


def affordable(program: Program) -> Program:
    """Leave out edges whose sources, with the required ones, cost more than the budget."""
    cost = np.append(np.where(program.required, 0.0, program.label_cost), 0.0)
    room = program.budget - program.label_cost[program.required].sum() + program.slack
    return program.keep(cost[program.edge_sources].sum(axis=1) <= room)


def undominated(program: Program) -> Program:
    """Leave out an edge if another to its target has a subset of its sources and is no worse.

    Transfers to one target cost the same, so a subset of the sources is never dearer. Of edges
    that are equal in both, the first stays.
    """
    members, order = _bitsets(program), program.order  # (E, words), (E,)
    keep = np.ones(len(members), dtype=bool)
    bounds = np.searchsorted(program.edge_target, np.arange(len(program.targets) + 1))
    for first, last in pairwise(bounds.tolist()):
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


def _dominated(
    members: NDArray[np.uint64], value: NDArray[np.float64], order: NDArray[np.int64]
) -> BoolArray:
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
