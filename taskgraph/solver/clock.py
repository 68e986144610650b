"""The time limit, counted once for all the steps of a solve, and progress of a long proof."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

SolverCallback = Callable[[float, float, int], None]
"""Called with the best value so far (-inf before there is one), its bound, and the nodes solved."""


class OutOfTime(Exception):
    """A step was left before it was done; see `Clock.check`."""


@dataclass(frozen=True)
class Clock:
    """Seconds since it was made, and what is left of ``limit`` (None: no limit).

    ``callback`` is called from time to time with how far a branch and bound has come. Setting
    ``stop``, from a signal handler or another thread, ends the solve as a passed limit does.
    """

    limit: float | None = None
    callback: SolverCallback | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    start: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """Elapsed time."""
        return time.perf_counter() - self.start

    @property
    def left(self) -> float | None:
        """Seconds that are left, at least 0; None without a limit."""
        if self.stop.is_set():
            return 0.0
        return None if self.limit is None else max(0.0, self.limit - self.seconds)

    @property
    def late(self) -> float:
        """Seconds since the limit passed; 0 before that."""
        return 0.0 if self.limit is None else max(0.0, self.seconds - self.limit)

    @property
    def over(self) -> bool:
        """Whether the limit has passed, or the solve was stopped."""
        return self.stop.is_set() or self.seconds > (math.inf if self.limit is None else self.limit)

    def check(self) -> None:
        """Raise `OutOfTime` once the clock is over."""
        if self.over:
            raise OutOfTime

    def share(self, part: float, *, least: float = 0.0) -> Clock:
        """A clock that stops with this one, and has ``part`` of what is left from now on.

        It has ``least`` seconds in any case, beyond the limit too.
        """
        left = self.left
        limit = None if left is None else max(part * left, least)
        return Clock(limit, self.callback, self.stop)
