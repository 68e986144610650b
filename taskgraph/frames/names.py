"""Columns of names: one code for each row, so that each distinct name is read only once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from taskgraph.arrays import Integers32
from taskgraph.errors import InvalidTableError
from taskgraph.frames.rows import row_name
from taskgraph.frames.spelling import Place, check_joined, check_spelling
from taskgraph.tasks import (
    RESERVED,
    join_sources,
    normalized,
    parse_sources,
    split_sources,
    task_name,
)

Members = str | tuple[str | None, ...]
"""A field of a column of names: text, or a list of names."""

LISTS = (list, tuple, set, frozenset, np.ndarray)


@dataclass(frozen=True, eq=False)
class NameColumn:
    """The names of a column.

    Parameters
    ----------
    codes : (rows,) ints
        Index of each row's name among ``known``.
    known : names, sorted
        The distinct names: tasks, or sets of sources as `join_sources` writes them.
    joined : mapping of sets to texts
        Sets of sources that were written as text with a ``+`` outside of quotes, and that text.
    """

    codes: Integers32
    known: list[str]
    joined: dict[str, str] = field(default_factory=dict)

    def row(self, code: int) -> int:
        """Return the first row that has a name, counted from 1."""
        return int(np.argmax(self.codes == code)) + 1

    def to_series(self, index: pd.Index | None = None) -> pd.Series:
        """Return the column with every name as in ``known``."""
        return pd.Series(np.array(self.known, dtype=object)[self.codes], index=index, dtype=object)


def read_targets(column: pd.Series) -> NameColumn:
    """Read a column that names one task a row; a ``+`` is part of a name.

    Raises
    ------
    InvalidTableError
        If a field is empty, a list, or a reserved name; rows are counted from 1.
    """
    return _read(column, _target, lists=False)


def read_sets(column: pd.Series) -> NameColumn:
    """Read a column of sets of sources, each a text such as ``a+b`` or a list of names.

    Raises
    ------
    InvalidTableError
        If a field is not a set of sources; rows are counted from 1.
    """
    return _read(column, parse_sources, lists=True)


def read_labels(column: pd.Series) -> NameColumn:
    """Read a column of names that are no tasks, such as images; outer blanks are removed.

    Raises
    ------
    InvalidTableError
        If a field is empty or a list; rows are counted from 1.
    """
    return _read(column, str.strip, lists=False, text=str)


def check_names(
    targets: NameColumn, *sets: NameColumn, exact_names: bool, place: Place | None = None
) -> None:
    """Check that no two names of a table look like one; see `check_spelling`.

    ``place`` returns where a name is; by default the first row that has it.

    Raises
    ------
    InvalidTableError
        If two names seem to be spellings of one, unless ``exact_names``.
    """
    if exact_names:
        return
    columns = (targets, *sets)
    members = {text: split_sources(text) for column in sets for text in column.known}
    names = {*targets.known, *(name for each in members.values() for name in each)}

    def first_row(name: str) -> str:
        """Return the name of the first row that holds a task's name."""
        rows = [
            column.row(code)
            for column in columns
            for code, known in enumerate(column.known)
            if name in (known, column.joined.get(known)) or name in members.get(known, ())
        ]
        return row_name(min(rows))

    place = place or first_row
    check_spelling(names, place)
    joined = {known: text for column in sets for known, text in column.joined.items()}
    if joined:
        check_joined(joined, members, set(targets.known), place)


def _read(
    column: pd.Series,
    parse: Callable[[Any], str | tuple[str, ...]],
    *,
    lists: bool,
    text: Callable[[Any], str] | None = None,
) -> NameColumn:
    """Read a column, each distinct field once.

    ``parse`` returns the name or the names of a field, ``lists`` says whether fields may be lists,
    and ``text`` writes a field that is not text.
    """
    header = str(column.name)
    codes, fields = _distinct(column, header, lists, text or _text)
    if (codes < 0).any():
        row = int(np.argmax(codes < 0)) + 1
        raise InvalidTableError(f"{row_name(row)}: {header} is empty, expected {_wanted(lists)}")
    names: list[str] = []
    joined: dict[str, str] = {}
    for number, content in enumerate(fields):
        try:
            parsed = parse(content)
            name = parsed if isinstance(parsed, str) else join_sources(parsed)
            if not name:
                raise InvalidTableError(f"{header} is empty, expected {_wanted(lists)}")
        except InvalidTableError as error:
            row = int(np.argmax(codes == number)) + 1
            raise InvalidTableError(f"{row_name(row)}: {error}") from None
        names.append(name)
        if lists and isinstance(content, str) and len(parsed) > 1 and '"' not in content:
            joined.setdefault(name, content)
    known = sorted(set(names))
    position = {name: k for k, name in enumerate(known)}
    return NameColumn(
        np.array([position[name] for name in names], dtype=np.int32)[codes], known, joined
    )


