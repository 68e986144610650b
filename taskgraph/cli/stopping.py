"""Ctrl-C in a long solve: the first keeps the best taxonomy, the second ends the command."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from taskgraph.solver.clock import Clock, SolverCallback


@contextlib.contextmanager
def stoppable(
    time_limit: float | None = None, callback: SolverCallback | None = None
) -> Iterator[Clock]:
    """Yield a clock that the first Ctrl-C stops; the second Ctrl-C interrupts as usual."""
    clock = Clock(time_limit, callback)
    if threading.current_thread() is not threading.main_thread():
        yield clock  # only the main thread receives signals
        return

    def stop(number: int, frame: FrameType | None) -> None:
        """Stop the clock, and let the next Ctrl-C interrupt."""
        signal.signal(signal.SIGINT, previous)
        clock.stop.set()

    previous = signal.signal(signal.SIGINT, stop)
    try:
        yield clock
    finally:
        signal.signal(signal.SIGINT, previous)
