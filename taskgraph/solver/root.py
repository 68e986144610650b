"""The linear relaxation at the root: a bound, and what its reduced costs already decide."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from taskgraph.program import BoolArray, FloatArray, Program
from taskgraph.solver.backends import Backend
from taskgraph.solver.relax import relax

AT_BOUND = 1e-9


@dataclass(frozen=True, eq=False)
class Root:
    """Optimum of the relaxation: ``bound`` of the program, values and reduced costs.

    ``decrease_y`` and ``decrease_x`` are what the bound loses, at least, where a source or an
    edge is forced away from its value in the relaxation; 0 where that is not known.
    """

    feasible: bool
    bound: float
    y: FloatArray
    decrease_y: FloatArray
    decrease_x: FloatArray

    @property
    def integral(self) -> bool:
        """Whether every source is supervised or not, with no fraction."""
        return bool(np.all(np.abs(self.y - np.round(self.y)) < 1e-6))


def unsolved_root(program: Program) -> Root:
    """What is known without a relaxation: nothing."""
    sources, edges = len(program.sources), len(program.edge_value)
    half = np.full(sources, 0.5)
    return Root(True, math.inf, half, np.zeros(sources), np.zeros(edges))


def solve_root(program: Program, backend: Backend, *, time_limit: float | None = None) -> Root:
    """Solve the linear relaxation of the grouped model."""
    found = relax(program, backend, time_limit=time_limit)
    empty = np.zeros(0)
    if found.status == "infeasible":
        return Root(False, -math.inf, empty, empty, empty)
    if found.status != "optimal":
        return unsolved_root(program)
    at_bound = (found.y < AT_BOUND) | (found.y > 1 - AT_BOUND)
    return Root(
        feasible=True,
        bound=found.bound,
        y=found.y,
        decrease_y=np.where(at_bound, found.cost_y, 0.0),
        decrease_x=np.where(found.x < AT_BOUND, found.cost_x, 0.0),
    )


def fix(program: Program, root: Root, *, least: float) -> Program:
    """Decide what every solution worth at least ``least`` has in common.

    If forcing a source or an edge away from the relaxation costs so much that the bound falls
    below ``least``, it stays: sources become required or banned, edges are left out. Exact.
    """
    if not math.isfinite(root.bound):
        return program
    decided = root.bound - root.decrease_y < least
    one: BoolArray = decided & (root.y > 0.5)
    zero: BoolArray = decided & (root.y < 0.5)
    banned = program.banned | zero
    usable = ~np.append(banned, False)[program.edge_sources].any(axis=1)
    keep = usable & (root.bound - root.decrease_x >= least)
    return replace(program.keep(keep), required=program.required | one, banned=banned)
