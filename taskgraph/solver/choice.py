"""The best transfer to every target for a fixed set of supervised sources, found exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taskgraph.arrays import Booleans, Floats, Integers
from taskgraph.program import TOLERANCE, Program
from taskgraph.solver.clock import Clock

SUPERVISED = -1
UNCOVERED = -2


def tolerance(value: float) -> float:
    """Return the difference below which two objective values are equal."""
    return TOLERANCE * max(1.0, abs(value))


@dataclass(frozen=True, eq=False)
class Choice:
    """A feasible solution of a program.

    Attributes
    ----------
    supervised : (S,) bools
        The supervised sources.
    edges : (T,) ints
        The edge that solves each target; -1 (`SUPERVISED`) where its own network does.
    value : float
        Objective value; larger is better.
    cost : float
        Label and transfer costs.
    """

    supervised: Booleans
    edges: Integers
    value: float
    cost: float


def best_edges(program: Program, supervised: Booleans) -> tuple[Integers, Floats]:
    """Return the best usable edge of each target (the first of equal ones) and its value.

    Returns
    -------
    (T,) ints and (T,) floats
        -2 and -inf where no edge has all its sources among ``supervised``.
    """
    usable = np.append(supervised, True)[program.edge_sources].all(axis=1)
    edges = np.flatnonzero(usable)
    chosen = np.full(len(program.targets), UNCOVERED, dtype=np.int64)
    value = np.full(len(program.targets), -np.inf)
    # Sorted so that the first of the best edges of a target is written last.
    order = edges[np.lexsort((-edges, program.edge_value[edges]))]
    chosen[program.edge_target[order]] = order
    value[program.edge_target[order]] = program.edge_value[order]
    return chosen, value


def choose_transfers(program: Program, supervised: Booleans) -> Choice | None:
    """Solve the program for a fixed set of supervised sources.

    Returns
    -------
    Choice or None
        None if a target cannot be solved from this set, if two of its sources exclude each other,
        or if the set exceeds the budget.
    """
    if program.in_conflict(supervised):
        return None
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
    """Return which supervised targets keep a transfer, where that costs budget.

    This is a knapsack problem, solved exactly by keeping every partial selection unless another
    one is both cheaper and better (Nemhauser and Ullmann, Management Science 1969).
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
    """Keep each selection (cost, value, targets) with a larger value than every cheaper one."""
    kept: list[tuple[int, float, tuple[int, ...]]] = []
    for cost, value, chosen in sorted(selections, key=lambda s: (s[0], -s[1])):
        if not kept or value > kept[-1][1]:
            kept.append((cost, value, chosen))
    return kept


def without_redundant(program: Program, choice: Choice, clock: Clock | None = None) -> Choice:
    """Drop each source whose removal loses no value, the most expensive first, while time lasts."""
    clock = clock or Clock()
    candidates = np.flatnonzero(choice.supervised & ~program.required)
    for source in sorted(candidates, key=lambda s: (-program.label_cost[s], -s)):
        if clock.over:
            break
        smaller = choice.supervised.copy()
        smaller[source] = False
        cheaper = choose_transfers(program, smaller)
        if cheaper is not None and cheaper.value >= choice.value:
            choice = cheaper
    return choice
