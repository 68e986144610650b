"""Headers: which kind of table a file is, and how a user's own headers map to ours."""

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
    """Tell the kind of a table by its columns.

    ``affinity`` makes it transfers (which may carry a ``loss`` too), ``versus`` or ``wins`` wins,
    ``loss`` losses, ``score`` scores. Anything else is a wide matrix of scores: its first column
    holds the sources, its other columns are named after the targets.
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
    """A mapping whose names of headers are normalized as the headers of a file are."""
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
    """The header as `renamed` will leave it."""
    used = {name for theirs in (columns or {}).values() for name in _parts(theirs, header)}
    return [name for name in header if name not in used and name not in (columns or {})] + list(
        columns or {}
    )


def renamed(frame: pd.DataFrame, columns: Columns | None) -> pd.DataFrame:
    """Give a table our headers.

    Parameters
    ----------
    frame : DataFrame
    columns : mapping of our headers to the table's own
        ``{"target": "key0"}``; several of its columns make one name when joined by ``+``, as in
        ``{"image": "setting+seed"}``. A column may be used twice. Columns that are used under
        another header, or whose header is taken, are left out; all others stay.

    Raises
    ------
    InvalidTableError
        If the table has no such column.
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
    """Keep the rows whose columns, by the table's own headers, have these values.

    Returns
    -------
    frame, rows
        The second are the numbers of the rows that were kept, counted from 1.

    Raises
    ------
    InvalidTableError
        If there is no such column, or no such row.
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
    """A header may itself hold a ``+``; only one that is not there is taken apart."""
    return [theirs] if theirs in header else theirs.split("+")


def _joined(frame: pd.DataFrame, names: list[str]) -> pd.Series:
    if len(names) == 1:
        return frame[names[0]]
    first, *rest = (frame[name].astype("string").fillna("").astype("category") for name in names)
    for column in rest:
        # Joining the distinct pairs alone keeps millions of rows quick and small.
        pair = first.cat.codes.astype("int64") * len(column.cat.categories) + column.cat.codes
        distinct = pair.drop_duplicates()
        text = [f"{first[k]}+{column[k]}" for k in distinct.index]
        first = pair.map(dict(zip(distinct, text, strict=True))).astype("category")
    return first
