"""Headers: the kind of a table, and a user's own headers mapped to ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from taskgraph.arrays import Integers
from taskgraph.errors import InvalidTableError
from taskgraph.tasks import normalized

Kind = Literal["losses", "wins", "transfers", "scores", "matrix"]
Columns = Mapping[str, str]


def kind_of(header: Iterable[str]) -> Kind:
    """Return the kind of a table by its columns.

    A table with ``affinity`` holds transfers (it may have ``loss`` too); with ``versus`` or
    ``wins`` win rates; with ``loss`` losses; with ``score`` scores. Any other table is a wide
    matrix of scores: its first column holds the sources, its other columns are the targets.
    """
    names = set(header)
    if "affinity" in names:
        return "transfers"
    if names & {"versus", "wins"}:
        return "wins"
    if "loss" in names:
        return "losses"
    return "scores" if "score" in names else "matrix"


def tidy(columns: Columns | None) -> dict[str, str]:
    """Return the mapping with normalized headers, as those of a file are."""
    return {ours: normalized(theirs) for ours, theirs in (columns or {}).items()}


def check_columns(header: Sequence[str], columns: Columns | None) -> None:
    """Raise `InvalidTableError` if a mapping names a column that the table does not have."""
    for ours, theirs in (columns or {}).items():
        for name in _parts(theirs, header):
            if name not in header:
                raise InvalidTableError(
                    f'there is no column "{name}" to read as "{ours}"; the table has '
                    + ", ".join(f'"{known}"' for known in header)
                )


def renamed_header(header: Sequence[str], columns: Columns | None) -> list[str]:
    """Return the header that `renamed` gives a table."""
    used = {name for theirs in (columns or {}).values() for name in _parts(theirs, header)}
    return [name for name in header if name not in used and name not in (columns or {})] + list(
        columns or {}
    )


def renamed(frame: pd.DataFrame, columns: Columns | None) -> pd.DataFrame:
    """Return a table with our headers.

    Parameters
    ----------
    frame : DataFrame
    columns : mapping of our headers to the table's own
        As in ``{"target": "key0"}``. Columns joined by ``+``, as in ``{"image": "setting+seed"}``,
        become one column of joined values. A column may be used twice. Columns that are used under
        another header, or whose header is given to another column, are left out; all others stay.

    Raises
    ------
    InvalidTableError
        If the table lacks a column of the mapping.
    """
    if not columns:
        return frame
    header = [str(name) for name in frame.columns]
    check_columns(header, columns)
    frame = frame.reset_index(drop=True)
    kept = [name for name in renamed_header(header, columns) if name not in columns]
    mapped = {ours: _joined(frame, _parts(theirs, header)) for ours, theirs in columns.items()}
    return frame[kept].assign(**mapped)


def selected(frame: pd.DataFrame, where: Mapping[str, str] | None) -> tuple[pd.DataFrame, Integers]:
    """Keep the rows that have these values in these columns, by the table's own headers.

    Returns
    -------
    frame : DataFrame
        The rows that were kept.
    rows : (kept,) ints
        Their numbers in the table, counted from 1.

    Raises
    ------
    InvalidTableError
        If the table has no such column, or no row with these values.
    """
    rows = np.arange(1, len(frame) + 1)
    for name, value in (where or {}).items():
        check_columns([str(column) for column in frame.columns], {"a condition": name})
        keep = (frame[name].astype("string") == value).fillna(False).to_numpy(dtype=bool)
        frame, rows = frame[keep], rows[keep]
        if frame.empty:
            raise InvalidTableError(f'no row has {name} "{value}"')
    return frame.reset_index(drop=True), rows


def _parts(theirs: str, header: Sequence[str]) -> list[str]:
    """Return the headers of joined columns; a header of the table may itself hold a ``+``."""
    return [theirs] if theirs in header else theirs.split("+")


def _joined(frame: pd.DataFrame, names: list[str]) -> pd.Series:
    """Return the values of several columns joined by ``+``."""
    if len(names) == 1:
        return frame[names[0]]
    first, *rest = (frame[name].astype("string").fillna("").astype("category") for name in names)
    for column in rest:
        # Only distinct pairs are joined, so that millions of rows take little time and memory.
        pair = first.cat.codes.astype("int64") * len(column.cat.categories) + column.cat.codes
        distinct = pair.drop_duplicates()
        text = [f"{first[k]}+{column[k]}" for k in distinct.index]
        first = pair.map(dict(zip(distinct, text, strict=True))).astype("category")
    return first
