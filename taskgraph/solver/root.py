"""The relaxation at the root: a bound, and the variables that its reduced costs fix."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from taskgraph.arrays import Floats
from taskgraph.program import Program
from taskgraph.solver.clock import Clock
from taskgraph.solver.relax import relax


@dataclass(frozen=True, eq=False)
class RootRelaxation:
    """What the relaxation says about a program.

    Attributes
    ----------
    feasible : bool
        False if the relaxation is proven infeasible.
    bound : float
        Upper bound of the objective.
    y : (S,) floats
        Values of the variables of the sources, in [0, 1].
    reduced_cost_y, reduced_cost_x : (S,) and (E,) floats
        The bound falls by at least this much where a source or an edge is left out (positive), or
        taken (negative). 0 where nothing is known.
    """

    feasible: bool
    bound: float
    y: Floats
    reduced_cost_y: Floats
    reduced_cost_x: Floats

    @property
    def integral(self) -> bool:
        """Return whether the variables of all sources are 0 or 1."""
        return bool(np.all(np.abs(self.y - np.round(self.y)) < 1e-6))


def trivial_root(program: Program) -> RootRelaxation:
    """Return a bound without solving a relaxation: each target has its largest possible value."""
    sources, edges = len(program.sources), len(program.edge_value)
    half = np.full(sources, 0.5)
    return RootRelaxation(True, unbudgeted_bound(program), half, np.zeros(sources), np.zeros(edges))


def unbudgeted_bound(program: Program) -> float:
    """Return the sum of the largest value of each target: a bound that ignores the budget."""
    ownable = program.solved_by_own(~program.banned)
    best = np.where(ownable, program.self_value, -math.inf)
    np.maximum.at(best, program.edge_target, program.edge_value)
    return float(best.sum())


def solve_root(program: Program, clock: Clock) -> RootRelaxation:
    """Solve the linear relaxation of the model."""
    relaxation = relax(program, clock)
    if relaxation.status == "infeasible":
        empty = np.zeros(0)
        return RootRelaxation(False, -math.inf, empty, empty, empty)
    if relaxation.status != "optimal":
        return trivial_root(program)
    undecided = ~(program.required | program.banned)
    return RootRelaxation(
        True,
        relaxation.bound,
        relaxation.y,
        relaxation.reduced_cost_y * undecided,
        relaxation.reduced_cost_x,
    )


def fix_variables(program: Program, root: RootRelaxation, *, cutoff: float) -> Program:
    """Fix what all solutions with a value of at least ``cutoff`` have in common.

    Where changing a variable lowers the bound below ``cutoff``, the variable is fixed: a source
    becomes required or banned, an edge is removed. No solution above the cutoff is lost.
    """
    decided = root.bound - np.abs(root.reduced_cost_y) < cutoff
    banned = program.banned | (decided & (root.reduced_cost_y < 0))
    usable = ~np.append(banned, False)[program.edge_sources].any(axis=1)
    keep = usable & (root.bound + np.minimum(root.reduced_cost_x, 0.0) >= cutoff)
    required = program.required | (decided & (root.reduced_cost_y > 0))
    return replace(program.with_edges(keep), required=required, banned=banned)
