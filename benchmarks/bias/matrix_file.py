"""A user's own train-on × test-on matrix, read from a CSV file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.bias.margins import checked_matrix
from taskgraph.arrays import Floats
from taskgraph.errors import InvalidTableError


def read_matrix(path: Path) -> tuple[tuple[str, ...], Floats]:
    """Return the names of the data sets and their matrix of scores.

    The first line of the file names the sets that are tested on, after one cell for the corner;
    every other line begins with the set that is trained on. Rows may stand in any order: they are
    put into the order of the columns.

    Returns
    -------
    tuple of K str, (K, K) array

    Raises
    ------
    InvalidTableError
        If the file is no such table, names differ, or `margins` would refuse the matrix.
    """
    try:
        frame = pd.read_csv(
            path,
            index_col=0,
            skipinitialspace=True,
            dtype=str,
            keep_default_na=False,
            compression=None,
        )
    except (ValueError, UnicodeDecodeError) as error:
        raise InvalidTableError(
            f"{path} is no CSV file of a matrix, compressed or of another kind: {error}"
        ) from None
    frame.index = frame.index.map(str).str.strip()
    frame.columns = frame.columns.map(str).str.strip()
    names = tuple(frame.columns)
    for where, each in (("rows", frame.index), ("columns", frame.columns)):
        if not each.is_unique:
            twice = each[each.duplicated()][0]
            raise InvalidTableError(f'{path}: two {where} are named "{twice}", expected one')
    alone = sorted({*frame.index} ^ {*names})
    if alone or not names:
        named = f'"{alone[0]}" is not the name of both' if alone else "it has no column; expected"
        raise InvalidTableError(
            f"{path}: {named} a row (trained on) and a column (tested on); the first line names "
            "the sets, and so does the first cell of every other line"
        )
    numbers = frame.loc[list(names)].apply(pd.to_numeric, errors="coerce")
    wrong = numbers.isna().to_numpy()
    if wrong.any():
        row, column = (int(place[0]) for place in wrong.nonzero())
        cell = frame.loc[names[row], names[column]]
        raise InvalidTableError(
            f'{path}: the score of row "{names[row]}", column "{names[column]}" is {cell!r}, '
            "expected a number"
        )
    try:
        return names, checked_matrix(numbers.to_numpy())
    except InvalidTableError as error:
        raise InvalidTableError(f"{path}: {error}") from None
