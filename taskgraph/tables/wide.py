"""Wide matrices of scores: one row for each source and one column for each target."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from taskgraph.arrays import Indices
from taskgraph.errors import InvalidTableError
from taskgraph.frames.columns import is_empty
from taskgraph.frames.direction import COLUMN
from taskgraph.frames.names import NameColumn, check_names, read_sets, read_targets
from taskgraph.frames.rows import row_name, row_names
from taskgraph.tables.formats import UNNAMED
from taskgraph.tasks import RESERVED, SELF, quoted, split_sources

logger = logging.getLogger("taskgraph")

REPEATED = re.compile(r"(\d+\.\d+)\.\d+")
"""A number that was in a header twice, so that pandas added a number to it."""

EXPECTED = (
    "expected the names of the sources in the first column (or the index of the DataFrame), and "
    "the names of the targets in the header"
)


def melted(frame: pd.DataFrame, *, exact_names: bool = False) -> pd.DataFrame:
    """Turn a wide matrix into rows ``sources, target, score``; see `melted_rows`."""
    return melted_rows(frame, exact_names=exact_names)[0]


def melted_rows(frame: pd.DataFrame, *, exact_names: bool = False) -> tuple[pd.DataFrame, Indices]:
    """Turn a wide matrix into rows ``sources, target, score``.

    The first column holds the sources, or the index of the frame if it is not a plain count; each
    other column is a target. The diagonal, a task to itself, is the target's own network: its
    source is read as ``self``. Empty cells count as not measured and are left out. If no source is
    a target, the matrix is read and a warning is logged.

    Returns
    -------
    frame : DataFrame
        The cells.
    rows : (cells,) ints
        For each cell its row in the matrix, counted from 0.

    Raises
    ------
    InvalidTableError
        If there is no second column, a cell is not a number, or the names of sources or targets
        are numbers or occur twice; rows are counted from 1.
    """
    frame = with_names(frame)
    if frame.shape[1] < 2:
        raise InvalidTableError(
            f"the table has {frame.shape[1]} column, expected one of sources and one a target"
        )
    if frame.empty:
        raise InvalidTableError("the table has no rows; expected one row a source")
    header = [str(name) for name in frame.columns[1:]]
    sources = read_sets(frame.iloc[:, 0].rename("the first column"))
    check_numbers(list(sources.known), header, exact_names=exact_names)
    _check_once(sources.codes.tolist(), sources.known)
    parts: list[pd.DataFrame] = []
    targets: list[str] = []
    numbers: list[Indices] = []
    for place, text in enumerate(header, start=1):
        target = _target(text, place)
        score = _cells(frame.iloc[:, place], text)
        part = pd.DataFrame({"sources": sources.to_series(), "target": target, "score": score})
        numbers.append(np.flatnonzero(score.notna().to_numpy(dtype=bool)))
        part["sources"] = part["sources"].mask(part["sources"] == quoted(target), SELF)
        parts.append(part[score.notna()])
        targets.append(target)
    _check_spelling(targets, sources, exact_names)
    rows = pd.concat(parts, ignore_index=True)
    if rows.empty:
        raise InvalidTableError("all cells of the matrix are empty; expected scores")
    _check_shared(set(targets), sources.known)
    return rows, np.concatenate(numbers)


def check_numbers(sources: Sequence[str], targets: Sequence[str], *, exact_names: bool) -> None:
    """Raise if there are numbers where names are expected.

    Raises
    ------
    InvalidTableError
        If all sources or all targets are numbers and one has a fractional part; or, unless
        ``exact_names``, if only the sources or only the targets are numbers, or both are and have
        no number in common.
    """
    sides = {"sources": list(sources), "targets": list(targets)}
    where = {"sources": "in the first column", "targets": "in the header"}
    missing = {
        "sources": "a column or an index of names seems to be missing",
        "targets": "a header of names seems to be missing",
    }
    numbers = {side: [_number(name) for name in names] for side, names in sides.items()}
    numeric = {side: all(value is not None for value in values) for side, values in numbers.items()}
    for side, values in numbers.items():
        fractions = [
            name
            for name, v in zip(sides[side], values, strict=True)
            if v is not None and v != round(v)
        ]
        if numeric[side] and fractions:
            raise InvalidTableError(
                f"the names of the {side}, {where[side]}, are all numbers, such as "
                f'"{fractions[0]}": {missing[side]}; {EXPECTED}'
            )
    for side, other in (("sources", "targets"), ("targets", "sources")):
        if numeric[side] and not numeric[other] and not exact_names:
            raise InvalidTableError(
                f"the names of the {side}, {where[side]}, are all numbers, such as "
                f'"{sides[side][0]}", and those of the {other} are not: {missing[side]}; '
                f"{EXPECTED}, or take the numbers for names with --exact-names"
            )
    shared = set(sides["sources"]) & set(sides["targets"])
    if all(numeric.values()) and not shared and not exact_names:
        raise InvalidTableError(
            "the names of the sources and of the targets are all numbers, and no number is on "
            f'both sides ("{sides["sources"][0]}", "{sides["targets"][0]}"): {EXPECTED}, or '
            "take the numbers for names with --exact-names"
        )


def with_names(frame: pd.DataFrame, index: Sequence[str] = ()) -> pd.DataFrame:
    """Return the frame with the names of the rows as its first column.

    ``index`` names the first columns that were an index in the file. A first column of numbers
    without a header, followed by a column of text, counts the rows and is removed.

    Raises
    ------
    InvalidTableError
        If the names of rows or columns have several levels.
    """
    for side, levels in (
        ("rows", frame.index.nlevels),
        ("columns", frame.columns.nlevels),
        ("rows", len(index)),
    ):
        if levels > 1:
            raise InvalidTableError(
                f"the names of the {side} have {levels} levels, expected one name each: join the "
                "levels to one before the table is written"
            )
    if not isinstance(frame.index, pd.RangeIndex):
        index = [str(frame.index.name or f"{UNNAMED}0__")]
        frame = frame.rename_axis(index=index[0]).reset_index()
    return frame.iloc[:, 1:] if _counts_rows(frame) else frame


def _counts_rows(frame: pd.DataFrame) -> bool:
    """Return whether the first column is a count of the rows."""
    first = str(frame.columns[0]) if frame.shape[1] > 1 else "no"
    if first and not first.startswith((UNNAMED, "Unnamed: ")):
        return False
    numbers, names = (
        [_number(str(value)) is not None for value in frame.iloc[:, k].dropna()] for k in (0, 1)
    )
    return all(numbers) and not any(names)


def _target(text: str, place: int) -> str:
    """Return the target of a column; ``place`` is the column's position, for the message."""
    try:
        (name,) = read_targets(pd.Series([text], name="the header")).known
    except InvalidTableError as error:
        message = str(error).removeprefix("row 1: ")
        raise InvalidTableError(f"column {place + 1}: {message}") from None
    if name == COLUMN:
        raise InvalidTableError(
            f'column {place + 1}: a wide matrix has no column "{COLUMN}"; name the targets that '
            "have scores with --higher-is-better-for a,b"
        )
    return name


