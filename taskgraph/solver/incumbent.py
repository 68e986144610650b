"""The best solution so far, with a fixed order among solutions of equal value."""

from __future__ import annotations

import math
from typing import NamedTuple

from taskgraph.arrays import Booleans
from taskgraph.program import Program
from taskgraph.solver.choice import Choice, choose_transfers, tolerance, without_redundant
from taskgraph.solver.clock import Clock

MOST_TIED = 100
"""Most tied solutions that are looked at before the search ignores further ones."""


class SearchResult(NamedTuple):
    """Whether a search tried every set, its bound, and how many nodes or sets it tried."""

    complete: bool
    bound: float
    nodes: int


class Incumbent:
    """Keeps the solutions one of which will be reported.

    Among solutions whose values differ by less than the tolerance, the one with the fewest
    supervised sources is reported, then the one whose list of names comes first. A solution is
    dropped once another one comes before it and has no smaller value.

    Coarse affinities, such as grades from 1 to 3, give more ties than a search can go through.
    After `MOST_TIED` of them, only solutions of a larger value are kept, and `skips_ties` is True:
    the first tie is then left to `taskgraph.solver.ties`.
    """

    def __init__(self, program: Program, clock: Clock | None = None) -> None:
        self.program, self._clock = program, clock or Clock()
        self.value = -math.inf
        self.skips_ties = False
        self._front: list[Choice] = []
        self._tied = 0

    @property
    def least_tie(self) -> float:
        """Return the smallest value that counts as equal to the best one."""
        return self.value - tolerance(self.value) if self._front else -math.inf

    @property
    def cutoff(self) -> float:
        """Return the value below which a solution is not kept."""
        many = self._tied > MOST_TIED
        return self.value + tolerance(self.value) if many else self.least_tie

    @property
    def first(self) -> Choice | None:
        """Return the solution to report; None before the first one."""
        return min(self._front, key=_rank, default=None)

    def reaches(self, bound: float) -> bool:
        """Return whether no solution is better than the best one, as its value is the bound."""
        return bool(self._front) and bound <= self.value + tolerance(self.value)

    def offer(self, supervised: Booleans) -> None:
        """Evaluate a set of supervised sources, and keep it if it may be the one to report."""
        choice = choose_transfers(self.program, supervised)
        if choice is None or choice.value < self.cutoff:
            return
        choice = without_redundant(self.program, choice, self._clock)
        self._tied = 0 if choice.value > self.value + tolerance(self.value) else self._tied + 1
        self.skips_ties |= self._tied > MOST_TIED
        self.value = max(self.value, choice.value)
        rank = _rank(choice)
        if any(c.value >= choice.value and _rank(c) <= rank for c in self._front):
            return
        kept = [c for c in self._front if c.value > choice.value or _rank(c) < rank]
        self._front = [c for c in [*kept, choice] if c.value >= self.least_tie]


def _rank(choice: Choice) -> tuple[int, list[int]]:
    sources: list[int] = choice.supervised.nonzero()[0].tolist()
    return len(sources), sources
