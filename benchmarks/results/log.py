"""The log of one run: evaluations are added with their provenance, and known ones are skipped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.results.machine import commit, machine
from benchmarks.results.record import Key, Record, append, key_of, read_records


@dataclass
class Log:
    """A suite's records while they are written; open one with `open_log`.

    Attributes
    ----------
    folder : Path
        The folder of results.
    suite : str
    commit : str, optional
    versions : dict
        Both are stamped on every new record.
    known : set
        Keys of the evaluations that the file has.
    """

    folder: Path
    suite: str
    commit: str | None
    versions: dict[str, Any]
    known: set[Key] = field(default_factory=set)

    def has(
        self, settings: Mapping[str, Any], *, seed: int | None = None, split: str | None = None
    ) -> bool:
        """Whether the file has an evaluation with these settings, seed and split."""
        return key_of(settings, seed, split) in self.known

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
            dict(settings),
            seed,
            split,
            dict(metrics),
            self.commit,
            self.versions,
            seconds,
        )
        append(self.folder, record)
        self.known.add(record.key)
        return record


def open_log(folder: Path, suite: str, *packages: str) -> Log:
    """Return the log of a folder of results; a run that was cut off goes on with it.

    Parameters
    ----------
    packages : names of distributions
        Their versions are stamped on every new record.
    """
    known = {record.key for record in read_records(folder)}
    return Log(folder, suite, commit(), machine(*packages), known)
