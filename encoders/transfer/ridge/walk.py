"""Visits every set of sources once, in several threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import comb

import numpy as np

from encoders.transfer.ridge.elimination import Stage, eliminate, last, solve
from encoders.transfer.ridge.sets import first_position
from taskgraph.arrays import Array

Progress = Callable[[int, int], None]
"""Told how many of how many sets, over all penalties, are solved."""

Note = Callable[[Sequence[int], Sequence[Array]], None]
"""Told a prefix and, for each of the held examples, the errors of it with each later source."""


def all_errors(stage: Stage, most: int, workers: int, told: Told) -> dict[int, tuple[Array, ...]]:
    """(n, T) errors of all sets of orders 1 to ``most``, for each of the held examples."""
    count, targets = stage.remaining, stage.owners.shape[1]
    found = {
        order: tuple(np.empty((comb(count, order), targets), np.float32) for _ in stage.held)
        for order in range(1, most + 1)
    }

    def note(prefix: Sequence[int], errors: Sequence[Array]) -> None:
        """Errors of the sets of a prefix and one of each of those after it."""
        order, rows = len(prefix) + 1, len(errors[0])
        if rows:
            start = first_position(prefix, order, count)
            for place, each in zip(found[order], errors, strict=True):
                place[start : start + rows] = each
            told(rows)

    # Few pieces of work wait at a time, as each holds its moments.
    waiting = threading.Semaphore(2 * workers)
    with ThreadPoolExecutor(workers) as pool:
        futures = []
        for piece in _pieces(stage, most, note):
            waiting.acquire()
            future = pool.submit(_descend, piece, most, note)
            future.add_done_callback(lambda _: waiting.release())
            futures.append(future)
        for future in futures:
            future.result()
    return found


def _pieces(stage: Stage, most: int, note: Note) -> Iterator[Stage]:
    """Stages whose descents, together with what is noted here, make up the whole.

    They have prefixes of two sources, or fewer where the last two steps begin there.
    """
    taken = len(stage.prefix)
    if taken == 2 or taken + 2 >= most:
        yield stage
        return
    solved = solve(stage)
    note(stage.prefix, solved.errors)
    for source in range(stage.remaining - 1):
        yield from _pieces(eliminate(stage, solved, source), most, note)


def _descend(stage: Stage, most: int, note: Note) -> None:
    """Note the errors of all sets that begin with the stage's prefix."""
    solved = solve(stage)
    note(stage.prefix, solved.errors)
    order = len(stage.prefix) + 1
    if order == most:
        return
    if order + 1 == most:
        first = stage.prefix[-1] + 1 if stage.prefix else 0
        for source, errors in enumerate(last(stage, solved)):
            note((*stage.prefix, first + source), errors)
        return
    for source in range(stage.remaining - 1):
        _descend(eliminate(stage, solved, source), most, note)


class Told:
    """Counts solved sets over all penalties, of which ``number`` are done, and threads."""

    def __init__(
        self, progress: Progress, number: int, penalties: int, most: int, sources: int
    ) -> None:
        each = sum(comb(sources, order) for order in range(1, most + 1))
        self._progress, self._lock = progress, threading.Lock()
        self._done, self._all = number * each, penalties * each

    def __call__(self, sets: int) -> None:
        """Add sets that are solved, and tell."""
        with self._lock:
            self._done += sets
            self._progress(self._done, self._all)
