"""A Lagrangian bound of the program, without a linear program.

For a transfer e to the target t, with y_j for supervised sources and z_ab = y_a y_b,

    sum_{e -> t, j in S_e} x_e       <=  y_j - z_{j, t}      (multiplier pi)
    sum_{e -> t, {a, b} in S_e} x_e  <=  z_ab                (multiplier sigma)

where z_{j, t} is 1 if both the source and the target itself are supervised: such a target keeps
no transfer. With both constraints moved into the objective, each target picks its best edge, and
the choice of the sources is a quadratic knapsack problem. It is bounded as in Caprara, Pisinger
and Toth (INFORMS Journal on Computing, 1999): each source takes its best partners within the rest
of the budget, for half of each pair's profit, shifted by a free antisymmetric matrix ``tilt``; then
the best sources are taken. Any multipliers give a valid bound, so the proof does not depend on the
tolerance of a linear solver.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

from taskgraph.arrays import Booleans, Floats, Integers
from taskgraph.program import Program
from taskgraph.solver.contract import prices


class Multipliers(NamedTuple):
    """Multipliers of links (L,) and pairs (P,), at least 0; the antisymmetric (S, S) ``tilt``."""

    pi: Floats
    sigma: Floats
    tilt: Floats


class Bound(NamedTuple):
    """The bound, and by how much it falls at least where a decision is forced.

    Attributes
    ----------
    value : float
        Upper bound of the objective of the program.
    loss_in, loss_out : (S,) floats
        By how much the bound falls if a source must, or must not, be supervised.
    loss_edge : (E,) floats
        By how much the bound falls if an edge must be chosen.
    chosen : (S,) floats
        The share of each source that the relaxation supervises.
    slope : Multipliers
        A subgradient of the bound.
    """

    value: float
    loss_in: Floats
    loss_out: Floats
    loss_edge: Floats
    chosen: Floats
    slope: Multipliers


@dataclass(frozen=True, eq=False)
class DualIndex:
    """Numbers of the links and pairs of a program in which every target has an edge."""

    program: Program
    price: Floats  # (S,) above 0
    room: float  # what the prices may add up to
    start: Integers  # (T,) first edge of each target
    owned: Integers  # targets with a network of their own
    links: Integers  # (E, K) link of every member; L for none
    pairs: Integers  # (E, K (K - 1) / 2) pair of every two members; P for none
    link_target: Integers
    link_source: Integers
    pair_target: Integers
    pair_left: Integers
    pair_right: Integers


def index_duals(program: Program) -> DualIndex:
    """Number the links and pairs of a program, in the order of targets and sources."""
    size, members = len(program.sources), program.edge_sources
    price, room = prices(program)
    key = program.edge_target[:, None] * size + members
    link, links = _number(key, members < size)
    places = list(combinations(range(members.shape[1]), 2))
    left = members[:, [a for a, _ in places]]
    right = members[:, [b for _, b in places]]
    pair_key = (program.edge_target[:, None] * size + left) * size + right
    pair, pairs = _number(pair_key, right < size)  # members ascend: left < right
    return DualIndex(
        program=program,
        price=price,
        room=room,
        start=np.searchsorted(program.edge_target, np.arange(len(program.targets))),
        owned=np.flatnonzero(program.self_source >= 0),
        links=links,
        pairs=pairs,
        link_target=link // size,
        link_source=link % size,
        pair_target=pair // size**2,
        pair_left=pair // size % size,
        pair_right=pair % size,
    )


def _number(key: Integers, valid: Booleans) -> tuple[Integers, Integers]:
    """Return the distinct valid keys, and the number of each key (their count where invalid)."""
    unique, inverse = np.unique(key[valid], return_inverse=True)
    numbers = np.full(key.shape, len(unique), dtype=np.int64)
    numbers[valid] = inverse
    return unique, numbers


def lagrangian_bound(index: DualIndex, at: Multipliers) -> Bound:
    """Evaluate the Lagrangian bound at some multipliers."""
    program, owned = index.program, index.owned
    own = program.self_source[owned]
    charged = np.append(at.pi, 0.0)[index.links].sum(axis=1)
    charged += np.append(at.sigma, 0.0)[index.pairs].sum(axis=1)
    net_value = program.edge_value - charged  # E
    best = np.maximum.reduceat(net_value, index.start)  # T
    alone = np.bincount(index.link_source, at.pi, len(index.price)).astype(float)
    alone[own] += program.self_value[owned] - best[owned]
    half = _half_profit(index, at)
    rest = np.maximum(index.room - index.price, 0.0)
    partners, share, _ = fractional_knapsack(half, index.price, rest)
    profit = alone + partners
    _, y, rate = fractional_knapsack(profit, index.price, np.array(index.room))
    reduced_cost = profit - rate * index.price
    loss_in, loss_out = np.maximum(-reduced_cost, 0.0), np.maximum(reduced_cost, 0.0)
    loss_edge = best[program.edge_target] - net_value
    loss_edge += np.append(loss_in, 0.0)[program.edge_sources].sum(axis=1)
    loss_edge += np.append(loss_out, 0.0)[program.self_source][program.edge_target]
    return Bound(
        value=float(best.sum() + rate * index.room + loss_out.sum()),
        loss_in=loss_in,
        loss_out=loss_out,
        loss_edge=loss_edge,
        chosen=y,
        slope=_slope(index, net_value, best, y, y[:, None] * share),
    )


def _half_profit(index: DualIndex, at: Multipliers) -> Floats:
    """Return half of the profit of each pair of sources, (S, S), shifted by ``tilt``."""
    size = len(index.price)
    partner = index.program.self_source[index.link_target]
    mine = partner >= 0
    pair = index.pair_left * size + index.pair_right
    together = np.bincount(pair, at.sigma, size * size).astype(float)
    exclusive = index.link_source[mine] * size + partner[mine]
    together -= np.bincount(exclusive, at.pi[mine], size * size)
    together = together.reshape(size, size)
    shifted: Floats = (together + together.T) / 2 + at.tilt
    return shifted


def _slope(index: DualIndex, net_value: Floats, best: Floats, y: Floats, z: Floats) -> Multipliers:
    """Return a subgradient: what the relaxation grants, less what its chosen edges use."""
    program, own = index.program, index.program.self_source
    picks = np.flatnonzero(net_value == best[program.edge_target])
    picks = picks[np.searchsorted(program.edge_target[picks], np.arange(len(best)))]  # T
    weight = np.where(own >= 0, 1.0 - np.append(y, 0.0)[own], 1.0)  # T
    partner = own[index.link_target]
    middle = (z + z.T) / 2
    pi = y[index.link_source] - np.where(partner >= 0, middle[index.link_source, partner], 0.0)
    sigma = middle[index.pair_left, index.pair_right]
    return Multipliers(
        pi - _used(index.links[picks], weight, len(pi)),
        sigma - _used(index.pairs[picks], weight, len(sigma)),
        z - z.T,
    )


def _used(places: Integers, weight: Floats, size: int) -> Floats:
    """Return the summed weights of the edges that use each link or pair, (size,)."""
    used = np.bincount(places.ravel(), np.repeat(weight, places.shape[1]), size + 1)
    return used[:size].astype(float)


def fractional_knapsack(
    profit: Floats, price: Floats, room: Floats
) -> tuple[Floats, Floats, Floats]:
    """Solve continuous knapsack problems: the best rates of profit first, the last item in part.

    Returns
    -------
    (...) floats, (..., S) floats and (...) floats
        Value, share of each item, and the profit of one more unit of room.
    """
    rate = np.maximum(profit, 0.0) / price
    order = np.argsort(-rate, axis=-1)
    size = price[order]
    before = np.cumsum(size, axis=-1) - size
    part = np.clip((room[..., None] - before) / size, 0.0, 1.0)
    ranked = np.take_along_axis(rate, order, -1)
    part[ranked <= 0] = 0.0
    value = (part * size * ranked).sum(axis=-1)
    share = np.zeros_like(rate)
    np.put_along_axis(share, order, part, -1)
    critical = np.where(part < 1 - 1e-12, ranked, 0.0).max(axis=-1)
    return value, share, critical
