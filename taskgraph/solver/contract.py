"""Nodes of the branch and bound, and the smaller program that follows from decided sources.

A supervised source is removed: its cost leaves the budget, its own target is solved, and it
leaves the source set of every edge. An excluded source is removed with all of its edges. Edges
that exceed the rest of the budget, or that another edge dominates, are removed. Where a target has
a single possibility left, that is decided as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from taskgraph.arrays import Booleans, Floats, Integers
from taskgraph.program import Program
from taskgraph.solver.scale import with_costs_as_shares

SMALL = 1e-6
"""A price of zero or less is raised to this share of the largest price."""
ROUNDING = 1e-9
"""What a node allows beyond the budget; every set is evaluated exactly in the end."""


@dataclass(frozen=True, eq=False)
class Duals:
    """Multipliers of a node, stored by original indices, so that child nodes can reuse them.

    ``link`` and ``pair`` are ascending keys; ``pi`` and ``sigma`` are the multipliers of these
    links and pairs; ``tilt`` is antisymmetric (see `taskgraph.solver.lagrange`).
    """

    link: Integers  # (L,) keys, ascending
    pi: Floats  # (L,)
    pair: Integers  # (P,) keys, ascending
    sigma: Floats  # (P,)
    tilt: Floats  # (S, S) antisymmetric, over the sources that are left


@dataclass(frozen=True, eq=False)
class Node:
    """A node of the branch and bound.

    Attributes
    ----------
    program : Program
        What is left to decide.
    names, targets : (S,) and (T,) ints
        Original indices of the sources and targets of ``program``.
    inside : ints
        Original indices of the sources that are supervised.
    solved_value : float
        Objective value of the targets that are already solved.
    limit : float
        Upper bound of the objective of every solution in this node.
    relaxed_share : (S,) floats
        Moving average of the relaxation's value of each source, in [0, 1].
    duals : Duals
        The best multipliers so far.
    """

    program: Program
    names: Integers
    targets: Integers
    inside: Integers
    solved_value: float
    limit: float
    relaxed_share: Floats
    duals: Duals


def root_node(program: Program) -> Node | None:
    """Return the node of the whole program; None if that has no solution."""
    size = len(program.sources)
    nothing, none = np.zeros(0, dtype=np.int64), np.zeros(0)
    shares = with_costs_as_shares(program)
    node = Node(
        program=replace(shares, budget=shares.budget + ROUNDING),
        names=np.arange(size),
        targets=np.arange(len(program.targets)),
        inside=nothing,
        solved_value=0.0,
        limit=math.inf,
        relaxed_share=np.full(size, 0.5),
        duals=Duals(nothing, none, nothing, none, np.zeros((size, size))),
    )
    every = np.ones(len(program.edge_value), dtype=bool)
    return contract(node, inside=program.required, outside=program.banned, kept=every)


def prices(program: Program) -> tuple[Floats, float]:
    """Return what supervising each source adds to the cost, above 0, and the room for these prices.

    A price of zero or less is raised to a small positive number, and the room by as much, so that
    no affordable set is lost.
    """
    price, owned = program.label_cost.copy(), program.self_source >= 0
    price[program.self_source[owned]] -= program.transfer_cost[owned]
    room = program.budget - float(program.transfer_cost.sum())
    positive = np.maximum(price, SMALL * (max(0.0, float(price.max(initial=0.0))) or 1.0))
    return positive, room + float((positive - price).sum())


def contract(node: Node, *, inside: Booleans, outside: Booleans, kept: Booleans) -> Node | None:
    """Fix these decisions and propagate them until nothing more is forced.

    Parameters
    ----------
    inside, outside : (S,) bools
        Sources to supervise and to exclude.
    kept : (E,) bools
        Edges that may still be chosen.

    Returns
    -------
    Node or None
        Each of its targets has an edge, and each source fits the budget. None if there is no
        solution.
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
    """Return the node after these decisions, without what follows from them."""
    program = node.program
    solved = program.solved_by_own(inside)
    lost = np.append(outside, False)[program.edge_sources].any(axis=1)
    kept = kept & ~lost & ~solved[program.edge_target]
    free, left = ~(inside | outside), ~solved
    smaller = _renumbered(program, kept, free, left)
    smaller = replace(smaller, budget=program.budget - float(program.label_cost[inside].sum()))
    return replace(
        node,
        program=_without_useless_edges(smaller),
        names=node.names[free],
        targets=node.targets[left],
        inside=np.append(node.inside, node.names[inside]),
        solved_value=node.solved_value + float(program.self_value[solved].sum()),
        relaxed_share=node.relaxed_share[free],
        duals=replace(node.duals, tilt=node.duals.tilt[np.ix_(free, free)]),
    )


def _renumbered(program: Program, kept: Booleans, free: Booleans, left: Booleans) -> Program:
    """Return the program of the kept edges, the free sources and the targets that are left."""
    count = int(free.sum())
    number = np.append(np.where(free, np.cumsum(free) - 1, count), count)
    own = program.self_source[left]
    still = np.append(free, False)[own]
    return replace(
        program.with_edges(kept),
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


def _without_useless_edges(program: Program) -> Program:
    """Remove edges that cost too much, and edges that an edge with at most one source dominates.

    An edge without sources is one whose sources are all supervised. Larger subsets need no check:
    presolve has compared them.
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
    return program.with_edges(fits & ~beaten)
