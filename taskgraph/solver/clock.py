"""The time limit, counted once for all the steps of a solve."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Clock:
    """Seconds since it was made, and what is left of ``limit`` (None: no limit)."""

    limit: float | None = None
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
