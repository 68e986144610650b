"""Good taxonomies quickly: greedy additions, then swaps. They bound the optimum from below."""

from __future__ import annotations

import numpy as np

from taskgraph.arrays import Booleans, Floats, Integers
from taskgraph.program import Program
from taskgraph.solver.choice import Choice, choose
from taskgraph.solver.clock import Clock

KICKS = 6


class Neighborhood:
    """Values of source sets that differ by one addition, all at once in O(E).

    A set that leaves a target unsolved is worth ``penalty`` less for each, so that the search is
    drawn to feasible sets first.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        spread = np.abs(program.edge_value).sum() + np.abs(program.self_value).sum()
        self.penalty = -1.0 - float(spread)
        self.reached, self.start = np.unique(program.edge_target, return_index=True)
        owned = np.flatnonzero(program.self_source >= 0)
        self.owned, self.own = owned, program.self_source[owned]

    def values(self, supervised: Booleans) -> Floats:
        """(T,) array: what each target is worth with this set."""
        return self._values(supervised, self._lacking(supervised).sum(axis=1))

    def _lacking(self, supervised: Booleans) -> Booleans:
        lacking: Booleans = (~np.append(supervised, True))[self.program.edge_sources]  # E, K
        return lacking

    def _values(self, supervised: Booleans, count: Integers) -> Floats:
        value = np.full(len(self.program.targets), self.penalty)
        if len(self.reached):
            worth = np.where(count == 0, self.program.edge_value, self.penalty)
            value[self.reached] = np.maximum.reduceat(worth, self.start)
        return self._with_own(value, supervised)

    def additions(self, supervised: Booleans) -> tuple[float, Floats]:
        """Worth of the set, and (S,) of the set with each source added."""
        program = self.program
        lacking = self._lacking(supervised)
        count = lacking.sum(axis=1)
        value = self._values(supervised, count)
        one = np.flatnonzero(count == 1)
        added = program.edge_sources[one][lacking[one]]
        target = program.edge_target[one]
        worth = np.maximum(program.edge_value[one] - value[target], 0.0)
        if not program.may_transfer:
            worth[program.solved_by_own(supervised)[target]] = 0.0
        gain = np.zeros((len(program.sources), len(program.targets)))
        np.maximum.at(gain, (added, target), worth)
        own_gain = program.self_value[self.owned] - value[self.owned]
        gain[self.own, self.owned] = np.maximum(own_gain, 0.0) if program.may_transfer else own_gain
        score = float(value.sum())
        return score, np.where(supervised, score, score + gain.sum(axis=1))

    def _with_own(self, value: Floats, supervised: Booleans) -> Floats:
        program = self.program
        own = program.self_value
        if program.may_transfer:
            own = np.maximum(own, value)
        return np.where(program.solved_by_own(supervised), own, value)


def greedy_choice(program: Program) -> Choice | None:
    """Add the source that helps most, while one helps and fits; None if a target stays unsolved."""
    return choose(program, greedy_set(Neighborhood(program)))


def greedy_set(
    near: Neighborhood, start: Booleans | None = None, clock: Clock | None = None
) -> Booleans:
    """Greedy additions to ``start`` (by default the required sources); the first of equals wins.

    Once the clock is over, all that still fits is added in the order of its last worth.
    """
    program, clock = near.program, clock or Clock()
    supervised = (program.required if start is None else start).copy()
    while True:
        score, scores = near.additions(supervised)
        scores = np.where(program.fitting(supervised), scores, -np.inf)
        source = int(scores.argmax()) if len(scores) else -1
        if source < 0 or scores[source] <= score:
            return supervised
        if clock.over:
            ranked = np.argsort(-scores, kind="stable")
            return _filled(near, supervised, ranked[scores[ranked] > score])
        supervised[source] = True


def improve(near: Neighborhood, supervised: Booleans, clock: Clock | None = None) -> Booleans:
    """Swap or remove each source in turn where that helps, until none is left that does."""
    clock, since = clock or Clock(), 0
    inside = np.flatnonzero(supervised & ~near.program.required)
    score = float(near.values(supervised).sum())
    while since < len(inside) and not clock.over:
        out, inside = int(inside[0]), np.roll(inside, -1)
        swapped, worth = _replace(near, supervised, out)
        since += 1
        if worth > score + 1e-12 * max(1.0, abs(score)):
            supervised = greedy_set(near, swapped, clock)
            score, since = float(near.values(supervised).sum()), 0
            inside = _reordered(inside, supervised & ~near.program.required)
    return supervised


def _replace(near: Neighborhood, supervised: Booleans, out: int) -> tuple[Booleans, float]:
    """The best set without a source and with at most one other in its place."""
    program, smaller = near.program, supervised.copy()
    smaller[out] = False
    base, scores = near.additions(smaller)
    scores = np.where(program.fitting(smaller), scores, -np.inf)
    scores[out] = base  # nothing takes its place
    into = int(scores.argmax())
    smaller[into] = into != out
    return smaller, float(scores[into])


def _reordered(queue: Integers, wanted: Booleans) -> Integers:
    """The queue without what left, and with what came at its end."""
    stays = queue[wanted[queue]]
    return np.append(stays, np.setdiff1d(np.flatnonzero(wanted), stays))


def local_search(
    program: Program, starts: list[Booleans], clock: Clock | None = None, *, kicks: int = KICKS
) -> Choice | None:
    """The best of greedy and swaps from each start, and from kicks of the best.

    A kick takes out a third of the sources, the same ones every time.

    Returns
    -------
    Choice or None
        None if none of them solves every target.
    """
    near, clock, random = Neighborhood(program), clock or Clock(), np.random.default_rng(0)
    found = []
    for start in starts:
        chosen = greedy_set(near, affordable(near, np.flatnonzero(start)), clock)
        found.append(improve(near, chosen, clock))
    best = max(found, key=lambda supervised: near.values(supervised).sum())
    for _ in range(kicks):
        inside = np.flatnonzero(best & ~program.required)
        if clock.over or not len(inside):
            break
        kicked = best.copy()
        kicked[random.choice(inside, -(-len(inside) // 3), replace=False)] = False
        kicked = improve(near, greedy_set(near, kicked, clock), clock)
        if near.values(kicked).sum() > near.values(best).sum():
            best = kicked
    return choose(program, best)


def affordable(near: Neighborhood, wanted: Integers) -> Booleans:
    """The required sources and, in the order given, as many others as the budget allows."""
    return _filled(near, near.program.required, wanted)


def _filled(near: Neighborhood, start: Booleans, wanted: Integers) -> Booleans:
    program, supervised = near.program, start.copy()
    price, left = program.price.tolist(), program.room - int(program.price[supervised].sum())
    for source in wanted[~program.banned[wanted]].tolist():
        if not supervised[source] and price[source] <= max(0, left):
            supervised[source] = True
            left -= price[source]
    return supervised
