"""Run jobs on an engine, retry those whose worker died, and collect their outcomes."""

from __future__ import annotations

import pickle
from collections import Counter, deque
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Any

from encoders.engines.job import Died, Failed, Job, Report, one_line_error
from encoders.engines.pool import Engine, EngineError, WorkerPool
from encoders.engines.progress import Pace, progress_label
from taskgraph.progress import Progress, no_progress

POLL = 1.0
"""Seconds between two reports of the progress while no job ends."""


@dataclass(frozen=True)
class JobOutcome:
    """The outcome of one job.

    Attributes
    ----------
    job : Job
    value : object
        What the function returned; None if the job failed or was kept.
    reason : str or None
        Why the job failed; None if it did not.
    kept : bool
        Whether the job was finished before, as its file existed.
    stops : bool
        Whether the job failed because files cannot be written, so that no further job is begun.
    died : bool
        Whether the job failed because its worker process was killed at each attempt.
    """

    job: Job
    value: Any = None
    reason: str | None = None
    kept: bool = False
    stops: bool = False
    died: bool = False


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run: each job is in one of ``results``, ``failures``, ``kept``, ``left``.

    Each is in the order in which the jobs were given, whatever order they finished in.

    Attributes
    ----------
    results : dict
        By key of the job: what its function returned.
    failures : dict of str
        By key of the job: the reason why it failed.
    kept : tuple of str
        Keys of the jobs that were finished before.
    left : tuple of str
        Keys of the jobs that were not begun, because the run stopped.
    stopped : str or None
        Why the run stopped, and how to continue; None if it did not stop.
    """

    results: dict[str, Any]
    failures: dict[str, str]
    kept: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    stopped: str | None = None


def run_jobs(
    jobs: Iterable[Job], engine: Engine, *, progress: Progress = no_progress, attempts: int = 2
) -> Outcome:
    """Run all jobs, and return their outcomes; the arguments are those of `as_completed`."""
    jobs = list(jobs)
    completed = as_completed(jobs, engine, progress=progress, attempts=attempts)
    outcomes = {outcome.job.key: outcome for outcome in completed}
    ordered = [outcomes[job.key] for job in jobs if job.key in outcomes]
    failures = {one.job.key: one.reason for one in ordered if one.reason is not None}
    return Outcome(
        {one.job.key: one.value for one in ordered if not one.kept and one.reason is None},
        failures,
        tuple(one.job.key for one in ordered if one.kept),
        tuple(job.key for job in jobs if job.key not in outcomes),
        next((one.reason for one in outcomes.values() if one.stops), None),
    )


def as_completed(
    jobs: Iterable[Job], engine: Engine, *, progress: Progress = no_progress, attempts: int = 2
) -> Generator[JobOutcome, None, None]:
    """Run jobs, and yield the outcome of each as soon as it ends; kept jobs come first.

    A job that raises an error fails, and the others go on. The reason is the message of an error
    of this package; for other errors it has their type, message and place. A job whose worker dies
    is begun again after all others, up to ``attempts`` times in all; where jobs share a machine's
    memory, it then runs alone. When files can no longer be written (for example because the disk
    is full), no further job is begun, and those that run are finished. If the iterator is closed
    (as by `contextlib.closing`) or interrupted, the workers end.

    Parameters
    ----------
    progress : Progress
        Receives the ended and all jobs after each job and about once a second; the label has the
        number of failed jobs and the estimated time left.
    attempts : int, at least 1
        How often a job is begun whose worker dies.

    Raises
    ------
    EngineError
        If two jobs have the same key, ``attempts`` is below 1, or the engine cannot be opened.
    """
    table = _JobTable(jobs, attempts)
    table.report(progress, 1)
    yield from [JobOutcome(job, kept=True) for job in table.kept]
    if not table.waiting:
        return
    with engine.opened() as pool:
        while table.running or table.next(pool):
            while job := table.next(pool):
                outcome = table.begin(job, pool)
                if outcome:
                    yield outcome
            if not table.running:
                continue
            for key, report in pool.ended(POLL):
                outcome = table.end(key, report)
                table.report(progress, pool.places)
                if outcome:
                    yield outcome
            table.report(progress, pool.places)


class _JobTable:
    """The state of each job of a run: waiting, running, finished or failed."""

    def __init__(self, jobs: Iterable[Job], attempts: int) -> None:
        jobs = list(jobs)
        repeated = [key for key, n in Counter(job.key for job in jobs).items() if n > 1]
        if repeated:
            raise EngineError(f'two jobs have the key "{repeated[0]}"; each needs its own')
        if attempts < 1:
            raise EngineError(f"attempts is {attempts}, expected at least 1")
        self.attempts, self.total = attempts, len(jobs)
        self.kept = [job for job in jobs if job.is_done]
        kept_keys = {job.key for job in self.kept}
        self.fresh = deque(job for job in jobs if job.key not in kept_keys)
        self.suspects: deque[Job] = deque()  # jobs whose worker died
        self.running: dict[str, Job] = {}
        self.begun: Counter[str] = Counter()  # how often each job was begun
        self.done, self.failed, self.stopped = len(self.kept), 0, False
        self.pace = Pace()

    @property
    def waiting(self) -> list[Job]:
        """Return the jobs that will be begun."""
        return [] if self.stopped else [*self.fresh, *self.suspects]

    def next(self, pool: WorkerPool) -> Job | None:
        """Return the job to begin now, if any; suspects come last."""
        if self.stopped or len(self.running) >= pool.places:
            return None
        if self.fresh:
            return self.fresh[0]
        if self.suspects and not (pool.shared and self.running):
            return self.suspects[0]
        return None

    def begin(self, job: Job, pool: WorkerPool) -> JobOutcome | None:
        """Give a job to a worker; returns its outcome if it is finished or cannot be sent."""
        (self.fresh if self.fresh else self.suspects).popleft()
        if job.is_done:  # another run has finished it in the meantime
            return self._count(JobOutcome(job, kept=True))
        try:
            packed = job.packed()
        except Exception as error:
            reason = (
                f"it cannot be sent to a worker ({one_line_error(error)}); a job is a function of "
                "a module, and plain values"
            )
            return self._count(JobOutcome(job, reason=reason))
        pool.begin(job.key, packed)
        self.begun[job.key] += 1
        self.running[job.key] = job
        self.pace.begin(job)
        return None

    def end(self, key: str, report: Report) -> JobOutcome | None:
        """Record a report; returns the job's outcome, or None if it will be begun again."""
        job = self.running.pop(key)
        if isinstance(report, Died):
            return self._died(job, report)
        if isinstance(report, Failed):
            self.stopped |= report.stops
            return self._count(JobOutcome(job, reason=report.reason, stops=report.stops))
        try:
            value = pickle.loads(report.packed)
        except Exception as error:
            reason = f"its result cannot be read ({one_line_error(error)})"
            return self._count(JobOutcome(job, reason=reason))
        self.pace.end(job, report.seconds)
        return self._count(JobOutcome(job, value))

    def _died(self, job: Job, report: Died) -> JobOutcome | None:
        if job.is_done:  # the worker was killed after it had written the job's file
            return self._count(JobOutcome(job, kept=True))
        if self.begun[job.key] < self.attempts:
            self.suspects.append(job)
            return None
        often = f", at each of {self.attempts} attempts" if self.attempts > 1 else ""
        return self._count(JobOutcome(job, reason=report.cause + often, died=True))

    def _count(self, outcome: JobOutcome) -> JobOutcome:
        self.failed += outcome.reason is not None
        self.done += outcome.reason is None
        return outcome

    def report(self, progress: Progress, places: int) -> None:
        """Report the ended jobs, the failed ones and the time left when ``places`` run at once."""
        seconds = self.pace.left(self.waiting, self.running.values(), places)
        progress(self.done + self.failed, self.total, progress_label(self.failed, seconds))
