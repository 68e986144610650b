"""A Lagrangian bound of the program: links, pairs of sources and exclusion, without any LP.

For a transfer e to the target t, with y_j for supervised sources and z_ab = y_a y_b,

    sum_{e -> t, j in S_e} x_e       <=  y_j - z_{j, t}      (multiplier pi)
    sum_{e -> t, {a, b} in S_e} x_e  <=  z_ab                (multiplier sigma)

where z_{j, t} says that the target itself is supervised, and so keeps no transfer. With both in
the objective each target picks its best edge, of value u_t, and the sources are left with a
quadratic knapsack. It is bounded as by Caprara, Pisinger and Toth (INFORMS Journal on Computing,
1999): every source takes its best partners within the rest of the budget, for half of each
pair's profit shifted by a free antisymmetric ``tilt``; then the best sources are taken. Any
multipliers give a valid bound, so that no tolerance of a linear solver enters the proof.
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
    """Of links (L,) and pairs (P,), at least 0; and the antisymmetric (S, S) ``tilt``."""

    pi: Floats
    sigma: Floats
    tilt: Floats


class Bound(NamedTuple):
    """The bound, what it loses at least where a choice is forced, and a subgradient.

    ``loss_in`` and ``loss_out`` (S,): a source must, or must not, be supervised; ``loss_edge``
    (E,): an edge must be chosen; ``chosen`` (S,): the sources that the relaxation supervises.
    """

    value: float
    loss_in: Floats
    loss_out: Floats
    loss_edge: Floats
    chosen: Floats
    slope: Multipliers


@dataclass(frozen=True, eq=False)
class Layout:
    """Index arrays of a program in which every target has an edge."""

    program: Program
    price: Floats  # (S,) above 0
    room: float
    start: Integers  # (T,) first edge of each target
    owned: Integers  # targets with a network of their own
    links: Integers  # (E, K) link of every member; L for none
    pairs: Integers  # (E, K (K - 1) / 2) pair of every two members; P for none
    link_target: Integers
    link_source: Integers
    pair_target: Integers
    pair_left: Integers
    pair_right: Integers


def lay_out(program: Program) -> Layout:
    """Number the links and the pairs of a program, ascending by target and sources."""
    size, members = len(program.sources), program.edge_sources
    price, room = prices(program)
    key = program.edge_target[:, None] * size + members
    link, links = _number(key, members < size)
    places = list(combinations(range(members.shape[1]), 2))
    left = members[:, [a for a, _ in places]]
    right = members[:, [b for _, b in places]]
    pair_key = (program.edge_target[:, None] * size + left) * size + right
    pair, pairs = _number(pair_key, right < size)  # members ascend: left < right
    return Layout(
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
    """The different valid keys, ascending, and the place of each (their number where invalid)."""
    unique, inverse = np.unique(key[valid], return_inverse=True)
    numbers = np.full(key.shape, len(unique), dtype=np.int64)
    numbers[valid] = inverse
    return unique, numbers


def bound(layout: Layout, at: Multipliers) -> Bound:
    """Evaluate the Lagrangian."""
    program, owned = layout.program, layout.owned
    own = program.self_source[owned]
    charged = np.append(at.pi, 0.0)[layout.links].sum(axis=1)
    charged += np.append(at.sigma, 0.0)[layout.pairs].sum(axis=1)
    worth = program.edge_value - charged  # E
    best = np.maximum.reduceat(worth, layout.start)  # T
    alone = np.bincount(layout.link_source, at.pi, len(layout.price)).astype(float)
    alone[own] += program.self_value[owned] - best[owned]
    half = _half_profit(layout, at)
    rest = np.maximum(layout.room - layout.price, 0.0)
    partners, share, _ = fractional_knapsack(half, layout.price, rest)
    profit = alone + partners
    _, y, rate = fractional_knapsack(profit, layout.price, np.array(layout.room))
    surplus = profit - rate * layout.price
    loss_in, loss_out = np.maximum(-surplus, 0.0), np.maximum(surplus, 0.0)
    loss_edge = best[program.edge_target] - worth
    loss_edge += np.append(loss_in, 0.0)[program.edge_sources].sum(axis=1)
    loss_edge += np.append(loss_out, 0.0)[program.self_source][program.edge_target]
    return Bound(
        value=float(best.sum() + rate * layout.room + loss_out.sum()),
        loss_in=loss_in,
        loss_out=loss_out,
        loss_edge=loss_edge,
        chosen=y,
        slope=_slope(layout, worth, best, y, y[:, None] * share),
    )


def _half_profit(layout: Layout, at: Multipliers) -> Floats:
    """(S, S) array: half of what each pair of sources brings, shifted by ``tilt``."""
    size = len(layout.price)
    partner = layout.program.self_source[layout.link_target]
    mine = partner >= 0
    pair = layout.pair_left * size + layout.pair_right
    together = np.bincount(pair, at.sigma, size * size).astype(float)
    exclusive = layout.link_source[mine] * size + partner[mine]
    together -= np.bincount(exclusive, at.pi[mine], size * size)
    together = together.reshape(size, size)
    shifted: Floats = (together + together.T) / 2 + at.tilt
    return shifted


def _slope(layout: Layout, worth: Floats, best: Floats, y: Floats, z: Floats) -> Multipliers:
    """A subgradient: what the relaxation grants less what its chosen edges use."""
    program, own = layout.program, layout.program.self_source
    picks = np.flatnonzero(worth == best[program.edge_target])
    picks = picks[np.searchsorted(program.edge_target[picks], np.arange(len(best)))]  # T
    weight = np.where(own >= 0, 1.0 - np.append(y, 0.0)[own], 1.0)  # T
    partner = own[layout.link_target]
    middle = (z + z.T) / 2
    pi = y[layout.link_source] - np.where(partner >= 0, middle[layout.link_source, partner], 0.0)
    sigma = middle[layout.pair_left, layout.pair_right]
    return Multipliers(
        pi - _used(layout.links[picks], weight, len(pi)),
        sigma - _used(layout.pairs[picks], weight, len(sigma)),
        z - z.T,
    )


def _used(places: Integers, weight: Floats, size: int) -> Floats:
    used = np.bincount(places.ravel(), np.repeat(weight, places.shape[1]), size + 1)
    return used[:size].astype(float)


def fractional_knapsack(
    profit: Floats, price: Floats, room: Floats
) -> tuple[Floats, Floats, Floats]:
    """Fill each row's room by the best rates of profit, the last item in part.

    Returns
    -------
    (...) floats, (..., S) floats and (...) floats
        Value, share of each item, and the rate at which room is worth more room.
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
