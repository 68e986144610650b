"""Records as a table: one row an evaluation, one column a setting or a metric."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.results.record import Record, read_records
from taskgraph.errors import InvalidTableError

FIRST = ("suite", "seed", "split")
LAST = ("commit", "seconds")


def read(folder: Path) -> pd.DataFrame:
    """Return the records of a folder as a table, one row each, in the order of the file.

    Returns
    -------
    DataFrame
        ``suite, seed, split``; every setting and then every metric under its own name, and a value
        within another joined by a dot, such as ``fit.epochs``; ``commit, seconds``; and each
        version as ``versions.<package>``. A record that lacks a value has NaN (None for text).

    Raises
    ------
    InvalidTableError
        If a line other than the last is damaged.
    """
    return to_frame(read_records(folder))


def to_frame(records: Sequence[Record]) -> pd.DataFrame:
    """Return records as a table; see `read` for its columns."""
    rows = [
        {
            "suite": each.suite,
            "seed": each.seed,
            "split": each.split,
            **flattened(each.settings),
            **flattened(each.metrics),
            "commit": each.commit,
            "seconds": each.seconds,
            **flattened(_versions(each)),
        }
        for each in records
    ]
    settings = _names(each.settings for each in records)
    metrics = _names(each.metrics for each in records)
    versions = _names(map(_versions, records))
    columns = dict.fromkeys([*FIRST, *settings, *metrics, *LAST, *versions])
    return pd.DataFrame(rows, columns=list(columns))


def _versions(record: Record) -> dict[str, Any]:
    return {f"versions.{name}": value for name, value in (record.versions or {}).items()}


def _names(values: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of flattened values, each once, in order."""
    return list(dict.fromkeys(name for each in values for name in flattened(each)))


def flattened(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested values under joined names: ``{"fit": {"epochs": 2}}`` as ``fit.epochs``."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            flat |= flattened(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def latest(records: Sequence[Record], *names: str) -> list[Record]:
    """Return the records that equal the newest record in these settings.

    This is the rule by which every page chooses its records. A file may hold evaluations with
    several settings, such as two time limits, or of several inputs, since a run only adds what the
    file lacks. The newest record is the last line of its part. ``names`` are the settings that all
    evaluations of one run share; a record without such a setting has None for it.
    """
    if not records:
        return []
    wanted = [records[-1].settings.get(name) for name in names]
    return [each for each in records if [each.settings.get(name) for name in names] == wanted]


def of_newest_contents(records: Sequence[Record], *names: str) -> list[Record]:
    """Return the records without those of pictures that a folder of the user no longer has.

    Of those with the same values of the settings ``names``, such as a part and a target, the newest
    record's setting ``contents`` counts; see `benchmarks.data.data.contents_of`.
    """
    keys = [tuple(each.settings.get(name) for name in names) for each in records]
    contents = [each.settings.get("contents") for each in records]
    newest = dict(zip(keys, contents, strict=True))
    rows = zip(records, keys, contents, strict=True)
    return [record for record, key, content in rows if content == newest[key]]


def part(records: Sequence[Record], **settings: Any) -> list[Record]:
    """Return the records whose settings have these values."""
    return [
        each
        for each in records
        if all(each.settings.get(name) == value for name, value in settings.items())
    ]


class UnfinishedError(InvalidTableError):
    """The records of a folder lack some that the page of their suite needs."""


def not_finished(folder: Path, suite: str, cause: Exception | None = None) -> UnfinishedError:
    """Return the error for a folder whose newest run lacks records that the page needs.

    ``cause`` is the error by which the page found that out.
    """
    found = "" if cause is None else f"; the page stopped at {type(cause).__name__}: {cause}"
    return UnfinishedError(
        f"{folder} has no finished run: `taskgraph bench {suite}` measures what its records lack "
        f"(give the same flags as before; some pages need more than one --part{found})"
    )
