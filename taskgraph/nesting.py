"""Which transfers to a target have all sources of another one: what dominance compares."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from taskgraph.arrays import Integers

MOST = 4_000_000
"""Most comparisons of pairs of rows; larger tables are compared in blocks, and nothing is kept."""


@dataclass(frozen=True, eq=False)
class Nesting:
    """Pairs of rows with one target, the sources of the second a proper part of the first's.

    It depends on the sets alone and not on their values, so it is kept with the table.

    Attributes
    ----------
    row : (E,) ints
        Rows of the table, sorted by target.
    target : (E,) ints
    members : (E, K) ints
        Sources of each row, padded with ``size``.
    size : int
        Number of tasks.
    """

    row: Integers
    target: Integers
    members: Integers
    size: int

    @cached_property
    def pairs(self) -> tuple[Integers, Integers] | None:
        """Return the larger and the smaller row of each pair; None if the table is too large."""
        bounds = np.append(np.flatnonzero(np.diff(self.target, prepend=-1)), len(self.row))
        counts = np.diff(bounds)
        bits = bitsets(self.members, self.size)
        if int((counts.astype(float) ** 2).sum()) * bits.shape[1] > MOST:
            return None
        larger, smaller = [], []
        for first, last in pairwise(bounds.tolist()):
            mine = bits[first:last]
            nested = np.ones((last - first, last - first), dtype=bool)
            for word in mine.T:
                nested &= (word[None, :] & ~word[:, None]) == 0
            np.fill_diagonal(nested, False)
            over, under = np.nonzero(nested)
            larger.append(self.row[first + over])
            smaller.append(self.row[first + under])
        none = np.zeros(0, dtype=np.int64)
        return np.concatenate([none, *larger]), np.concatenate([none, *smaller])


def bitsets(members: Integers, size: int) -> NDArray[np.uint64]:
    """Return sets of sources below ``size`` as bits, (E, words)."""
    words = np.zeros((len(members), size // 64 + 1), dtype=np.uint64)
    for place in members.T:
        edge = np.flatnonzero(place < size)
        source = place[edge]
        bit = np.left_shift(np.uint64(1), (source % 64).astype(np.uint64))
        words[edge, source // 64] |= bit
    return words
