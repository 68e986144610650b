"""Columns of the tables of transfers, losses, win rates and scores: read and checked."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable

import numpy as np
import pandas as pd

from taskgraph.errors import InvalidTableError
from taskgraph.frames.names import LISTS
from taskgraph.frames.rows import row_name, row_names

MEASUREMENTS = ("affinity", "low", "high", "gain", "quality", "closed", "loss", "n")

NOT_MEASURED = frozenset({"", "na", "n/a", "#n/a", "<na>", "-", "–", "—", "null", "none"})
"""Words that mean "not measured" in a column of numbers, in lower case. In a column of names they
are ordinary names."""


def require_columns(frame: pd.DataFrame, required: Iterable[str], *, kind: str) -> None:
    """Raise `InvalidTableError` if a table lacks a column; ``kind`` names its content."""
    if not isinstance(frame, pd.DataFrame):
        raise InvalidTableError(
            f"the table of {kind} is a {type(frame).__name__}, expected a pandas DataFrame; read a "
            f"file with `tg.read_{kind.removesuffix('s')}s(path)`"
        )
    for name in required:
        if name not in frame.columns:
            shown = ", ".join(f'"{column}"' for column in frame.columns)
            raise InvalidTableError(f'a table of {kind} needs the column "{name}"; it has {shown}')


def read_numbers(column: pd.Series) -> pd.Series:
    """Read a column as floats, with NaN where nothing was measured (`NOT_MEASURED`).

    Raises
    ------
    InvalidTableError
        If any other field is not a finite number.
    """
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        values = column.astype("float64")
        bad = values.isin([np.inf, -np.inf])
    else:
        text = column.astype("string").str.strip()
        empty = is_empty(text)
        values = pd.Series([_float(word) for word in text.fillna("")], index=column.index)
        bad = ~empty & (values.isna() | np.isinf(values))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise InvalidTableError(
            f'{row_name(row + 1)}: {column.name!s} is "{column.iloc[row]}", expected a finite '
            "number; mend it or leave the row out"
        )
    return values


def is_empty(column: pd.Series) -> pd.Series:
    """Return for each field whether it is missing or a word of `NOT_MEASURED`."""
    if pd.api.types.is_numeric_dtype(column):
        return column.isna()
    fields, lists = column.astype(object), has_lists(column)
    words = {
        word: str(word).strip().lower() in NOT_MEASURED for word in fields[~lists].dropna().unique()
    }
    empty = fields.where(~lists).map(lambda word: words.get(word, True)).astype(bool)
    return empty & ~lists


def has_lists(column: pd.Series) -> pd.Series:
    """Return for each field whether it is a list, an array or a mapping, as Parquet files hold."""
    return column.astype(object).map(lambda field: isinstance(field, (dict, *LISTS))).astype(bool)


def _float(word: str) -> float:
    """Return the nearest float, which some versions of pandas do not; NaN if it is no number."""
    try:
        return math.nan if "_" in word else float(word)
    except ValueError:
        return math.nan


def check_unique(frame: pd.DataFrame, keys: list[str]) -> None:
    """Raise `InvalidTableError`, which names both rows, if two rows have the same keys."""
    repeated = frame.duplicated(keys)
    if not repeated.any():
        return
    second = int(np.flatnonzero(repeated)[0])
    same = (frame[keys] == frame.loc[second, keys]).all(axis=1)
    first = int(np.flatnonzero(same)[0])
    names = ", ".join(f'{key} "{frame[key].iloc[second]!s}"' for key in keys)
    raise InvalidTableError(
        f"{row_names(first + 1, second + 1)} are the same transfer ({names}); the order of sources "
        f"carries no meaning: keep one of them{distinguishing_filter(frame, first, second, keys)}"
    )


def distinguishing_filter(frame: pd.DataFrame, first: int, second: int, keys: Iterable[str]) -> str:
    """Return advice to keep one of two rows by a column in which they differ, for a message."""
    measured = {*MEASUREMENTS, "score", "wins", *keys}
    for name in frame.columns:
        one, other = (str(frame[name].iloc[row]).strip() for row in (first, second))
        if name not in measured and one != other and one and not _is_number_with_point(one):
            return (
                f', such as the one with the {name} "{one}" (the other has "{other}"): '
                f"--where {shlex.quote(f'{name}={one}')}"
            )
    return ", or pick the rows by the value of a column with --where HEADER=VALUE"


def _is_number_with_point(text: str) -> bool:
    """Return whether a field is a number with a point: a measurement, not a setting or a seed."""
    return "." in text and not math.isnan(_float(text))
