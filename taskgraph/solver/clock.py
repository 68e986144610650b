"""One time limit for all steps of a solve, and a callback with what is proven so far."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

SolverCallback = Callable[[float, float, int], None]
"""Receives the best value so far (-inf before the first), a proven bound, and the node count."""


class OutOfTime(Exception):
    """Raised by `Clock.check` when the time is over, and caught by the solver."""


@dataclass(frozen=True)
class Clock:
    """Measures the time of a solve and says when it must end.

    Parameters
    ----------
    limit : float, optional
        Seconds from ``start``; None for no limit.
    callback : SolverCallback, optional
        Called at each node of the branch and bound.
    stop : threading.Event
        Setting it, from a signal handler or another thread, ends the solve as the limit does.
    start : float
        Value of `time.perf_counter` at the start.
    """

    limit: float | None = None
    callback: SolverCallback | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    start: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """Return the seconds since the start."""
        return time.perf_counter() - self.start

    @property
    def left(self) -> float | None:
        """Return the seconds that are left, at least 0; None without a limit."""
        if self.stop.is_set():
            return 0.0
        return None if self.limit is None else max(0.0, self.limit - self.seconds)

    @property
    def late(self) -> float:
        """Return the seconds since the limit passed; 0 before that."""
        return 0.0 if self.limit is None else max(0.0, self.seconds - self.limit)

    @property
    def over(self) -> bool:
        """Return whether the limit has passed, or the solve was stopped."""
        return self.stop.is_set() or self.seconds > (math.inf if self.limit is None else self.limit)

    def check(self) -> None:
        """Raise `OutOfTime` once the clock is over."""
        if self.over:
            raise OutOfTime

    def share(self, part: float, *, least: float = 0.0) -> Clock:
        """Return a clock for one step: it has ``part`` of the time left, and stops with this one.

        The step has at least ``least`` seconds, even beyond the limit.
        """
        left = self.left
        limit = None if left is None else max(part * left, least)
        return Clock(limit, self.callback, self.stop)
