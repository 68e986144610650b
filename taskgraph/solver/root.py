"""The linear relaxation at the root: a bound, and what its reduced costs already decide."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from taskgraph.arrays import Floats
from taskgraph.program import Program
from taskgraph.solver.clock import Clock
from taskgraph.solver.relax import relax


@dataclass(frozen=True, eq=False)
class Root:
    """Optimum of the relaxation: ``bound`` of the program, values and reduced costs.

    ``surplus_y`` (S,) is what the bound loses, at least, where a source is left out (above 0) or
    supervised (below 0); ``surplus_x`` (E,) likewise for edges. 0 where nothing is known.
    """

    feasible: bool
    bound: float
    y: Floats
    surplus_y: Floats
    surplus_x: Floats

    @property
    def integral(self) -> bool:
        """Whether every source is supervised or not, with no fraction."""
        return bool(np.all(np.abs(self.y - np.round(self.y)) < 1e-6))


def unsolved_root(program: Program) -> Root:
    """What is known without a relaxation: that no target is worth more than its best way."""
    sources, edges = len(program.sources), len(program.edge_value)
    half = np.full(sources, 0.5)
    return Root(True, best_ways(program), half, np.zeros(sources), np.zeros(edges))


def best_ways(program: Program) -> float:
    """A cheap bound: every target solved in its best way, whatever that costs."""
    ownable = program.solved_by_own(~program.banned)
    best = np.where(ownable, program.self_value, -math.inf)
    np.maximum.at(best, program.edge_target, program.edge_value)
    return float(best.sum())


def solve_root(program: Program, clock: Clock) -> Root:
    """Solve the linear relaxation of the grouped model."""
    found = relax(program, clock)
    if found.status == "infeasible":
        empty = np.zeros(0)
        return Root(False, -math.inf, empty, empty, empty)
    if found.status != "optimal":
        return unsolved_root(program)
    undecided = ~(program.required | program.banned)
    return Root(True, found.bound, found.y, found.surplus_y * undecided, found.surplus_x)


def fix(program: Program, root: Root, *, least: float) -> Program:
    """Decide what every solution worth at least ``least`` has in common.

    If forcing a source or an edge away from the relaxation costs so much that the bound falls
    below ``least``, it stays: sources become required or banned, edges are left out. Exact.
    """
    decided = root.bound - np.abs(root.surplus_y) < least
    banned = program.banned | (decided & (root.surplus_y < 0))
    usable = ~np.append(banned, False)[program.edge_sources].any(axis=1)
    keep = usable & (root.bound + np.minimum(root.surplus_x, 0.0) >= least)
    required = program.required | (decided & (root.surplus_y > 0))
    return replace(program.keep(keep), required=required, banned=banned)
