"""The best solution so far, with a fixed order among solutions of equal value."""

from __future__ import annotations

import math

from taskgraph.arrays import Booleans
from taskgraph.program import Program
from taskgraph.solver.choice import Choice, choose_transfers, tolerance, without_redundant
from taskgraph.solver.clock import Clock


class Incumbent:
    """Keeps the solutions one of which will be reported.

    Among solutions whose values differ by less than the tolerance, the one with the fewest
    supervised sources is reported, then the one whose list of names comes first. A solution is
    dropped once another one comes before it and has no smaller value.
    """

    def __init__(self, program: Program, clock: Clock | None = None) -> None:
        self.program, self._clock = program, clock or Clock()
        self.value = -math.inf
        self._front: list[Choice] = []

    @property
    def cutoff(self) -> float:
        """Return the value below which a solution is not kept."""
        return self.value - tolerance(self.value) if self._front else -math.inf

    @property
    def first(self) -> Choice | None:
        """Return the solution to report; None before the first one."""
        return min(self._front, key=_rank, default=None)

    def offer(self, supervised: Booleans) -> None:
        """Evaluate a set of supervised sources, and keep it if it may be the one to report."""
        choice = choose_transfers(self.program, supervised)
        if choice is None or choice.value < self.cutoff:
            return
        choice = without_redundant(self.program, choice, self._clock)
        self.value = max(self.value, choice.value)
        rank = _rank(choice)
        if any(c.value >= choice.value and _rank(c) <= rank for c in self._front):
            return
        kept = [c for c in self._front if c.value > choice.value or _rank(c) < rank]
        self._front = [c for c in [*kept, choice] if c.value >= self.cutoff]


def _rank(choice: Choice) -> tuple[int, list[int]]:
    sources: list[int] = choice.supervised.nonzero()[0].tolist()
    return len(sources), sources
