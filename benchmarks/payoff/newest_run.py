"""The newest run of a folder of results: its records and tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.results.frame import latest, not_finished, part, to_frame
from benchmarks.results.record import Record, read_records

FIGURE, SUMMARY, TARGETS, WINS = "payoff.svg", "summary.csv", "targets.csv", "wins.csv"


RUN, CHOICE = "run", "choice"
"""Values of the setting ``part``: the record of a run's facts, and the record of one choice.

Both have the setting ``run``, which holds all that the numbers of the run depend on.
"""


@dataclass(frozen=True, eq=False)
class NewestRun:
    """The newest run of a folder.

    Attributes
    ----------
    about : Record
        The record of the run's facts.
    frame : DataFrame
        One row a choice and seed, as `payoff_table` returns them.
    summary, targets : DataFrame
        ``summary.csv`` and ``targets.csv``.
    wins : DataFrame, optional
        ``wins.csv``, as `fresh_wins` returns it; runs of version 0.1 have none.
    """

    about: Record
    frame: pd.DataFrame
    summary: pd.DataFrame
    targets: pd.DataFrame
    wins: pd.DataFrame | None = None


def read_run(folder: Path) -> NewestRun:
    """Return the newest run of a folder of results.

    Raises
    ------
    InvalidTableError
        If the folder has none, or lacks the record of a choice.
    """
    records = latest(read_records(folder), RUN)
    facts, choices = part(records, part=RUN), part(records, part=CHOICE)
    if not facts or not choices:
        raise not_finished(folder, "payoff")
    summary, targets = (pd.read_csv(folder / name) for name in (SUMMARY, TARGETS))
    own = summary[summary["against"].isna()].drop_duplicates("rule")
    if len(choices) < own["draws"].sum() * len(facts[-1].settings[RUN]["seeds"]):
        raise not_finished(folder, "payoff")
    wins = pd.read_csv(folder / WINS) if (folder / WINS).exists() else None
    return NewestRun(facts[-1], to_frame(choices), summary, targets, wins)
