"""Branch and bound on the Lagrangian bound: best first, on the sources alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from taskgraph.arrays import Booleans
from taskgraph.program import Program
from taskgraph.solver.ascent import Aim, tighten
from taskgraph.solver.clock import Clock
from taskgraph.solver.contract import Node, contract, root_node
from taskgraph.solver.cover import SOLVABLE, Cover, cover
from taskgraph.solver.incumbent import Incumbent
from taskgraph.solver.leaves import fits_at_most, is_leaf, settle, solvable_with
from taskgraph.solver.local import Neighborhood, affordable, greedy_set, improve

ROOT_STEPS = 300
STEPS = 60
MOST_WAITING = 1_000
"""Nodes that wait; each holds a program of its own, up to some MB."""
POLISH = 4
"""Nodes from one local search to the next."""
WIDEST = 6
"""Largest order: an edge of order k has k (k - 1) / 2 pairs."""
SCARCE, TIGHT = 2.5, 1.6
"""Cover ratios below which, at the root, solving every target is the difficulty, and below which,
in its nodes, trying all sets is quicker than a bound."""


@dataclass(frozen=True)
class Search:
    """Whether the search ended by itself, what no solution exceeds, and how many nodes it took."""

    complete: bool
    bound: float
    nodes: int


def suits(program: Program) -> bool:
    """Whether the bound is made for this program."""
    return not program.may_transfer and program.edge_sources.shape[1] <= WIDEST


def branch(program: Program, incumbent: Incumbent, clock: Clock) -> Search:
    """Improve the incumbent until nothing better, and no earlier tie, is left, or time is up.

    The nodes with the largest bound come first, so that the bound falls with time. Before there
    is an incumbent, to find one, and while too many nodes wait, the latest come first.
    """
    floor = _floor(program)
    root = root_node(program)
    waiting = [] if root is None else [root]
    near, nodes, scarce = Neighborhood(program), 0, False
    while waiting and not clock.over:
        node = waiting.pop(_next(waiting, incumbent))
        aim = Aim(max(incumbent.least, floor), max(incumbent.value, floor))
        if node.limit < aim.least:
            continue
        if clock.watch is not None:
            known = max([node.limit, incumbent.value, *(other.limit for other in waiting)])
            clock.watch(incumbent.value, known, nodes)
        nodes += 1
        ratio = cover(node.program).ratio
        scarce = ratio < SCARCE if nodes == 1 else scarce
        steps = 0 if scarce and ratio < TIGHT else STEPS if nodes > 1 else ROOT_STEPS
        smaller = tighten(node, aim, steps, lambda: clock.over) if ratio > SOLVABLE else None
        if smaller is not None and is_leaf(smaller):
            settle(smaller, incumbent)
        elif smaller is not None:
            if nodes % POLISH == 1:
                incumbent.offer(_polished(smaller, near, clock))
            waiting += _split(smaller, scarce)
    waiting = [node for node in waiting if node.limit >= max(incumbent.least, floor)]
    bound = max([incumbent.value, *(node.limit for node in waiting)])
    return Search(not waiting, bound, nodes)


def _floor(program: Program) -> float:
    """Less than any solution is worth: a bound below it proves that there is none."""
    least = np.where(program.self_source >= 0, program.self_value, math.inf)
    np.minimum.at(least, program.edge_target, program.edge_value)
    least = least[np.isfinite(least)]
    return float(least.sum() - 1e-6 * (1.0 + np.abs(least).sum()))


def _next(waiting: list[Node], incumbent: Incumbent) -> int:
    if incumbent.first is None or len(waiting) > MOST_WAITING:
        return len(waiting) - 1
    return max(range(len(waiting)), key=lambda place: waiting[place].limit)


def _polished(node: Node, near: Neighborhood, clock: Clock) -> Booleans:
    """A good set near the one that the relaxation likes."""
    ranked = node.names[np.argsort(-node.liked, kind="stable")]
    start = affordable(near, np.append(node.inside, ranked))
    return improve(near, greedy_set(near, start), clock)


def _split(node: Node, scarce: bool) -> list[Node]:
    """Branch on the target that is hardest to solve, or on the source that is liked best."""
    covering = cover(node.program) if scarce else None
    if covering is not None and math.isfinite(covering.ratio):
        return _split_target(node, covering)
    pivot = np.zeros(len(node.liked), dtype=bool)
    pivot[node.liked.argmax()] = True
    none, every = np.zeros_like(pivot), np.ones(len(node.program.edge_value), dtype=bool)
    without = contract(node, inside=none, outside=pivot, kept=every)
    having = contract(node, inside=pivot, outside=none, kept=every)
    return [child for child in (without, having) if child is not None]


def _split_target(node: Node, covering: Cover) -> list[Node]:
    """One node for each source that helps to solve a target, without the sources before it."""
    program = node.program
    supply = covering.part.sum(axis=1)
    hardest = int(np.where(supply > 0, supply, math.inf).argmin())
    ways = np.flatnonzero(covering.part[hardest])
    ways = ways[np.argsort(-(covering.weight @ covering.part)[ways], kind="stable")]
    three = fits_at_most(program, 3)
    every = np.ones(len(program.edge_value), dtype=bool)
    before = np.zeros(len(program.sources), dtype=bool)
    children = []
    for way in ways.tolist():
        inside = np.zeros_like(before)
        inside[way] = True
        if not three or solvable_with(program, way, before):
            children.append(contract(node, inside=inside, outside=before.copy(), kept=every))
        before[way] = True
    return [child for child in reversed(children) if child is not None]
