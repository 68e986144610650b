"""Writing of the folder of results: one part at a time, with its tables, facts and record."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.results.hashes import file_hash
from benchmarks.results.log import Log
from benchmarks.transfers.facts import TIMED
from benchmarks.transfers.finished import FinishedSweep, shown
from benchmarks.transfers.tables import TABLES
from encoders.transfer.file_names import LOSSES, RECORDS, TRANSFERS, VALID_LOSSES
from taskgraph.errors import InvalidTableError, TaskgraphError
from taskgraph.tables import write_frame

LOSSES_UP_TO = 8_000_000
"""Most bytes of a file of per-image losses that is copied."""


@dataclass
class ResultsCollector:
    """Collects what one part of the results writes.

    Attributes
    ----------
    out : Path
    facts : dict
        Facts that the page states beside the tables.
    missing : dict
        By the name of what is left out: the reason.
    files : list of str
        Tables in ``out`` that the part wrote.
    """

    out: Path
    facts: dict[str, Any] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)

    @contextmanager
    def optional(self, name: str, sweep: Path) -> Iterator[None]:
        """Skip the rest of a block that fails, and keep the reason."""
        try:
            yield
        except TaskgraphError as error:
            self.missing[name] = shown(error, sweep)

    def table(self, name: str, frame: pd.DataFrame) -> None:
        """Write a table as CSV."""
        file = f"{name}.csv"
        write_frame(frame, self.out / file)
        self.files.append(file)

    def metrics(self, part: str) -> dict[str, Any]:
        """Return the metrics of the part's record: facts, reasons, and hashes of the tables."""
        prefix = f"{part}_" if part in TIMED else ""
        return {
            **{f"{prefix}{name}": value for name, value in self.facts.items()},
            "missing": self.missing,
            "tables": {file: file_hash(self.out / file) for file in self.files},
        }


def write_part(
    part: str,
    compute: Callable[[ResultsCollector], None],
    log: Log,
    settings: Mapping[str, Any],
    **key: Any,
) -> None:
    """Compute a part, and then add its record; skip this if it is done.

    A part is done if the log has its record and the folder still has the tables that the record
    names by their hashes. Another run into the same folder may have replaced them.

    Parameters
    ----------
    compute : function
        Writes the tables and collects the facts.
    settings : dict
        Settings of the record.
    key
        ``seed`` and ``split`` of the record.
    """
    known = log.find(settings, **key)
    out = log.folder
    if known is not None and all(
        file_hash(out / file) == content
        for file, content in known.metrics.get("tables", {}).items()
    ):
        return
    for name in TABLES.get(part, ()):
        (out / f"{name}.csv").unlink(missing_ok=True)
    results, start = ResultsCollector(out), time.perf_counter()
    compute(results)
    seconds = round(time.perf_counter() - start, 3)
    log.add(settings, results.metrics(part), seconds=seconds, **key)


def copy_tables(sweep: FinishedSweep, results: ResultsCollector) -> None:
    """Copy the measured tables of the sweep; large losses are left out.

    The copied losses are not among the part's files, since ``--average`` adds to them. What it
    added to those of another sweep is gone, and so is its table.
    """
    (results.out / "average.csv").unlink(missing_ok=True)
    for name in (TRANSFERS, RECORDS, LOSSES, VALID_LOSSES):
        path, copy = sweep.folder / name, results.out / name
        size = path.stat().st_size if path.exists() else 0
        if name in (LOSSES, VALID_LOSSES) and size > LOSSES_UP_TO:
            if name == LOSSES:
                results.facts["losses_bytes"] = size
            copy.unlink(missing_ok=True)
        elif size:
            shutil.copyfile(path, copy)
            if name != LOSSES:
                results.files.append(name)
        elif name == VALID_LOSSES:
            copy.unlink(missing_ok=True)  # those of another sweep


def required(value: Any, sweep: FinishedSweep, name: str) -> Any:
    """Return a part of a sweep.

    Raises
    ------
    InvalidTableError
        If it is None; the message says why the sweep lacks it.
    """
    if value is None:
        raise InvalidTableError(sweep.missing.get(name, f"the sweep has no {name}"))
    return value
