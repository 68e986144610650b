"""The best taxonomies found so far, and of those that tie, the one to report."""

from __future__ import annotations

import math

from taskgraph.arrays import Booleans
from taskgraph.program import Program
from taskgraph.solver.choice import Choice, choose, tolerance, without_useless
from taskgraph.solver.clock import Clock


class Incumbent:
    """Keeps every solution that may still be the one to report.

    That is the first, in the order of fewest supervised and then of names, of all that are worth
    the optimum within the tolerance. A solution is let go once another is worth no less and comes
    before it.
    """

    def __init__(self, program: Program, clock: Clock | None = None) -> None:
        self.program, self._clock = program, clock or Clock()
        self.value = -math.inf
        self._front: list[Choice] = []

    @property
    def least(self) -> float:
        """What a solution must be worth to matter."""
        return self.value - tolerance(self.value) if self._front else -math.inf

    @property
    def first(self) -> Choice | None:
        """The solution to report; None while there is none."""
        return min(self._front, key=_rank, default=None)

    def offer(self, supervised: Booleans) -> None:
        """Evaluate a set, and keep it if it matters."""
        choice = choose(self.program, supervised)
        if choice is None or choice.value < self.least:
            return
        choice = without_useless(self.program, choice, self._clock)
        self.value = max(self.value, choice.value)
        rank = _rank(choice)
        if any(c.value >= choice.value and _rank(c) <= rank for c in self._front):
            return
        kept = [c for c in self._front if c.value > choice.value or _rank(c) < rank]
        self._front = [c for c in [*kept, choice] if c.value >= self.least]


def _rank(choice: Choice) -> tuple[int, list[int]]:
    sources: list[int] = choice.supervised.nonzero()[0].tolist()
    return len(sources), sources
