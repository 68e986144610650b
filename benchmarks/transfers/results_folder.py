"""Writing of the folder of results: tables, facts, and reasons for missing parts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.transfers.facts import write_facts
from benchmarks.transfers.finished import FinishedSweep, shown
from encoders.transfer.gather import LOSSES, RECORDS, TRANSFERS
from taskgraph.errors import InvalidTableError, TaskgraphError
from taskgraph.tables import write_frame

LOSSES_UP_TO = 8_000_000
"""Most bytes of a file of per-image losses that is copied."""


@dataclass
class Results:
    """Writes a folder of results.

    Attributes
    ----------
    out : Path
    facts : dict
        Facts that the page states beside the tables; ``missing`` says why a part is missing.
    """

    out: Path
    facts: dict[str, Any] = field(default_factory=lambda: {"missing": {}, "figures": {}})

    @contextmanager
    def part(self, name: str, sweep: Path) -> Iterator[None]:
        """Skip the rest of a part that fails, and record the reason as a fact."""
        try:
            yield
        except TaskgraphError as error:
            self.facts["missing"][name] = shown(error, sweep)

    def table(self, name: str, frame: pd.DataFrame) -> None:
        """Write a table as CSV."""
        write_frame(frame, self.out / f"{name}.csv")

    def close(self) -> None:
        """Append the facts to the records."""
        write_facts(self.facts, self.out)


def copy_tables(sweep: FinishedSweep, out: Path, results: Results) -> None:
    """Copy the measured tables of the sweep; large losses are left out."""
    for name in (TRANSFERS, RECORDS, LOSSES):
        path = sweep.folder / name
        if not path.exists():
            continue
        size = path.stat().st_size
        if name == LOSSES and size > LOSSES_UP_TO:
            results.facts["losses_bytes"] = size
            (out / name).unlink(missing_ok=True)
            continue
        shutil.copyfile(path, out / name)


def needed(value: Any, sweep: FinishedSweep, name: str) -> Any:
    """Return a part of a sweep.

    Raises
    ------
    InvalidTableError
        If it is None; the message says why the sweep lacks it.
    """
    if value is None:
        raise InvalidTableError(sweep.missing.get(name, f"the sweep has no {name}"))
    return value
