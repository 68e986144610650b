"""The log of a run, which adds records with their provenance and knows those of earlier runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.results.banks import with_bank
from benchmarks.results.machine import machine
from benchmarks.results.record import Record, RecordKey, append, key_of, read_records
from encoders.bank.commit import commit


@dataclass
class Log:
    """Adds records to a folder of results; open one with `open_log`.

    Settings that name a network of the library's bank get its hash (`with_bank`).

    Attributes
    ----------
    folder : Path
        The folder of results.
    suite : str
    commit : str, optional
    versions : dict, optional
        Provenance of every new record.
    known : dict
        The records in the file by their keys; of several with one key, the newest.
    """

    folder: Path
    suite: str
    commit: str | None
    versions: dict[str, Any] | None
    known: dict[RecordKey, Record] = field(default_factory=dict)

    def has(
        self, settings: Mapping[str, Any], *, seed: int | None = None, split: str | None = None
    ) -> bool:
        """Return whether the file has an evaluation with these settings, seed and split."""
        return self.find(settings, seed=seed, split=split) is not None

    def find(
        self, settings: Mapping[str, Any], *, seed: int | None = None, split: str | None = None
    ) -> Record | None:
        """Return the newest record with these settings, seed and split, or None."""
        return self.known.get(key_of(with_bank(settings), seed, split))

    def add(
        self,
        settings: Mapping[str, Any],
        metrics: Mapping[str, Any],
        *,
        seed: int | None = None,
        split: str | None = None,
        seconds: float | None = None,
    ) -> Record:
        """Append an evaluation to the file, and return it."""
        record = Record(
            self.suite,
            with_bank(settings),
            seed,
            split,
            dict(metrics),
            self.commit,
            self.versions,
            seconds,
        )
        append(self.folder, record)
        self.known[record.key] = record
        return record


def open_log(folder: Path, suite: str, *packages: str) -> Log:
    """Return the log of a folder of results, which knows its records.

    Parameters
    ----------
    packages : names of distributions
        Packages whose versions every new record states.
    """
    known = {record.key: record for record in read_records(folder)}
    return Log(folder, suite, commit(), machine(*packages), known)
