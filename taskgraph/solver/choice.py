"""Given which tasks are supervised, the best transfer for every target: exact, and no solver."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taskgraph.arrays import Booleans, Floats, Integers
from taskgraph.program import TOLERANCE, Program
from taskgraph.solver.clock import Clock

SUPERVISED = -1
UNCOVERED = -2


def tolerance(value: float) -> float:
    """Objectives that differ by less are ties."""
    return TOLERANCE * max(1.0, abs(value))


@dataclass(frozen=True, eq=False)
class Choice:
    """A feasible solution: the supervised sources, and an edge (or -1 for ``self``) a target."""

    supervised: Booleans
    edges: Integers
    value: float
    cost: float


def best_edges(program: Program, supervised: Booleans) -> tuple[Integers, Floats]:
    """The best usable edge of each target (the first of several equal ones) and its value.

    Returns
    -------
    (T,) ints and (T,) floats
        -2 and -inf where no edge has all its sources among ``supervised``.
    """
    usable = np.append(supervised, True)[program.edge_sources].all(axis=1)
    edges = np.flatnonzero(usable)
    chosen = np.full(len(program.targets), UNCOVERED, dtype=np.int64)
    value = np.full(len(program.targets), -np.inf)
    # Ascending by value and descending by position: the last write is the first of the best.
    order = edges[np.lexsort((-edges, program.edge_value[edges]))]
    chosen[program.edge_target[order]] = order
    value[program.edge_target[order]] = program.edge_value[order]
    return chosen, value


def choose(program: Program, supervised: Booleans) -> Choice | None:
    """Solve the program for a fixed set of supervised sources.

    Returns
    -------
    Choice or None
        None if a target cannot be solved from this set, or it costs more than the budget.
    """
    edges, value = best_edges(program, supervised)
    solved_by_own = program.solved_by_own(supervised)
    keeps = solved_by_own & (value > program.self_value) & program.may_transfer
    if program.has_upgrades and keeps.any():
        keeps = _affordable_upgrades(program, supervised, solved_by_own, keeps, value)
    use_own = solved_by_own & ~keeps
    edges = np.where(use_own, SUPERVISED, edges)
    value = np.where(use_own, program.self_value, value)
    if (edges == UNCOVERED).any():
        return None
    spent = program.units_spent(supervised, use_own)
    if spent > program.costs.budget:
        return None
    return Choice(supervised.copy(), edges, float(value.sum()), program.costs.amount(spent))


def _affordable_upgrades(
    program: Program,
    supervised: Booleans,
    solved_by_own: Booleans,
    wanted: Booleans,
    value: Floats,
) -> Booleans:
    """Which supervised targets keep a transfer, where that costs budget: an exact knapsack.

    Partial selections are kept while no other is both cheaper and better (Nemhauser and Ullmann,
    Management Science 1969), so costs may be any floats.
    """
    room = program.costs.budget - program.units_spent(supervised, solved_by_own)
    front: list[tuple[int, float, tuple[int, ...]]] = [(0, 0.0, ())]
    for target in np.flatnonzero(wanted):
        price = int(program.costs.transfer[target])
        worth = float(value[target] - program.self_value[target])
        added = [
            (c + price, v + worth, (*s, int(target))) for c, v, s in front if c + price <= room
        ]
        front = _undominated([*front, *added])
    keeps = np.zeros_like(wanted)
    keeps[list(front[-1][2])] = True
    return keeps


def _undominated(
    selections: list[tuple[int, float, tuple[int, ...]]],
) -> list[tuple[int, float, tuple[int, ...]]]:
    kept: list[tuple[int, float, tuple[int, ...]]] = []
    for cost, value, chosen in sorted(selections, key=lambda s: (s[0], -s[1])):
        if not kept or value > kept[-1][1]:
            kept.append((cost, value, chosen))
    return kept


def without_useless(program: Program, choice: Choice, clock: Clock | None = None) -> Choice:
    """Drop, dearest first, every source that can go without a loss, while there is time."""
    clock = clock or Clock()
    candidates = np.flatnonzero(choice.supervised & ~program.required)
    for source in sorted(candidates, key=lambda s: (-program.label_cost[s], -s)):
        if clock.over:
            break
        smaller = choice.supervised.copy()
        smaller[source] = False
        lighter = choose(program, smaller)
        if lighter is not None and lighter.value >= choice.value:
            choice = lighter
    return choice
