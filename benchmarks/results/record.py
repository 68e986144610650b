"""Records: one line of JSON an evaluation, in ``records.jsonl`` of a suite's folder of results.

A line has the keys of `Record`. Lines are only ever added. Several processes may add lines to one
file at the same time.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from taskgraph.errors import InvalidTableError

FILE = "records.jsonl"
DAMAGED = "records.damaged"
"""File beside the records to which an incomplete last line is moved."""

TAIL = 65_536
"""Bytes at the end of the file that are read first to find the last line."""

RecordKey = tuple[str, int | None, str | None]


@dataclass(frozen=True)
class Record:
    """The settings and metrics of one evaluation, with their provenance.

    Attributes
    ----------
    suite : str
        Name of the suite, which is the name of its folder of results.
    settings : dict
        The method, and everything else that the metrics depend on, except for the seed.
    seed : int, optional
        None if nothing is random, or the seed was not recorded.
    split : str, optional
        The split of the data on which the metrics were measured, such as ``test``, or None.
    metrics : dict
        The results. NaN is stored as null. No metric has the name of a setting or of a key.
    commit : str, optional
        The commit of this repository; None if it was not recorded.
    versions : dict
        As `machine` returns them; empty or None if they were not recorded.
    seconds : float, optional
        Duration of the evaluation; None if it was not recorded. It is never reconstructed.
    """

    suite: str
    settings: dict[str, Any]
    seed: int | None
    split: str | None
    metrics: dict[str, Any]
    commit: str | None = None
    versions: dict[str, Any] | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        shared = {*self.settings} & {*self.metrics}
        taken = ({*self.settings} | {*self.metrics}) & {field.name for field in fields(self)}
        for name in sorted(shared | taken):
            what = "a setting and a metric" if name in shared else "a key of every record"
            raise InvalidTableError(
                f'"{name}" is {what}, expected another name: each name is one column of the table'
            )

    @property
    def key(self) -> RecordKey:
        """Return what identifies the evaluation; see `key_of`."""
        return key_of(self.settings, self.seed, self.split)

    def line(self) -> str:
        """Return the record as one line of JSON, with its keys in the order of the fields."""
        return json.dumps(json_value(asdict(self)), ensure_ascii=False, allow_nan=False) + "\n"


KEYS = tuple(field.name for field in fields(Record))


def key_of(settings: Mapping[str, Any], seed: int | None, split: str | None) -> RecordKey:
    """Return the settings as JSON with sorted names, the seed and the split."""
    return json.dumps(json_value(settings), sort_keys=True, ensure_ascii=False), seed, split


def json_value(value: Any) -> Any:
    """Return a value in types of JSON: arrays become lists, paths become text, NaN becomes None.

    Raises
    ------
    InvalidTableError
        If a number is infinite, or a value has a type without a counterpart in JSON.
    """
    if isinstance(value, Mapping):
        return {str(name): json_value(each) for name, each in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [json_value(each) for each in value]
    if isinstance(value, np.generic):
        return json_value(value.item())
    if isinstance(value, os.PathLike):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        if math.isinf(value):
            raise InvalidTableError(f"a record holds {value}, expected a finite number or None")
        return None
    if value is None or isinstance(value, str | int | float):
        return value
    raise InvalidTableError(
        f"a record holds {value!r} of type {type(value).__name__}, expected text, a number, True, "
        "False, None, or a list or dict of these"
    )


def append(folder: Path, record: Record) -> None:
    """Add one record to a folder, which is created if it is missing.

    The line is written atomically and is on the disk when this returns. An incomplete last line of
    an earlier process is first moved to ``records.damaged``, with a warning.
    """
    folder.mkdir(parents=True, exist_ok=True)
    line = record.line().encode()
    handle = os.open(folder / FILE, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        with _locked(handle, exclusive=True):
            _repair(folder, handle)
            written = os.write(handle, line)
            if written < len(line):  # the disk is full: remove the incomplete line
                os.ftruncate(handle, os.fstat(handle).st_size - written)
                raise OSError(28, os.strerror(28), str(folder / FILE))
            os.fsync(handle)
    finally:
        os.close(handle)


def read_records(folder: Path) -> list[Record]:
    """Return the records of a folder in the order of their lines; an empty list without a file.

    An incomplete last line is ignored, with a warning; the file is not changed.

    Raises
    ------
    InvalidTableError
        If another line is damaged, or lacks a key.
    """
    path = folder / FILE
    if not path.exists():
        return []
    with open(path, "rb") as file, _locked(file.fileno(), exclusive=False):
        lines = file.read().split(b"\n")
    last = lines.pop()  # empty, if the file ends with a whole line
    if last.strip() and _whole(last):
        lines.append(last)
    elif last.strip() or (lines and not _whole(lines[-1])):
        if not last.strip():
            lines.pop()
        warnings.warn(
            f"{path}: the last line is cut off and is left out; the next evaluation moves it to "
            f"{DAMAGED}",
            stacklevel=2,
        )
    return [_parsed(line, path, number) for number, line in enumerate(lines, 1) if line.strip()]


def _parsed(line: bytes, path: Path, number: int) -> Record:
    """Return the record in a line."""
    try:
        values = json.loads(line)
    except ValueError as error:
        raise InvalidTableError(
            f"{path}, line {number}: damaged ({error}); restore the file, or remove that line"
        ) from None
    if not isinstance(values, dict) or set(values) != set(KEYS):
        raise InvalidTableError(
            f"{path}, line {number}: expected a record with the keys {', '.join(KEYS)}"
        )
    return Record(**values)


def _whole(line: bytes) -> bool:
    """Return whether a line is a complete value of JSON."""
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _repair(folder: Path, handle: int) -> None:
    """Make the file end with a complete line; move an incomplete one to `DAMAGED`."""
    start, last = _last_line(handle)
    if not last.strip():
        return
    if _whole(last):
        if not last.endswith(b"\n"):
            os.write(handle, b"\n")
        return
    with open(folder / DAMAGED, "ab") as aside:
        aside.write(last.rstrip(b"\n") + b"\n")
        aside.flush()
        os.fsync(aside.fileno())
    os.ftruncate(handle, start)
    warnings.warn(
        f"{folder / FILE}: the last line was cut off; it was moved to {folder / DAMAGED}, and its "
        "evaluation runs again",
        stacklevel=3,
    )


def _last_line(handle: int) -> tuple[int, bytes]:
    """Return the position of the last line that is not empty, and the bytes from there on."""
    size, length = os.fstat(handle).st_size, TAIL
    while True:
        begin = max(0, size - length)
        content = os.pread(handle, size - begin, begin)
        start = content.rstrip(b"\n").rfind(b"\n") + 1
        if start > 0 or begin == 0:
            return begin + start, content[start:]
        length *= 16


@contextlib.contextmanager
def _locked(handle: int, *, exclusive: bool) -> Iterator[None]:
    """Hold a lock on an open file, on systems that have such locks."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    fcntl.flock(handle, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
    try:
        yield
    finally:
        fcntl.flock(handle, fcntl.LOCK_UN)
