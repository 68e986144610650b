"""Who makes the views: this process alone, or several that share the buildings."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from encoders.engines.workers import end_with_parent
from encoders.errors import WorkerDiedError
from encoders.scenes.making.folder import whole_views
from encoders.scenes.making.one import Seconds, Site, labeled, stage, visit, write_view
from encoders.scenes.making.settings import Settings

Made = Generator[None, None, None]
"""Goes on by one with every view."""

POLL = 0.2
"""Seconds between two looks at how far the workers are."""


@dataclass(frozen=True)
class Slice:
    """Some views of one building: ``views[start:stop]``."""

    building: int
    start: int
    stop: int


class Worker:
    """Makes views; remembers the building that it is in."""

    def __init__(self, out: Path, settings: Settings) -> None:
        self.out, self.settings = out, settings
        self._site: Site | None = None

    def make(self, part: Slice, seconds: Seconds) -> Iterator[None]:
        """Make the views of a slice that are not there yet; yields after each."""
        site = self._at(part.building, seconds)
        there = whole_views(self.out, site.caster.building.name)
        for view in site.views[part.start : part.stop]:
            if (view.point, view.view) in there:
                continue
            values = labeled(site, view, seconds)
            with stage(seconds, "files"):
                write_view(self.out, site, view, values)
            yield

    def _at(self, building: int, seconds: Seconds) -> Site:
        if self._site is None or self._site.index != building:
            self._site = None  # two buildings need not fit into memory
            self._site = visit(self.settings, building, seconds)
        return self._site


def run(
    out: Path, settings: Settings, slices: Sequence[Slice], seconds: Seconds, workers: int
) -> Made:
    """Make all views that are not there; yields after each, adds up the stages' ``seconds``.

    However it ends, no worker is left behind, and each has finished the view that it was at.

    Raises
    ------
    WorkerDiedError
        If a worker was ended from outside.
    """
    if workers == 1:
        return _alone(out, settings, slices, seconds)
    return _together(out, settings, slices, seconds, workers)


def _alone(out: Path, settings: Settings, slices: Sequence[Slice], seconds: Seconds) -> Made:
    worker = Worker(out, settings)
    with threadpool_limits(1):
        for part in slices:
            yield from worker.make(part, seconds)


def _together(
    out: Path, settings: Settings, slices: Sequence[Slice], seconds: Seconds, workers: int
) -> Made:
    context = multiprocessing.get_context("spawn")
    # One place a slice, each written by one worker alone: no lock that a dead one could hold.
    counts, stop = context.RawArray("l", len(slices)), context.RawValue("b", 0)
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(
        workers, context, initializer=_start, initargs=(out, settings, counts, stop)
    )
    seen = 0
    try:
        with _deaf_to_interrupts():
            futures = {pool.submit(_make, place, part) for place, part in enumerate(slices)}
        crew = set(multiprocessing.active_children()) - others
        while futures:
            done, futures = wait(futures, timeout=POLL, return_when=FIRST_EXCEPTION)
            for future in done:
                for name, spent in _result(future.result, crew).items():
                    seconds[name] = seconds.get(name, 0.0) + spent
            made = sum(counts)
            yield from [None] * (made - seen)
            seen = made
    finally:
        stop.value = 1
        pool.shutdown(cancel_futures=True)


_worker: tuple[Worker, Any, Any]
"""Of this process: the worker, the places where it counts, and whether it is to stop."""


def _start(out: Path, settings: Settings, counts: Any, stop: Any) -> None:
    """Set up a worker process."""
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    threadpool_limits(1)
    _worker = Worker(out, settings), counts, stop


def _make(place: int, part: Slice) -> Seconds:
    """Make one slice in a worker process."""
    worker, counts, stop = _worker
    seconds: Seconds = {}
    if not stop.value:
        for _ in worker.make(part, seconds):
            counts[place] += 1
            if stop.value:
                break
    return seconds


def _result(result: Callable[[], Seconds], crew: set[BaseProcess]) -> Seconds:
    try:
        return result()
    except BrokenProcessPool:
        for process in crew:
            process.join(5)
        # The pool ends the others by SIGTERM.
        codes = [p.exitcode for p in crew if p.exitcode not in (None, 0, -signal.SIGTERM)]
        raise WorkerDiedError(f"a worker {_cause(codes[0] if codes else None)}") from None


def _cause(code: int | None) -> str:
    if code is None:
        return "ended unexpectedly"
    if code == -signal.SIGKILL:
        return "was killed (SIGKILL; perhaps the memory ran out: try fewer --workers)"
    if code < 0:
        return f"died of {signal.Signals(-code).name}"
    return f"ended with exit code {code} before it could work"


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes started inside ignore Ctrl-C from their first moment; their parent ends them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
