"""Estimate how long a run of jobs will still take."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from encoders.engines.job import Job


@dataclass
class Pace:
    """Seconds of finished jobs, and the times at which running jobs began.

    Attributes
    ----------
    clock : function
        Returns the current time in seconds.
    weight, seconds : float
        Sums over the finished jobs: of their weights, and of the seconds that they took.
    begun : dict of float
        When each job was begun, by its key.
    """

    clock: Callable[[], float] = time.monotonic
    weight: float = 0.0
    seconds: float = 0.0
    begun: dict[str, float] = field(default_factory=dict)

    def begin(self, job: Job) -> None:
        """Note that a job begins now."""
        self.begun[job.key] = self.clock()

    def end(self, job: Job, seconds: float) -> None:
        """Note that a job has finished, and that its call took ``seconds``."""
        self.weight += job.weight
        self.seconds += seconds

    def left(self, waiting: Iterable[Job], running: Collection[Job], places: int) -> float | None:
        """Estimate the seconds until all jobs have ended; None before the first has finished.

        A job of weight w takes w times the mean seconds for a unit of weight so far. The estimate
        is the longest job's rest, or all rests shared out over ``places``, whichever is larger.
        """
        if not self.weight:
            return None
        unit, now = self.seconds / self.weight, self.clock()
        rests = [max(0.0, unit * job.weight - (now - self.begun[job.key])) for job in running]
        rests += [unit * job.weight for job in waiting]
        return max([sum(rests) / places, *rests])


def progress_label(failed: int, seconds_left: float | None) -> str:
    """Return the label of a progress report, such as "2 failed, 01:20 left"."""
    from tqdm import tqdm

    parts = [f"{failed} failed"] if failed else []
    if seconds_left is not None:
        parts.append(f"{tqdm.format_interval(seconds_left)} left")
    return ", ".join(parts)
