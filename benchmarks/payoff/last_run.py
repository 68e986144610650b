"""The last run of a folder of results: its records and tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.results.frame import to_frame
from benchmarks.results.record import Record, last_run
from taskgraph.errors import InvalidTableError

FIGURE, SUMMARY, TARGETS = "payoff.svg", "summary.csv", "targets.csv"


RUN, CHOICE = "run", "choice"
"""Values of the setting ``part``: the first record of a run, and the record of one choice."""


@dataclass(frozen=True, eq=False)
class LastRun:
    """The last run of a folder.

    Attributes
    ----------
    about : Record
        The first record: the settings and facts of the run.
    frame : DataFrame
        One row a choice and seed, as `payoff_table` returns them.
    summary, targets : DataFrame
        ``summary.csv`` and ``targets.csv``.
    """

    about: Record
    frame: pd.DataFrame
    summary: pd.DataFrame
    targets: pd.DataFrame


def read_run(folder: Path) -> LastRun:
    """Return the last run of a folder of results.

    Raises
    ------
    InvalidTableError
        If the folder has none.
    """
    records = last_run(folder, RUN)
    if not records:
        raise InvalidTableError(f"{folder} has no records of a run; `taskgraph bench payoff` adds")
    about, *choices = records
    tables = (pd.read_csv(folder / name) for name in (SUMMARY, TARGETS))
    return LastRun(about, to_frame(choices), *tables)
