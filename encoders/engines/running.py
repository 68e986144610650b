"""Run jobs: each once, none ending another, and what became of each told."""

from __future__ import annotations

import pickle
from collections import Counter, deque
from collections.abc import Generator, Iterable
from dataclasses import dataclass, replace
from typing import Any

from encoders.engines.job import Died, Failed, Job, Report, told
from encoders.engines.pool import Crew, Engine, EngineError
from encoders.engines.progress import Pace, Standing, Watch

POLL = 1.0
"""Seconds between two looks at how far a run is."""


@dataclass(frozen=True)
class Ended:
    """What became of one job.

    Attributes
    ----------
    job : Job
    value : object
        What the function returned.
    reason : str or None
        Why there is no value.
    kept : bool
        Whether the job's file was there, so that it was not begun (again).
    stops : bool
        Whether no further job is begun, as its files could not be written either.
    """

    job: Job
    value: Any = None
    reason: str | None = None
    kept: bool = False
    stops: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of all jobs: each is in one of ``results``, ``failures``, ``kept``, ``left``.

    All are in the order in which the jobs were given, so that the way they ran leaves no trace.

    Attributes
    ----------
    results : dict
        What was returned, by key.
    failures : dict
        Why there is no result, by key.
    kept : tuple of str
        Jobs that were finished before.
    left : tuple of str
        Jobs that were not begun, because the run stopped.
    stopped : str or None
        Why it stopped, and what to do about it.
    """

    results: dict[str, Any]
    failures: dict[str, str]
    kept: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    stopped: str | None = None


def run(
    jobs: Iterable[Job], engine: Engine, *, watch: Watch = lambda _: None, attempts: int = 2
) -> Outcome:
    """Run all jobs to their end; see `as_done`."""
    jobs = list(jobs)
    ended = {each.job.key: each for each in as_done(jobs, engine, watch=watch, attempts=attempts)}
    inorder = [ended[job.key] for job in jobs if job.key in ended]
    failures = {each.job.key: each.reason for each in inorder if each.reason is not None}
    return Outcome(
        {e.job.key: e.value for e in inorder if not e.kept and e.job.key not in failures},
        failures,
        tuple(each.job.key for each in inorder if each.kept),
        tuple(job.key for job in jobs if job.key not in ended),
        next((each.reason for each in ended.values() if each.stops), None),
    )


def as_done(
    jobs: Iterable[Job], engine: Engine, *, watch: Watch = lambda _: None, attempts: int = 2
) -> Generator[Ended, None, None]:
    """Run jobs and yield what became of each, as they end; those finished before come first.

    A job that raises has failed, and ends no other: an error of ours is told by its message, any
    other by its type, message and place. A job whose process dies is begun again after all
    others, where they share a machine's memory by itself, ``attempts`` times in all. When the
    disk is full no further job is begun, but those that run are finished. If the caller stops to
    iterate (close the iterator, as with `contextlib.closing`) or is interrupted, the workers end.

    Parameters
    ----------
    watch : function
        Called with the `Standing` after each job and about once a second.

    Raises
    ------
    EngineError
        If two jobs have one key, ``attempts`` is below 1, or the engine does not work.
    """
    table = _Table(jobs, attempts)
    watch(table.standing(1))
    yield from [Ended(job, kept=True) for job in table.kept]
    if not table.waiting:
        return
    with engine.opened() as crew:
        while table.running or table.next(crew):
            while job := table.next(crew):
                ended = table.begin(job, crew)
                if ended:
                    yield ended
            if not table.running:
                continue
            for key, report in crew.ended(POLL):
                ended = table.end(key, report)
                watch(table.standing(crew.places))
                if ended:
                    yield ended
            watch(table.standing(crew.places))


class _Table:
    """Which job is where."""

    def __init__(self, jobs: Iterable[Job], attempts: int) -> None:
        everything = list(jobs)
        twice = [key for key, n in Counter(job.key for job in everything).items() if n > 1]
        if twice:
            raise EngineError(f'two jobs have the key "{twice[0]}"; each needs its own')
        if attempts < 1:
            raise EngineError(f"attempts is {attempts}, expected at least 1")
        self.attempts, self.total = attempts, len(everything)
        self.kept = [job for job in everything if job.is_done]
        there = {job.key for job in self.kept}
        self.fresh = deque(job for job in everything if job.key not in there)
        self.suspects: deque[Job] = deque()
        self.running: dict[str, Job] = {}
        self.begun: Counter[str] = Counter()
        self.done, self.failed, self.stopped = len(self.kept), 0, False
        self.pace = Pace()

    @property
    def waiting(self) -> list[Job]:
        """Those that will be begun."""
        return [] if self.stopped else [*self.fresh, *self.suspects]

    def next(self, crew: Crew) -> Job | None:
        """The job to begin now, if any: suspects come last."""
        if self.stopped or len(self.running) >= crew.places:
            return None
        if self.fresh:
            return self.fresh[0]
        if self.suspects and not (crew.shared and self.running):
            return self.suspects[0]
        return None

    def begin(self, job: Job, crew: Crew) -> Ended | None:
        """Hand out a job; what became of it, if it cannot be."""
        (self.fresh if self.fresh else self.suspects).popleft()
        if job.is_done:  # by another run, in the meantime
            return self._count(Ended(job, kept=True))
        try:
            packed = job.packed()
        except Exception as error:
            reason = (
                f"it cannot be sent to a worker ({told(error)}); a job is a function of a module, "
                "and plain values"
            )
            return self._count(Ended(job, reason=reason))
        crew.begin(job.key, packed)
        self.begun[job.key] += 1
        self.running[job.key] = job
        self.pace.begin(job)
        return None

    def end(self, key: str, report: Report) -> Ended | None:
        """Take in a report; what became of the job, unless it is to be begun again."""
        job = self.running.pop(key)
        if isinstance(report, Died):
            if job.is_done:  # killed after the last of its work
                return self._count(Ended(job, kept=True))
            if self.begun[key] < self.attempts:
                self.suspects.append(job)
                return None
            often = f", at each of {self.attempts} attempts" if self.attempts > 1 else ""
            return self._count(Ended(job, reason=report.cause + often))
        if isinstance(report, Failed):
            self.stopped |= report.stops
            return self._count(Ended(job, reason=report.reason, stops=report.stops))
        try:
            value = pickle.loads(report.packed)
        except Exception as error:
            return self._count(Ended(job, reason=f"its result cannot be read ({told(error)})"))
        self.pace.end(job, report.seconds)
        return self._count(Ended(job, value))

    def _count(self, ended: Ended) -> Ended:
        self.failed += ended.reason is not None
        self.done += ended.reason is None
        return ended

    def standing(self, places: int) -> Standing:
        """How far the run is."""
        now = Standing(self.done, self.total, self.failed)
        left = self.pace.left(self.waiting, self.running.values(), places)
        return replace(now, seconds_left=left)