def _check_spelling(targets: list[str], sources: NameColumn, exact_names: bool) -> None:
    """Raise if two names of the matrix look like one; the message has their columns and rows."""
    header = {name: f"column {k}" for k, name in reversed([*enumerate(targets, start=2)])}

    def place(name: str) -> str:
        """Return the row of a source, or the column of a target."""
        for code, text in enumerate(sources.known):
            if name in (text, *split_sources(text), sources.joined.get(text)):
                return row_name(sources.row(code))
        return header[name]

    named = read_targets(pd.Series(targets, dtype=object))
    check_names(named, sources, exact_names=exact_names, place=place)


def _check_once(codes: list[int], known: list[str]) -> None:
    """Raise if two rows have the same source."""
    first: dict[int, int] = {}
    for row, code in enumerate(codes, start=1):
        if first.setdefault(code, row) != row:
            raise InvalidTableError(
                f'{row_names(first[code], row)} are both the source "{known[code]}"; keep one'
            )


def _check_shared(targets: set[str], sources: Sequence[str]) -> None:
    """Log a warning if no source is a target."""
    named = {name for text in sources for name in split_sources(text)} - RESERVED
    if named and not named & targets:
        logger.warning(
            f'no source is also a target (sources such as "{min(named)}", targets such as '
            f'"{min(targets)}"): no target has a network of its own, "{SELF}", in this table'
        )


def _number(text: str) -> float | None:
    """Return the value of a name that is a number, else None."""
    repeated = REPEATED.fullmatch(text)
    try:
        value = math.nan if "_" in text else float(repeated.group(1) if repeated else text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _cells(column: pd.Series, name: str) -> pd.Series:
    """Return the scores of a column, NaN where a cell is empty; raise if a cell is not a number."""
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        text, score = column.astype("string"), column.astype("float64")
    else:
        text = column.map(str, na_action="ignore").astype("string").str.strip()
        score = pd.to_numeric(text.mask(text == ""), errors="coerce").astype("float64")
    named = ~is_empty(text) & (text.str.lower() != "nan").fillna(False)
    bad = named & ~score.abs().lt(math.inf)
    if bad.any():
        row = int(bad.to_numpy(dtype=bool).argmax())
        raise InvalidTableError(
            f'{row_name(row + 1)}: column "{name}" holds "{text.iloc[row]}", expected a number; no '
            'column is named "affinity", "wins", "loss" or "score", so this was read as a wide '
            "matrix of scores; if it is not a matrix, rename the columns"
        )
    return score
