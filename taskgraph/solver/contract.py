"""Nodes of the branch and bound: a smaller program is left once sources are decided.

A supervised source leaves with its cost, its own target, and its place in every edge; an excluded
one takes its edges along. Edges beyond what is left of the budget vanish, and edges that another
has come to dominate. What has one way left is decided as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from taskgraph.arrays import Booleans, Floats, Integers
from taskgraph.program import Program
from taskgraph.solver.scale import with_costs_as_shares

SMALL = 1e-6
"""Share of the largest price that stands in for one of zero or less."""
ROUNDING = 1e-9
"""What a node's budget allows beyond its limit: every set is evaluated exactly in the end."""


@dataclass(frozen=True, eq=False)
class Duals:
    """Multipliers of a node, found again by the original indices of what they belong to."""

    link: Integers  # (L,) keys, ascending
    pi: Floats  # (L,)
    pair: Integers  # (P,) keys, ascending
    sigma: Floats  # (P,)
    tilt: Floats  # (S, S) antisymmetric, over the sources that are left


@dataclass(frozen=True, eq=False)
class Node:
    """What is left to decide, what is decided, and what the node can be worth at most.

    ``names`` and ``targets`` are the original indices of the sources and targets of ``program``;
    ``inside`` those of the supervised sources; ``settled`` is the worth of the targets that are
    solved; ``liked`` (S,) says how much the relaxation wants each source, in [0, 1].
    """

    program: Program
    names: Integers
    targets: Integers
    inside: Integers
    settled: float
    limit: float
    liked: Floats
    duals: Duals


def root_node(program: Program) -> Node | None:
    """The whole program; None if it is seen at once to have no solution."""
    size = len(program.sources)
    nothing, none = np.zeros(0, dtype=np.int64), np.zeros(0)
    shares = with_costs_as_shares(program)
    node = Node(
        program=replace(shares, budget=shares.budget + ROUNDING),
        names=np.arange(size),
        targets=np.arange(len(program.targets)),
        inside=nothing,
        settled=0.0,
        limit=math.inf,
        liked=np.full(size, 0.5),
        duals=Duals(nothing, none, nothing, none, np.zeros((size, size))),
    )
    every = np.ones(len(program.edge_value), dtype=bool)
    return contract(node, inside=program.required, outside=program.banned, kept=every)


def prices(program: Program) -> tuple[Floats, float]:
    """What supervising each source adds to the cost, above 0, and the room there is for it.

    A price of zero or less is raised, and the room with it, so that no set is lost that fits.
    """
    price, owned = program.label_cost.copy(), program.self_source >= 0
    price[program.self_source[owned]] -= program.transfer_cost[owned]
    room = program.budget - float(program.transfer_cost.sum())
    positive = np.maximum(price, SMALL * (max(0.0, float(price.max(initial=0.0))) or 1.0))
    return positive, room + float((positive - price).sum())


def contract(node: Node, *, inside: Booleans, outside: Booleans, kept: Booleans) -> Node | None:
    """Supervise some sources, exclude others, keep some edges, and do all that follows.

    Returns
    -------
    Node or None
        Every target of it has an edge, and every source fits; None if there is no solution.
    """
    while True:
        node = _apply(node, inside, outside, kept)
        program = node.program
        price, room = prices(program)
        reached = np.bincount(program.edge_target, minlength=len(program.targets)) > 0
        if room < 0 or (~reached & (program.self_source < 0)).any():
            return None
        inside = np.zeros(len(price), dtype=bool)
        inside[program.self_source[~reached]] = True
        outside = (price > room) & ~inside
        kept = np.ones(len(program.edge_value), dtype=bool)
        if not (inside.any() or outside.any()):
            return node


def _apply(node: Node, inside: Booleans, outside: Booleans, kept: Booleans) -> Node:
    program = node.program
    solved = program.solved_by_own(inside)
    lost = np.append(outside, False)[program.edge_sources].any(axis=1)
    kept = kept & ~lost & ~solved[program.edge_target]
    free, left = ~(inside | outside), ~solved
    smaller = _renumbered(program, kept, free, left)
    smaller = replace(smaller, budget=program.budget - float(program.label_cost[inside].sum()))
    return replace(
        node,
        program=_useful(smaller),
        names=node.names[free],
        targets=node.targets[left],
        inside=np.append(node.inside, node.names[inside]),
        settled=node.settled + float(program.self_value[solved].sum()),
        liked=node.liked[free],
        duals=replace(node.duals, tilt=node.duals.tilt[np.ix_(free, free)]),
    )


def _renumbered(program: Program, kept: Booleans, free: Booleans, left: Booleans) -> Program:
    count = int(free.sum())
    number = np.append(np.where(free, np.cumsum(free) - 1, count), count)
    own = program.self_source[left]
    still = np.append(free, False)[own]
    return replace(
        program.keep(kept),
        sources=tuple(np.array(program.sources, dtype=object)[free]),
        targets=tuple(np.array(program.targets, dtype=object)[left]),
        label_cost=program.label_cost[free],
        transfer_cost=program.transfer_cost[left],
        required=np.zeros(count, dtype=bool),
        banned=np.zeros(count, dtype=bool),
        self_source=np.where(still, number[own], -1),
        self_value=np.where(still, program.self_value[left], 0.0),
        edge_target=(np.cumsum(left) - 1)[program.edge_target[kept]],
        edge_sources=np.sort(number[program.edge_sources[kept]], axis=1),
    )


def _useful(program: Program) -> Program:
    """Leave out edges that cost too much, and those that are no better than a smaller one.

    Looks at single members and at edges without any (whose sources are all supervised); this is
    enough, as larger parts of a set were looked at by presolve.
    """
    price, room = prices(program)
    target, members, value = program.edge_target, program.edge_sources, program.edge_value
    order, size = program.order, len(price)
    fits = np.append(price, 0.0)[members].sum(axis=1) <= room
    part = np.full((len(program.targets), size + 1), -np.inf)  # best with one member; last: none
    one, none = order == 1, order == 0
    np.maximum.at(part, (target[one], members[one, 0]), value[one])
    np.maximum.at(part[:, size], target[none], value[none])
    with_one = part[target[:, None], members].max(axis=1)
    beaten = np.where(order <= 1, value < with_one, value <= with_one)
    beaten |= ~none & (value <= part[target, size])
    return program.keep(fits & ~beaten)
