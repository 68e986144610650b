"""Protocols of engines: an engine opens a pool of workers, which make packed calls."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from encoders.engines.job import Report
from taskgraph.errors import TaskgraphError


class EngineError(TaskgraphError, RuntimeError):
    """Workers cannot be started or reached, or the settings of an engine or a run are invalid."""


class WorkerPool(Protocol):
    """Workers that make calls; each works on one call at a time.

    If a worker dies, only the call that it was working on gets a `Died` report.
    """

    @property
    def places(self) -> int:
        """Return the number of calls that may run at once; it may change during a run."""

    @property
    def shared(self) -> bool:
        """Return whether all calls share one machine's memory, so that a retry should run alone."""

    def begin(self, key: str, packed: bytes) -> None:
        """Give a call to a worker; fewer than ``places`` calls must be running."""

    def ended(self, timeout: float) -> list[tuple[str, Report]]:
        """Return the keys and reports of calls that have ended since the last time.

        Waits at most ``timeout`` seconds until at least one call has ended.
        """


class Engine(Protocol):
    """Describes where jobs run; open it with `opened`."""

    def opened(self) -> AbstractContextManager[WorkerPool]:
        """Return a context manager that yields a pool, and ends all its calls on leaving."""
