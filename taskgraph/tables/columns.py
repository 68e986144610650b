"""Headers: which kind of table a file is, and how a user's own headers map to ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import pandas as pd

from taskgraph.errors import InvalidTableError
from taskgraph.tasks import SELF

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


def selected(frame: pd.DataFrame, where: Mapping[str, str] | None) -> pd.DataFrame:
    """Keep the rows whose columns, by the table's own headers, have these values.

    Raises
    ------
    InvalidTableError
        If there is no such column, or no such row.
    """
    for name, value in (where or {}).items():
        check_columns([str(column) for column in frame.columns], {"a condition": name})
        frame = frame[(frame[name].astype("string") == value).fillna(False).to_numpy(dtype=bool)]
        if frame.empty:
            raise InvalidTableError(f'no row has {name} "{value}"')
    return frame.reset_index(drop=True)


def melted(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn a wide matrix into rows ``sources, target, score``.

    The first column holds the sources; every other one is a target. The diagonal, a task to
    itself, is the target's own network: its source is read as ``self``. Empty cells were not
    measured, and are left out.

    Raises
    ------
    InvalidTableError
        If there is no second column, or a cell is not a number; rows are counted from 1.
    """
    if frame.shape[1] < 2:
        raise InvalidTableError(
            f"the table has {frame.shape[1]} column, expected one of sources and one a target"
        )
    sources = frame.iloc[:, 0].astype("string").fillna("").str.strip()
    parts = []
    for target in frame.columns[1:]:
        score = _cells(frame[target], str(target))
        part = pd.DataFrame({"sources": sources, "target": str(target), "score": score})
        part["sources"] = part["sources"].mask(sources == str(target), SELF).astype(object)
        parts.append(part[score.notna()])
    return pd.concat(parts, ignore_index=True)


def _cells(column: pd.Series, name: str) -> pd.Series:
    text = column.astype("string").str.strip()
    score = pd.to_numeric(text.mask(text == ""), errors="coerce").astype("float64")
    bad = score.isna() & text.notna() & (text != "") & (text.str.lower() != "nan")
    if bad.any():
        row = int(bad.to_numpy(dtype=bool).argmax())
        raise InvalidTableError(
            f'row {row + 1}: column "{name}" holds "{text.iloc[row]}", expected a number; no '
            'column is named "affinity", "wins", "loss" or "score", so this was read as a wide '
            "matrix of scores: rename the columns if it is none"
        )
    return score


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
