"""Best-first branch and bound over the sources, with the Lagrangian bound."""

from __future__ import annotations

import numpy as np

from taskgraph.arrays import Booleans
from taskgraph.program import Program
from taskgraph.solver.additive import least_value
from taskgraph.solver.ascent import Levels, tighten
from taskgraph.solver.clock import Clock
from taskgraph.solver.contract import Node, contract, root_node
from taskgraph.solver.incumbent import Incumbent, SearchResult
from taskgraph.solver.leaves import is_leaf, offer_solutions
from taskgraph.solver.local import Neighborhood, affordable, greedy_set, improve

ROOT_STEPS, STEPS = 300, 60
"""Subgradient steps at the root and at each other node."""
MOST_OPEN = 1_000
"""Most open nodes before the search goes depth first; each holds up to a few MB."""
POLISH = 4
"""Every so many nodes, a local search starts from the relaxation's sources."""
WIDEST = 6
"""Largest order: an edge of order k has k (k - 1) / 2 pairs of sources."""


def can_branch(program: Program) -> bool:
    """Return whether the Lagrangian bound is valid for this program."""
    narrow: bool = program.edge_sources.shape[1] <= WIDEST
    return narrow and not program.may_transfer and not program.conflicts


def branch_and_bound(program: Program, incumbent: Incumbent, clock: Clock) -> SearchResult:
    """Improve the incumbent until it is proven to be the one to report, or time is up.

    The node with the largest bound is next, so that the proven bound falls with time. While there
    is no incumbent, and while too many nodes are open, the latest node is next (depth first).
    """
    floor = least_value(program)
    root = root_node(program)
    open_nodes = [] if root is None else [root]
    neighborhood, nodes = Neighborhood(program), 0
    while open_nodes and not clock.over:
        node = open_nodes.pop(_next(open_nodes, incumbent))
        levels = Levels(max(incumbent.cutoff, floor), max(incumbent.value, floor))
        if node.limit < levels.cutoff:
            continue
        if clock.callback is not None:
            known = max([node.limit, incumbent.value, *(other.limit for other in open_nodes)])
            clock.callback(incumbent.value, known, nodes)
        nodes += 1
        steps = STEPS if nodes > 1 else ROOT_STEPS
        smaller = tighten(node, levels, steps, lambda: clock.over)
        if smaller is not None and is_leaf(smaller):
            offer_solutions(smaller, incumbent)
        elif smaller is not None:
            if nodes % POLISH == 1:
                incumbent.offer(_locally_searched(smaller, neighborhood, clock))
            open_nodes += _split(smaller)
    open_nodes = [node for node in open_nodes if node.limit >= max(incumbent.cutoff, floor)]
    bound = max([incumbent.value, *(node.limit for node in open_nodes)])
    return SearchResult(not open_nodes, bound, nodes)


def _next(open_nodes: list[Node], incumbent: Incumbent) -> int:
    """Return the index of the open node to search next."""
    if incumbent.first is None or len(open_nodes) > MOST_OPEN:
        return len(open_nodes) - 1
    return max(range(len(open_nodes)), key=lambda place: open_nodes[place].limit)


def _locally_searched(node: Node, neighborhood: Neighborhood, clock: Clock) -> Booleans:
    """Return the result of a local search from the sources with the largest relaxed shares."""
    ranked = node.names[np.argsort(-node.relaxed_share, kind="stable")]
    start = affordable(neighborhood, np.append(node.inside, ranked))
    return improve(neighborhood, greedy_set(neighborhood, start), clock)


def _split(node: Node) -> list[Node]:
    """Branch on the source with the largest share."""
    pivot = np.zeros(len(node.relaxed_share), dtype=bool)
    pivot[node.relaxed_share.argmax()] = True
    none, every = np.zeros_like(pivot), np.ones(len(node.program.edge_value), dtype=bool)
    without = contract(node, inside=none, outside=pivot, kept=every)
    having = contract(node, inside=pivot, outside=none, kept=every)
    return [child for child in (without, having) if child is not None]