def _distinct(
    column: pd.Series, header: str, lists: bool, text: Callable[[Any], str]
) -> tuple[Integers32, list[Members]]:
    """Return a code for each row, -1 where the field is missing, and the distinct fields."""
    if pd.api.types.is_object_dtype(column.dtype) and (
        pd.api.types.infer_dtype(column, skipna=True) not in ("string", "empty")
    ):
        return _distinct_objects(column, header, lists, text)
    categories = column.astype("category").cat.remove_unused_categories().cat
    codes = np.asarray(categories.codes, dtype=np.int32)
    fields: list[Members] = []
    for number, value in enumerate(categories.categories):
        row = int(np.argmax(codes == number)) + 1 if isinstance(value, bytes | dict | tuple) else 0
        fields.append(_field(value, row, header, lists, text))
    return codes, [normalized(f) if isinstance(f, str) and text is _text else f for f in fields]


def _distinct_objects(
    column: pd.Series, header: str, lists: bool, text: Callable[[Any], str]
) -> tuple[Integers32, list[Members]]:
    """Do as `_distinct` for a column of Python objects, such as lists."""
    codes = np.full(len(column), -1, dtype=np.int32)
    known: dict[Members, int] = {}
    for row, value in enumerate(column.to_numpy(dtype=object)):
        if isinstance(value, str) or not _missing(value):
            content = _field(value, row + 1, header, lists, text)
            codes[row] = known.setdefault(content, len(known))
    return codes, list(known)


def _field(value: Any, row: int, header: str, lists: bool, text: Callable[[Any], str]) -> Members:
    """Return a field as text or as a tuple of names; raise if it is neither."""
    if isinstance(value, str):
        return value
    if isinstance(value, (dict, bytes, *LISTS)):
        elements = [] if isinstance(value, dict | bytes) else list(value)
        names = all(isinstance(name, str) or name is None for name in elements)
        if isinstance(value, dict | bytes) or not names or not lists:
            raise InvalidTableError(
                f"{row_name(row)}: {header} holds {_kind(value)}, expected {_wanted(lists)}"
            )
        return tuple(elements)
    return text(value)


def _kind(value: Any) -> str:
    """Return what a field holds, in words for a message."""
    if isinstance(value, dict | bytes):
        return "a struct" if isinstance(value, dict) else "bytes"
    kinds = sorted({_word(type(element)) for element in value})
    return f"a list of {' and '.join(kinds)}" if kinds else "an empty list"


def _word(kind: type) -> str:
    """Return a type in words."""
    if issubclass(kind, str):
        return "names"
    if issubclass(kind, np.generic | int | float) and not issubclass(kind, bool | np.bool_):
        return "numbers"
    return "pairs (a map)" if issubclass(kind, tuple) else kind.__name__


def _wanted(lists: bool) -> str:
    return 'a name, names joined by "+", or a list of names' if lists else "a name"


def _missing(value: Any) -> bool:
    return not isinstance(value, (dict, *LISTS)) and bool(pd.isna(value))


def _text(value: Any) -> str:
    """Return a number as a name; 1.0 becomes 1, as a column with gaps turns 1 into 1.0."""
    is_whole = isinstance(value, float | np.floating) and bool(np.isfinite(value))
    is_whole = is_whole and value == int(value)
    return str(int(value)) if is_whole else str(value)


def _target(text: str) -> str:
    """Return the name of a target; raise if it is reserved."""
    name = task_name(text)
    if name in RESERVED:
        raise InvalidTableError(
            f'the target is "{name}", expected the name of one task: {_listed_reserved()} are '
            "kept for sources that are no tasks; rename the task, or leave its rows out"
        )
    return name


def _listed_reserved() -> str:
    *first, last = (f'"{word}"' for word in sorted(RESERVED))
    return f"{', '.join(first)} and {last}"


def all_members(sets: Iterable[str]) -> set[str]:
    """Return the tasks in sets that `join_sources` wrote, without the reserved names."""
    return {name for text in sets for name in split_sources(text)} - RESERVED
