"""What an engine is: something that opens a crew of workers, which take packed calls."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from encoders.engines.job import Report
from taskgraph.errors import TaskgraphError


class EngineError(TaskgraphError, RuntimeError):
    """Workers that cannot be started or reached, or jobs that cannot be told apart."""


class Crew(Protocol):
    """Workers that are there, or are started when they are needed.

    A worker's end is a `Died` report for the call that it was at, and for no other.
    """

    @property
    def places(self) -> int:
        """How many calls may be in flight at once, now."""

    @property
    def shared(self) -> bool:
        """Whether the calls take memory from each other, so that a retry had better be alone."""

    def begin(self, key: str, packed: bytes) -> None:
        """Hand out a call; there must be a place for it."""

    def ended(self, timeout: float) -> list[tuple[str, Report]]:
        """The calls that have ended since; waits at most ``timeout`` seconds for the first."""


class Engine(Protocol):
    """Where jobs run. A value: whoever is given one can say what it is."""

    def opened(self) -> AbstractContextManager[Crew]:
        """A crew; when the context ends, however it does, none of its calls goes on."""
