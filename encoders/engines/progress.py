"""How far a run is, and how long it will take."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field

from encoders.engines.job import Job


@dataclass(frozen=True)
class Standing:
    """How far a run is.

    Attributes
    ----------
    done, failed, total : int
        Jobs that are finished (now or in an earlier run), that failed, and all.
    seconds_left : float or None
        Estimated from the jobs that this run has finished; None before the first.
    """

    done: int
    total: int
    failed: int = 0
    seconds_left: float | None = None


Watch = Callable[[Standing], None]


@dataclass
class Pace:
    """What finished jobs took, and since when the others run."""

    clock: Callable[[], float] = time.monotonic
    weight: float = 0.0
    seconds: float = 0.0
    begun: dict[str, float] = field(default_factory=dict)

    def begin(self, job: Job) -> None:
        """A job begins."""
        self.begun[job.key] = self.clock()

    def end(self, job: Job, seconds: float) -> None:
        """A job has finished after that many seconds of work."""
        self.weight += job.weight
        self.seconds += seconds

    def left(self, waiting: Iterable[Job], running: Collection[Job], places: int) -> float | None:
        """Seconds until all have ended: no less than the longest one, nor than all of it shared.

        A job of weight w takes w times the mean seconds that a unit of weight took so far.
        """
        if not self.weight:
            return None
        each, now = self.seconds / self.weight, self.clock()
        rests = [max(0.0, each * job.weight - (now - self.begun[job.key])) for job in running]
        rests += [each * job.weight for job in waiting]
        return max([sum(rests) / places, *rests])


@contextlib.contextmanager
def progress_bar(title: str) -> Iterator[Watch]:
    """A bar on a terminal, nothing elsewhere; what is yielded is the ``watch`` of a run."""
    from tqdm import tqdm

    form = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}{postfix}"
    with tqdm(desc=title, disable=None, leave=False, bar_format=form) as bar:

        def watch(now: Standing) -> None:
            bar.total, bar.n = now.total, now.done + now.failed
            told = [f"{now.failed} failed"] if now.failed else []
            if now.seconds_left is not None:
                told.append(f"{tqdm.format_interval(now.seconds_left)} left")
            bar.set_postfix_str(", ".join(told), refresh=False)
            bar.refresh()

        yield watch
