"""The last run of a folder of results: its settings, its networks, and their tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.pilot.beside import CURVES, LOSSES, TrainingTables
from benchmarks.pilot.networks import LONG, PRUNED, READOUT, RUN, UNTRAINED, key_text
from benchmarks.results.record import Record, read_records
from taskgraph.errors import InvalidTableError
from taskgraph.tasks import AVERAGE, SCRATCH, SELF, split_sources

SHARED = ("bank_hash", "preset", "pool", "content")
"""Settings that the networks of a run have in common with its first record."""


@dataclass(frozen=True, eq=False)
class PilotRun:
    """The last run of a folder; networks that are not trained yet are missing.

    Attributes
    ----------
    about : Record
        The first record of the run.
    networks : DataFrame
        One row a network: ``key, target, sources, training, kind`` and the metrics of its record.
        The kind is ``single``, ``set``, or the name of a reference.
    curves, losses : DataFrame
        The rows of these networks in ``curves.parquet`` and ``losses.parquet``.
    planned : int
        Number of networks of the whole run.
    pruned, pruned_losses : DataFrame
        The read-outs that pruning stopped early, and their losses, in the same form.
    """

    about: Record
    networks: pd.DataFrame
    curves: pd.DataFrame
    losses: pd.DataFrame
    planned: int
    pruned: pd.DataFrame
    pruned_losses: pd.DataFrame

    @property
    def steps_per_epoch(self) -> int:
        """Return the number of steps in an epoch."""
        images, fit = self.about.metrics["images"]["train"], self.about.settings["fits"][LONG]
        return max(1, int(images // fit["batch"]))

    @property
    def targets(self) -> list[str]:
        """Return the targets in the order in which they were named."""
        return list(self.about.settings["targets"])


def read_run(folder: Path) -> PilotRun:
    """Return the last run of a folder of results.

    Raises
    ------
    InvalidTableError
        If the folder has none.
    """
    records = read_records(folder)
    runs = [each for each in records if each.settings["part"] == RUN]
    if not runs:
        raise InvalidTableError(
            f"{folder} has no records of a run; `taskgraph bench pilot --bank BANK --data DATA` "
            "adds them"
        )
    about, tables = runs[-1], TrainingTables.read(folder)
    networks, pruned = (_networks(records, about, part) for part in (READOUT, PRUNED))
    curves, losses = (tables.of(name, set(networks["key"])) for name in (CURVES, LOSSES))
    pruned_losses = tables.of(LOSSES, set(pruned["key"]))
    return PilotRun(about, networks, curves, losses, planned_count(about), pruned, pruned_losses)


def _networks(records: Sequence[Record], about: Record, part: str) -> pd.DataFrame:
    """Return one row a network of a run, the newest of each, from the records of one part."""
    rows, about_it = {}, ("target", "sources", "training", *([PRUNED] if part == PRUNED else []))
    for one in records:
        if one.settings["part"] == part and one.seed == about.seed and _is_of(one, about):
            named = {name: one.settings[name] for name in about_it}
            key = key_text(one.settings, one.seed)
            kind = kind_of(named["sources"])
            rows[key] = {"key": key, **named, "kind": kind, **one.metrics, "seconds": one.seconds}
    columns = ["key", "target", "sources", "training", "kind"]
    return pd.DataFrame(list(rows.values()), columns=None if rows else columns)


def planned_count(about: Record) -> int:
    """Return the number of networks of a whole run: two trainings each, and ``self``."""
    singles, count = about.settings["singles"], 0
    for target, sets in about.metrics["sets"].items():
        others = sum(name != target for name in singles)
        count += 2 * (2 + others + len(sets)) + 1
    return count


def kind_of(sources: str) -> str:
    """Return ``single``, ``set``, or the name of a reference."""
    if sources in (SELF, SCRATCH, AVERAGE):
        return sources
    return "single" if len(split_sources(sources)) == 1 else "set"


def _is_of(one: Record, about: Record) -> bool:
    """Return whether a network belongs to a run: the same bank, images, training and sources."""
    settings, run = one.settings, about.settings
    if any(settings[name] != run[name] for name in SHARED):
        return False
    target, sources = settings["target"], settings["sources"]
    if target not in run["targets"]:
        return False
    fit = LONG if settings["training"] == PRUNED else settings["training"]
    if fit != UNTRAINED and settings["fit"] != run["fits"][fit]:
        return False
    kind = kind_of(sources)
    if kind == "single":
        return sources in run["singles"]
    if kind == "set":
        return split_sources(sources) in [tuple(each) for each in about.metrics["sets"][target]]
    return True
