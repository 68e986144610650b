"""A limit in seconds of the processor, for proofs on a machine that does other work."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

from taskgraph.solver.backends import SOLVERS, Backend
from taskgraph.solver.clock import Clock


@dataclass(frozen=True)
class ProcessorClock(Clock):
    """A clock whose limit is in seconds that this process has used of the processor."""

    start: float = field(default_factory=time.process_time)

    @property
    def seconds(self) -> float:
        """Return the seconds of the processor since the start."""
        return time.process_time() - self.start

    def share(self, part: float, *, least: float = 0.0) -> Clock:
        """Return a clock for one step: it has ``part`` of the time left, and at least ``least``."""
        left = self.left
        limit = None if left is None else max(part * left, least)
        return ProcessorClock(limit, self.callback, self.stop)


def highs() -> Backend:
    """Return HiGHS without a limit of its own, which would be on the wall clock.

    A `ProcessorClock` interrupts it.
    """
    usual = SOLVERS["highs"]
    return replace(usual, make=lambda _: usual.make(Clock()))
