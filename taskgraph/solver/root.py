"""The bound at the root, and what follows from it: the optimum, or variables that it fixes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from taskgraph.program import Program
from taskgraph.solver.additive import AdditiveAscent, AdditiveBound
from taskgraph.solver.choice import Choice, tolerance
from taskgraph.solver.clock import Clock
from taskgraph.solver.listing import best_of, list_sets

STEPS, MOST_STEPS = 9, 144
"""Subgradient steps between two attempts to list all sets, and most steps in all."""
FEW, MANY = 1_000, 100_000
"""Most sets that are listed at the first attempt, and at the last one; each attempt doubles it."""


def solve_root(
    program: Program, known: Choice | None, clock: Clock, *, listed: bool = True, many: int = MANY
) -> tuple[AdditiveAscent, Choice | None]:
    """Return the best multipliers, and the proven optimum if all sets that may be can be listed.

    ``known`` is a solution of the program. Without one the steps have no goal, so the multipliers
    stay 0. At most ``many`` sets are listed.
    """
    ascent = AdditiveAscent(program)
    if known is None:
        return ascent, None
    cutoff, taken, more, most = known.value - tolerance(known.value), 0, True, FEW
    while more and taken < MOST_STEPS and not clock.over:
        more, taken = ascent.run(known.value, STEPS), taken + STEPS
        if not listed:
            continue
        last = not ((more and taken < MOST_STEPS) or program.has_upgrades)
        bound = ascent.bound()
        listing = list_sets(program, bound, cutoff, many if last else most)
        most = most if program.has_upgrades else min(2 * most, many)
        if listing is not None:
            return ascent, best_of(program, listing, cutoff) or known
    return ascent, None


def unbudgeted_bound(program: Program) -> float:
    """Return the sum of the largest value of each target: a bound that ignores the budget."""
    ownable = program.solved_by_own(~program.banned)
    best = np.where(ownable, program.self_value, -math.inf)
    np.maximum.at(best, program.edge_target, program.edge_value)
    return float(best.sum())


def fix_variables(program: Program, bound: AdditiveBound, *, cutoff: float) -> Program:
    """Fix what all solutions with a value of at least ``cutoff`` have in common.

    Where changing a variable lowers the bound below ``cutoff``, the variable is fixed: a source
    becomes required or banned, an edge is removed. No solution above the cutoff is lost.
    """
    undecided, reduced = ~(program.required | program.banned), bound.reduced_profit
    decided = undecided & (bound.value - np.abs(reduced) < cutoff)
    banned = program.banned | (decided & (reduced < 0))
    usable = ~np.append(banned, False)[program.edge_sources].any(axis=1)
    keep = usable & (bound.value - bound.edge_loss >= cutoff)
    required = program.required | (decided & (reduced > 0))
    return replace(program.with_edges(keep), required=required, banned=banned)
