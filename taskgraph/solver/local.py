"""Good taxonomies quickly: greedy additions, then swaps. They bound the optimum from below."""

from __future__ import annotations

import numpy as np

from taskgraph.program import BoolArray, FloatArray, IntArray, Program
from taskgraph.solver.choice import Choice, best_edges, choose


class Neighbourhood:
    """Values of source sets that differ by one addition, all at once in O(E).

    A set that leaves a target unsolved is worth ``penalty`` less for each, so that the search is
    drawn to feasible sets first.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        spread = np.abs(program.edge_value).sum() + np.abs(program.self_value).sum()
        self.penalty = -1.0 - float(spread)
        owned = np.flatnonzero(program.self_source >= 0)
        self.owned, self.own = owned, program.self_source[owned]
        saving = np.zeros(len(program.sources))
        saving[self.own] = program.transfer_cost[owned]
        self.price = program.label_cost - saving
        self.room = program.budget + program.slack - float(program.transfer_cost.sum())

    def values(self, supervised: BoolArray) -> FloatArray:
        """(T,) array: what each target is worth with this set."""
        _, value = best_edges(self.program, supervised)
        value = np.maximum(value, self.penalty)
        return self._with_own(value, supervised)

    def additions(self, supervised: BoolArray) -> tuple[float, FloatArray]:
        """Worth of the set, and (S,) of the set with each source added."""
        program = self.program
        value = self.values(supervised)
        outside = ~np.append(supervised, True)
        lacking = outside[program.edge_sources]  # E, K
        one = np.flatnonzero(lacking.sum(axis=1) == 1)
        added = program.edge_sources[one][lacking[one]]
        target = program.edge_target[one]
        worth = np.maximum(program.edge_value[one] - value[target], 0.0)
        if not program.may_transfer:
            worth[self._is_own(supervised)[target]] = 0.0
        gain = np.zeros((len(program.sources), len(program.targets)))
        np.maximum.at(gain, (added, target), worth)
        own_gain = program.self_value[self.owned] - value[self.owned]
        gain[self.own, self.owned] = np.maximum(own_gain, 0.0) if program.may_transfer else own_gain
        score = float(value.sum())
        return score, np.where(supervised, score, score + gain.sum(axis=1))

    def _is_own(self, supervised: BoolArray) -> BoolArray:
        solved = np.zeros(len(self.program.targets), dtype=bool)
        solved[self.owned] = supervised[self.own]
        return solved

    def _with_own(self, value: FloatArray, supervised: BoolArray) -> FloatArray:
        program = self.program
        own = program.self_value
        if program.may_transfer:
            own = np.maximum(own, value)
        return np.where(self._is_own(supervised), own, value)


def greedy_choice(program: Program) -> Choice | None:
    """Add the source that helps most, while one helps and fits; None if a target stays unsolved."""
    return choose(program, greedy_set(Neighbourhood(program)))


def greedy_set(near: Neighbourhood, start: BoolArray | None = None) -> BoolArray:
    """Greedy additions to ``start`` (by default the required sources); the first of equals wins."""
    program = near.program
    supervised = (program.required if start is None else start).copy()
    while True:
        score, scores = near.additions(supervised)
        room = near.room - near.price[supervised].sum()
        allowed = ~supervised & ~program.banned & (near.price <= room)
        scores = np.where(allowed, scores, -np.inf)
        source = int(scores.argmax()) if len(scores) else -1
        if source < 0 or scores[source] <= score:
            return supervised
        supervised[source] = True


def improve(near: Neighbourhood, supervised: BoolArray, *, rounds: int = 1_000) -> BoolArray:
    """Take the best swap, removal or addition for as long as one helps."""
    program = near.program
    for _ in range(rounds):
        score, move = float(near.values(supervised).sum()), None
        least = score + 1e-12 * max(1.0, abs(score))
        for out in np.flatnonzero(supervised & ~program.required):
            trial = supervised.copy()
            trial[out] = False
            base, scores = near.additions(trial)
            room = near.room - near.price[trial].sum()
            allowed = ~supervised & ~program.banned & (near.price <= room)
            scores = np.where(allowed, scores, -np.inf)
            scores[out] = base  # nothing takes its place
            if scores.max() > least:
                least, best = float(scores.max()), int(scores.argmax())
                move = (out, best)
        if move is None:
            return supervised
        supervised = supervised.copy()
        supervised[move[0]] = False
        if move[1] != move[0]:
            supervised[move[1]] = True
        supervised = greedy_set(near, supervised)
    return supervised


def local_search(program: Program, starts: list[BoolArray]) -> Choice | None:
    """The best of greedy and swaps from each start; None if none solves every target."""
    near = Neighbourhood(program)
    found = []
    for start in starts:
        choice = choose(program, improve(near, greedy_set(near, _affordable(near, start))))
        if choice is not None:
            found.append(choice)
    return max(found, key=lambda choice: choice.value, default=None)


def _affordable(near: Neighbourhood, start: BoolArray) -> BoolArray:
    """As many sources of ``start``, required ones first, as the budget allows."""
    program = near.program
    supervised = program.required.copy()
    wanted: IntArray = np.flatnonzero(start & ~program.required & ~program.banned)
    for source in wanted:
        if near.price[supervised].sum() + near.price[source] <= near.room:
            supervised[source] = True
    return supervised
