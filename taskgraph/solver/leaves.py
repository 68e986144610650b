"""Leaves of the branch and bound: where at most two more sources fit, all pairs are tried."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from taskgraph.arrays import Booleans, Floats
from taskgraph.program import Program
from taskgraph.solver.choice import tolerance
from taskgraph.solver.contract import Node, prices
from taskgraph.solver.incumbent import Incumbent


def is_leaf(node: Node) -> bool:
    """Return whether at most two more sources fit, or all targets are solved."""
    price, room = prices(node.program)
    return not len(node.targets) or len(price) <= 2 or bool(np.sort(price)[:3].sum() > room)


def offer_solutions(node: Node, incumbent: Incumbent) -> None:
    """Offer the incumbent every solution of a leaf that may be the one to report."""
    supervised = np.zeros(len(incumbent.program.sources), dtype=bool)
    supervised[node.inside] = True
    if not len(node.targets):
        incumbent.offer(supervised)
        return
    solving = _solving(node.program)
    if not solving.any():
        return
    total = np.where(solving, node.solved_value + values_of_pairs(node.program), -np.inf)
    for place in np.argsort(-total, axis=None, kind="stable"):
        pair = np.array(np.unravel_index(place, total.shape))
        best = float(total[tuple(pair)])
        if not np.isfinite(best) or best < incumbent.cutoff - tolerance(best):
            return
        larger = supervised.copy()
        larger[node.names[pair[pair < len(node.names)]]] = True
        incumbent.offer(larger)


def _solving(program: Program) -> Booleans:
    """Return which pairs of sources fit and solve every target, (S + 1, S + 1) bools.

    Each pair occurs once. The last index stands for no source.
    """
    price, room = prices(program)
    size, members, order = len(price), program.edge_sources, program.order
    price = np.append(price, 0.0)
    alive: Booleans = price[:, None] + price <= room
    alive &= np.tri(size + 1, dtype=bool).T
    alive[range(size), range(size)] = False
    single = np.zeros((len(program.targets), size + 1), dtype=bool)
    single[program.edge_target[order == 1], members[order == 1, 0]] = True
    owned = np.flatnonzero(program.self_source >= 0)
    single[owned, program.self_source[owned]] = True
    single[program.edge_target[order == 0]] = True
    pairs = np.flatnonzero(order == 2)
    bounds = np.searchsorted(program.edge_target[pairs], np.arange(len(single) + 1)).tolist()
    left, right = members[pairs].T[:2] if members.shape[1] > 1 else (pairs, pairs)
    for target in np.argsort(single.sum(axis=1)).tolist():  # the hardest to solve first
        solves = single[target][:, None] | single[target]
        mine = slice(bounds[target], bounds[target + 1])
        solves[left[mine], right[mine]] = True
        alive &= solves
        if not alive.any():
            break
    return alive


def values_of_pairs(program: Program) -> Floats:
    """Return the value of each pair of sources, (S + 1, S + 1).

    It is -inf where the pair leaves a target unsolved.

    The last index stands for no source.
    """
    size, order = len(program.sources), program.order
    total = np.zeros((size + 1, size + 1))
    bounds = np.searchsorted(program.edge_target, np.arange(len(program.targets) + 1))
    for target, (first, last) in enumerate(pairwise(bounds.tolist())):
        members, value = program.edge_sources[first:last], program.edge_value[first:last]
        count = order[first:last]
        single = np.full(size + 1, value[count == 0].max(initial=-np.inf))
        one, two = count == 1, count == 2
        np.maximum.at(single, members[one, 0], value[one])
        both = np.maximum(single[:, None], single)
        if two.any():
            left, right = members[two, 0], members[two, 1]
            np.maximum.at(both, (left, right), value[two])
            np.maximum.at(both, (right, left), value[two])
        own = program.self_source[target]
        if own >= 0:
            both[own, :] = both[:, own] = program.self_value[target]
        total += both
    return total
