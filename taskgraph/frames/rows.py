"""Names of the rows of a table in error messages: numbers, with files where there are several."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Protocol


class Origin(Protocol):
    """The file and line from which each row of a table was read."""

    def of(self, number: int) -> tuple[str, int]:
        """Return the file of the n-th row ("" for a single file), and its number in that file."""


@dataclass
class _Reading:
    """Origin of the table that is being read, and the rows that messages have named."""

    origin: Origin
    named: list[int] = field(default_factory=list)


_READING: ContextVar[_Reading | None] = ContextVar("taskgraph.reading", default=None)


def row_name(number: int) -> str:
    """Return ``row 3``, counted from 1, or ``row 3 of b.csv`` where several files are read."""
    reading = _READING.get()
    if reading is None:
        return f"row {number}"
    reading.named.append(number)
    file, own = reading.origin.of(number)
    return f"row {own} of {file}" if file else f"row {own}"


def row_names(first: int, second: int) -> str:
    """Return ``rows 1 and 3``, or both rows with their files."""
    one, other = row_name(first), row_name(second)
    if " of " in one + other:
        return f"{one} and {other}"
    return f"rows {one.removeprefix('row ')} and {other.removeprefix('row ')}"


@contextlib.contextmanager
def rows_of(origin: Origin) -> Iterator[list[int]]:
    """Name rows by their origin within this context; yields the rows that were named so far."""
    reading = _Reading(origin)
    token = _READING.set(reading)
    try:
        yield reading.named
    finally:
        _READING.reset(token)
