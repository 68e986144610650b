"""Compute the errors of all sets of sources, visiting each set once, in several threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import comb

import numpy as np

from encoders.transfer.ridge.elimination import Stage, eliminate, last, solve_stage
from encoders.transfer.ridge.sets import first_position
from taskgraph.arrays import Array
from taskgraph.progress import Progress

ErrorCallback = Callable[[Sequence[int], Sequence[Array]], None]
"""Receives a prefix and, for each evaluation part, its errors together with each later source."""


def all_errors(
    stage: Stage, most: int, workers: int, counter: SetCounter
) -> dict[int, tuple[Array, ...]]:
    """Return the errors of all sets, by order: for each evaluation part, an (n, T) array.

    Parameters
    ----------
    stage : Stage
        With an empty prefix.
    most : int
        The highest order.
    workers : int
        Number of threads.
    counter : SetCounter
        Counts the sets as they are solved.
    """
    count, targets = stage.remaining, stage.owners.shape[1]
    errors_of = {
        order: tuple(np.empty((comb(count, order), targets), np.float32) for _ in stage.evaluation)
        for order in range(1, most + 1)
    }

    def store(prefix: Sequence[int], errors: Sequence[Array]) -> None:
        """Store the errors of the sets that consist of a prefix and one later source."""
        order, rows = len(prefix) + 1, len(errors[0])
        if rows:
            start = first_position(prefix, order, count)
            for table, part in zip(errors_of[order], errors, strict=True):
                table[start : start + rows] = part
            counter.add(rows)

    # Few pieces of work wait at a time, because each has moments of its own in memory.
    waiting = threading.Semaphore(2 * workers)
    with ThreadPoolExecutor(workers) as pool:
        futures = []
        for piece in _pieces(stage, most, store):
            waiting.acquire()
            future = pool.submit(_descend, piece, most, store)
            future.add_done_callback(lambda _: waiting.release())
            futures.append(future)
        for future in futures:
            future.result()
    return errors_of


def _pieces(stage: Stage, most: int, on_errors: ErrorCallback) -> Iterator[Stage]:
    """Yield the stages at which the threads start; the sets before them are solved here.

    Their prefixes have two sources, or fewer if at most two orders are left.
    """
    taken = len(stage.prefix)
    if taken == 2 or taken + 2 >= most:
        yield stage
        return
    solved = solve_stage(stage)
    on_errors(stage.prefix, solved.errors)
    for source in range(stage.remaining - 1):
        yield from _pieces(eliminate(stage, solved, source), most, on_errors)


def _descend(stage: Stage, most: int, on_errors: ErrorCallback) -> None:
    """Solve all sets that begin with the stage's prefix."""
    solved = solve_stage(stage)
    on_errors(stage.prefix, solved.errors)
    order = len(stage.prefix) + 1
    if order == most:
        return
    if order + 1 == most:
        first = stage.prefix[-1] + 1 if stage.prefix else 0
        for source, errors in enumerate(last(stage, solved)):
            on_errors((*stage.prefix, first + source), errors)
        return
    for source in range(stage.remaining - 1):
        _descend(eliminate(stage, solved, source), most, on_errors)


class SetCounter:
    """Counts solved sets over all threads and penalties, and reports the progress.

    ``number`` is how many penalties have been finished before.
    """

    def __init__(
        self, progress: Progress, number: int, penalties: int, most: int, sources: int
    ) -> None:
        each = sum(comb(sources, order) for order in range(1, most + 1))
        self._progress, self._lock = progress, threading.Lock()
        self._done, self._all = number * each, penalties * each

    def add(self, sets: int) -> None:
        """Add a number of solved sets, and report."""
        with self._lock:
            self._done += sets
            self._progress(self._done, self._all)
