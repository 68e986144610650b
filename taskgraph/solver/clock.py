"""The time limit, counted once for all the steps of a solve, and word of a long proof."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Watch = Callable[[float, float, int], None]
"""Told the best value so far (-inf before there is one), its bound, and the nodes solved."""


@dataclass(frozen=True)
class Clock:
    """Seconds since it was made, and what is left of ``limit`` (None: no limit).

    ``watch`` is told from time to time how far a branch and bound has come.
    """

    limit: float | None = None
    watch: Watch | None = None
    start: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """Elapsed time."""
        return time.perf_counter() - self.start

    @property
    def left(self) -> float | None:
        """Seconds that are left, at least 0; None without a limit."""
        return None if self.limit is None else max(0.0, self.limit - self.seconds)

    @property
    def over(self) -> bool:
        """Whether the limit has passed."""
        return self.seconds > (math.inf if self.limit is None else self.limit)
