"""Solvers run in a thread of their own, so that a time limit or Ctrl-C can stop them."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from taskgraph.solver.clock import Clock, OutOfTime

POLL_SECONDS = 0.05
"""Time between two checks whether a running solver should stop."""
LATE_SECONDS = 0.05
"""How long after its limit a solver that goes on is told to stop."""
STOP_SECONDS = 0.5
"""How long a solver may take to stop before it is abandoned: it runs on in its thread."""
EXIT_SECONDS = 10.0
"""How long the end of the process waits for an abandoned solver."""

_ABANDONED: list[threading.Thread] = []


def interrupt_when(solver: Any, halted: threading.Event) -> None:
    """Let a HiGHS model stop by itself soon after ``halted`` is set."""

    def check(event: Any) -> None:
        """Interrupt the solver once ``halted`` is set."""
        if halted.is_set():
            event.interrupt()

    for hook in (solver.cbMipInterrupt, solver.cbSimplexInterrupt, solver.cbIpmInterrupt):
        hook.subscribe(check)


def run_in_thread(call: Callable[[], object], clock: Clock, halted: threading.Event) -> None:
    """Call a function in a thread of its own, and set ``halted`` when it should stop.

    Python handles signals in the main thread alone, and only between its own instructions: a
    solver that runs there cannot be interrupted.

    Raises
    ------
    OutOfTime
        If the function did not return within `STOP_SECONDS` after it should stop.
    """
    errors: list[BaseException] = []

    def run() -> None:
        """Call the function, and keep its exception."""
        try:
            call()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        while thread.is_alive() and not clock.stop.is_set() and clock.late < LATE_SECONDS:
            thread.join(POLL_SECONDS)
    finally:  # a Ctrl-C in this loop must stop the solver too
        halted.set()
        _signal_children(thread, signal.SIGINT)
        thread.join(STOP_SECONDS)
        _signal_children(thread, signal.SIGTERM)
        if thread.is_alive():
            _ABANDONED.append(thread)
    if thread.is_alive():
        raise OutOfTime
    if errors:
        raise errors[0]


def abandoned_solver_runs() -> bool:
    """Return whether an abandoned solver still runs; a process should then end by `os._exit`."""
    return any(thread.is_alive() for thread in _ABANDONED)


@atexit.register
def _wait_for_abandoned() -> None:
    """Wait for abandoned solvers: one that returns while the interpreter ends would abort it."""
    for thread in _ABANDONED:
        thread.join(EXIT_SECONDS)


def _signal_children(thread: threading.Thread, number: int) -> None:
    """Signal the processes that a thread has started and waits for, where ``/proc`` lists them.

    A Ctrl-C in a terminal reaches them anyway; one that is sent to this process alone does not.
    """
    listed = Path(f"/proc/self/task/{thread.native_id}/children")
    with contextlib.suppress(OSError):
        for child in listed.read_text().split():
            os.kill(int(child), number)
