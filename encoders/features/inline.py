"""An engine that makes each call in this process: for jobs that take less time than a process."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from encoders.engines.job import Report, perform


@dataclass
class InlineEngine:
    """Makes each call in this process, one after the other; it is its own pool of workers.

    Attributes
    ----------
    threads : int
        Number of threads of numerical libraries.
    calls : int
        Number of calls so far.
    """

    threads: int = 1
    calls: int = 0
    places: int = field(default=1, init=False)
    shared: bool = field(default=True, init=False)
    _reports: list[tuple[str, Report]] = field(default_factory=list, init=False)

    @contextlib.contextmanager
    def opened(self) -> Iterator[InlineEngine]:
        """Yield this engine as the pool; nothing is started."""
        yield self

    def begin(self, key: str, packed: bytes) -> None:
        """Make the call, and keep its report."""
        self.calls += 1
        self._reports.append((key, perform(packed, os.getcwd(), self.threads)))

    def ended(self, timeout: float) -> list[tuple[str, Report]]:
        """Return the reports since the last time."""
        reports, self._reports = self._reports, []
        return reports
