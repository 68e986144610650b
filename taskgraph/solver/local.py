"""Local search for good taxonomies: greedy additions, then swaps of single sources."""

from __future__ import annotations

import numpy as np

from taskgraph.arrays import Booleans, Floats, Integers
from taskgraph.program import Program
from taskgraph.solver.choice import Choice, choose_transfers
from taskgraph.solver.clock import Clock

BITS = 32
"""Bits for the sum of the places of the sources that an edge lacks."""


class Neighborhood:
    """Objective values of a set of sources and of all sets with one more source, in O(E).

    Each unsolved target adds ``penalty``, which is lower than any value of a feasible set.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        spread = np.abs(program.edge_value).sum() + np.abs(program.self_value).sum()
        self.penalty = -1.0 - float(spread)
        self.reached, self.start = np.unique(program.edge_target, return_index=True)
        owned = np.flatnonzero(program.self_source >= 0)
        self.owned, self.own = owned, program.self_source[owned]
        self.own_value = program.self_value[owned]
        self.members = np.ascontiguousarray(program.edge_sources.T)  # K, E
        self.code = np.arange(len(program.sources) + 1) + (1 << BITS)
        self.code[-1] = 0  # padding

    def values(self, supervised: Booleans) -> Floats:
        """Return the value of each target with a set of supervised sources, (T,)."""
        return self._values(supervised, self._lacking(supervised) >> BITS)

    def _lacking(self, supervised: Booleans) -> Integers:
        """Return the number of lacking sources times 2 ** `BITS`, plus their places, (E,)."""
        code = self.code.copy()
        code[:-1][supervised] = 0
        total: Integers = code[self.members].sum(axis=0)
        return total

    def _values(self, supervised: Booleans, count: Integers) -> Floats:
        value = np.full(len(self.program.targets), self.penalty)
        if len(self.reached):
            worth = np.where(count == 0, self.program.edge_value, self.penalty)
            value[self.reached] = np.maximum.reduceat(worth, self.start)
        held = supervised[self.own]
        own = self.own_value[held]
        mine = self.owned[held]
        value[mine] = np.maximum(own, value[mine]) if self.program.may_transfer else own
        return value

    def additions(self, supervised: Booleans) -> tuple[float, Floats]:
        """Return the value of a set, and an (S,) array of its values with each source added."""
        program = self.program
        lacking = self._lacking(supervised)
        count = lacking >> BITS
        value = self._values(supervised, count)
        one = np.flatnonzero(count == 1)
        added = lacking[one] - (1 << BITS)
        target = program.edge_target[one]
        worth = np.maximum(program.edge_value[one] - value[target], 0.0)
        if not program.may_transfer:
            worth[program.solved_by_own(supervised)[target]] = 0.0
        increase = np.zeros((len(program.sources), len(program.targets)))
        np.maximum.at(increase, (added, target), worth)
        own_increase = self.own_value - value[self.owned]
        increase[self.own, self.owned] = (
            np.maximum(own_increase, 0.0) if program.may_transfer else own_increase
        )
        score = float(value.sum())
        return score, np.where(supervised, score, score + increase.sum(axis=1))


def greedy_choice(program: Program, clock: Clock | None = None) -> Choice | None:
    """Return the choice of greedy additions; None if a target stays unsolved."""
    return choose_transfers(program, greedy_set(Neighborhood(program), clock=clock))


def greedy_set(
    neighborhood: Neighborhood, start: Booleans | None = None, clock: Clock | None = None
) -> Booleans:
    """Add sources to ``start`` (by default the required ones), each time the best one.

    The best source raises the objective most; the first of equal ones is taken. Once the clock is
    over, the remaining sources are added in the order of their last increases, as far as the budget
    allows.
    """
    program, clock = neighborhood.program, clock or Clock()
    supervised = (program.required if start is None else start).copy()
    while True:
        score, scores = neighborhood.additions(supervised)
        scores = np.where(program.fitting(supervised), scores, -np.inf)
        source = int(scores.argmax()) if len(scores) else -1
        if source < 0 or scores[source] <= score:
            return supervised
        if clock.over:
            ranked = np.argsort(-scores, kind="stable")
            return _filled(neighborhood, supervised, ranked[scores[ranked] > score])
        supervised[source] = True


def improve(
    neighborhood: Neighborhood, supervised: Booleans, clock: Clock | None = None
) -> Booleans:
    """Swap or remove single sources as long as that raises the value and time is left."""
    clock, since = clock or Clock(), 0
    inside = np.flatnonzero(supervised & ~neighborhood.program.required)
    score = float(neighborhood.values(supervised).sum())
    while since < len(inside) and not clock.over:
        out, inside = int(inside[0]), np.roll(inside, -1)
        swapped, worth = _replace(neighborhood, supervised, out)
        since += 1
        if worth > score + 1e-12 * max(1.0, abs(score)):
            supervised = greedy_set(neighborhood, swapped, clock)
            score, since = float(neighborhood.values(supervised).sum()), 0
            inside = _reordered(inside, supervised & ~neighborhood.program.required)
    return supervised


def _replace(neighborhood: Neighborhood, supervised: Booleans, out: int) -> tuple[Booleans, float]:
    """Return the best set with ``out`` removed or replaced by another source, and its value."""
    program, smaller = neighborhood.program, supervised.copy()
    smaller[out] = False
    base, scores = neighborhood.additions(smaller)
    scores = np.where(program.fitting(smaller), scores, -np.inf)
    scores[out] = base  # removed without a replacement
    into = int(scores.argmax())
    smaller[into] = into != out
    return smaller, float(scores[into])


def _reordered(queue: Integers, wanted: Booleans) -> Integers:
    """Return the queue without unwanted sources, and with new wanted ones at its end."""
    stays = queue[wanted[queue]]
    return np.append(stays, np.setdiff1d(np.flatnonzero(wanted), stays))


def local_search(
    program: Program, starts: list[Booleans], clock: Clock | None = None
) -> Choice | None:
    """Return the best choice of searches from several sets; None if it leaves a target unsolved.

    From each of ``starts``, (S,) bools, as far as the budget allows it, greedy additions and swaps
    begin. Restarts from a part of the best set improved none of our hard instances.
    """
    neighborhood, clock = Neighborhood(program), clock or Clock()
    sets = []
    for start in starts:
        chosen = greedy_set(neighborhood, affordable(neighborhood, np.flatnonzero(start)), clock)
        sets.append(improve(neighborhood, chosen, clock))
    return choose_transfers(
        program, max(sets, key=lambda supervised: neighborhood.values(supervised).sum())
    )


def affordable(neighborhood: Neighborhood, wanted: Integers) -> Booleans:
    """Return the required sources and, in the given order, others that the budget allows."""
    return _filled(neighborhood, neighborhood.program.required, wanted)


def _filled(neighborhood: Neighborhood, start: Booleans, wanted: Integers) -> Booleans:
    """Return a set with wanted sources added, in their order, as far as the budget allows."""
    program, supervised = neighborhood.program, start.copy()
    price, left = program.price.tolist(), program.room - int(program.price[supervised].sum())
    for source in wanted[~program.banned[wanted]].tolist():
        if not supervised[source] and price[source] <= max(0, left):
            supervised[source] = True
            left -= price[source]
    return supervised
