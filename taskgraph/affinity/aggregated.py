"""Tables of values that are aggregated over images: win rates of pairs of transfers, and scores."""

from __future__ import annotations

import pandas as pd

from taskgraph.errors import InvalidTableError
from taskgraph.frames.columns import read_numbers, require_columns
from taskgraph.frames.names import NameColumn, check_names, read_sets, read_targets
from taskgraph.frames.rows import row_name

WIN_COLUMNS = ("target", "sources", "versus", "wins")
SCORE_COLUMNS = ("target", "sources", "score")


def read_aggregated(
    frame: pd.DataFrame, required: tuple[str, ...], exact_names: bool
) -> pd.DataFrame:
    """Return a copy of a table with normalized names and its values as floats.

    Parameters
    ----------
    frame : DataFrame
    required : names of columns
        `WIN_COLUMNS` or `SCORE_COLUMNS`; the last one holds the values.
    exact_names : bool
        As for `Transfers`.

    Raises
    ------
    InvalidTableError
        As for `read_name_columns`, or if a value is missing or no finite number.
    """
    read = read_name_columns(frame, required, exact_names)
    frame = frame.reset_index(drop=True).copy()
    for name, column in zip(required[:-1], read, strict=True):
        frame[name] = column.to_series()
    values = read_numbers(frame[required[-1]])
    empty = values.isna().to_numpy()
    if empty.any():
        raise InvalidTableError(
            f"{row_name(int(empty.argmax()) + 1)}: {required[-1]} is empty, expected a finite "
            "number; mend it or leave the row out"
        )
    frame[required[-1]] = values
    return frame


def read_name_columns(
    frame: pd.DataFrame, required: tuple[str, ...], exact_names: bool
) -> list[NameColumn]:
    """Read and check the columns of names: all of the required columns but the last.

    Raises
    ------
    InvalidTableError
        If a column is missing, a field is no name, or one name has two spellings.
    """
    require_columns(frame, required, kind=required[-1])
    if frame.empty:
        raise InvalidTableError(f"the table of {required[-1]} has no rows")
    read = [read_targets(frame["target"]), *(read_sets(frame[name]) for name in required[1:-1])]
    check_names(*read, exact_names=exact_names)
    return read
