"""Readers of measurements, one for each kind; every error is one line that names the file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from taskgraph.affinity.aggregated import WIN_COLUMNS, read_name_columns
from taskgraph.affinity.scores import check_scores
from taskgraph.affinity.wins_table import check_wins_table
from taskgraph.arrays import Integers
from taskgraph.errors import InvalidTableError
from taskgraph.frames.columns import check_unique
from taskgraph.frames.score_words import called_a_score
from taskgraph.losses import Losses
from taskgraph.tables.columns import (
    Columns,
    Kind,
    check_columns,
    kind_of,
    renamed_header,
    selected,
    tidy,
)
from taskgraph.tables.files import read_frame, read_index_columns, read_separator
from taskgraph.tables.formats import FilePath
from taskgraph.tables.many_files import Rows, TableFiles
from taskgraph.tables.missing import kind_name
from taskgraph.tables.naming import naming
from taskgraph.tables.rows import headers_of, read_rows, usable_columns, without_candidates
from taskgraph.tables.text import with_points
from taskgraph.tables.wide import melted_rows, with_names
from taskgraph.tables.writing import write_frame
from taskgraph.transfers import Transfers

Paths = FilePath | Sequence[FilePath] | TableFiles
"""One file, or several files that are read as one table."""


def table_kind(path: Paths, *, columns: Columns | None = None) -> Kind:
    """Return the kind of a table by its header; see `kind_of`.

    Raises
    ------
    InvalidTableError
        If the file is not a table, has no column of ``columns``, or the files differ in kind.
    """
    files, columns = TableFiles.of(path), tidy(columns)
    kinds: dict[Kind, FilePath] = {}
    for file, header in zip(files.paths, headers_of(files, columns, None), strict=True):
        with naming(file):
            mapped = usable_columns(header, columns, many_files=len(files.paths) > 1)
            check_columns(header, mapped)
            kinds.setdefault(kind_of(renamed_header(header, mapped)), file)
    if len(kinds) > 1:
        (one, first), (other, second) = list(kinds.items())[:2]
        raise InvalidTableError(
            f"{first!s} holds {kind_name(one)}, and {second!s} {kind_name(other)}; several files "
            "must hold the same kind of table, with the same columns"
        )
    return next(iter(kinds))


def read_transfers(
    path: FilePath,
    *,
    columns: Columns | None = None,
    where: Columns | None = None,
    exact_names: bool = False,
) -> Transfers:
    """Read measured transfers from CSV or JSON lines (plain or gzipped), Parquet or Feather.

    Parameters
    ----------
    path : str or path
    columns : mapping of our headers to the file's own, optional
        As for `taskgraph.tables.renamed`; all readers have this parameter.
    where : mapping of the file's own headers to values, optional
        Only rows with these values are kept; all readers have this parameter.
    exact_names : bool
        As for `Transfers`; all readers have this parameter.

    Raises
    ------
    InvalidTableError
        If the file is not such a table; the message begins with its name.
    """
    frame, rows = read_rows(TableFiles.of(path), "transfers", columns, where)
    with naming(path, rows):
        return Transfers(frame, exact_names=exact_names)


def write_transfers(transfers: Transfers, path: FilePath) -> None:
    """Write transfers as ``.csv``, ``.csv.gz`` or ``.parquet``; see `write_frame`."""
    write_frame(transfers.to_frame(), path)


def read_losses(
    path: Paths,
    *,
    columns: Columns | None = None,
    where: Columns | None = None,
    drop: Iterable[str] = (),
    higher_is_better: bool | None = None,
    higher_is_better_for: Iterable[str] = (),
    exact_names: bool = False,
) -> Losses:
    """Read losses of test images, from the columns ``target, sources, image, loss``.

    ``cluster`` and ``higher_is_better`` are optional columns; see `Losses.from_frame`.

    Parameters
    ----------
    path : str, path, or several
        Several files are read as one table; its column ``file`` names the file of each row. Rows
        without a loss (empty, ``NA``, ``-``, ``null``) count as not measured and are left out.
    columns, where
        As for `read_transfers`.
    drop : sets of sources
        Candidates to leave out.
    higher_is_better : bool, optional
        Whether the column read as ``loss`` holds scores, such as accuracies, rather than losses. By
        default it holds losses; if the file calls it by a score's name, there is no default.
    higher_is_better_for, exact_names
        As for `Losses.from_frame`.

    Raises
    ------
    InvalidTableError
        If the file is not such a table, or nothing gives the direction of a column with a score's
        name; the message begins with the file's name.
    """
    files = TableFiles.of(path)
    frame, rows = read_rows(files, "losses", columns, where, drop)
    header = tidy(columns).get("loss", "loss")
    with naming(files, rows):
        return Losses.from_frame(
            frame,
            higher_is_better=higher_is_better,
            higher_is_better_for=higher_is_better_for,
            exact_names=exact_names,
            header=header if called_a_score(header) else None,
        )


def write_losses(losses: Losses, path: FilePath) -> None:
    """Write losses as a long table, ``.parquet`` or ``.csv``; see `write_frame`."""
    write_frame(losses.to_frame(), path)


def read_wins(
    path: Paths,
    *,
    columns: Columns | None = None,
    where: Columns | None = None,
    drop: Iterable[str] = (),
    exact_names: bool = False,
) -> pd.DataFrame:
    """Read win rates, ``target, sources, versus, wins``, for `affinities_from_wins_table`.

    Raises
    ------
    InvalidTableError
        If the file is not such a table; the message begins with its name.
    """
    files = TableFiles.of(path)
    frame, rows = read_rows(files, "wins", columns, where, drop)
    with naming(files, rows):
        read_name_columns(frame, WIN_COLUMNS, exact_names)
        check_wins_table(frame)
    return frame


def read_scores(
    path: Paths,
    *,
    columns: Columns | None = None,
    where: Columns | None = None,
    drop: Iterable[str] = (),
    exact_names: bool = False,
) -> pd.DataFrame:
    """Read one score for each transfer, for `affinities_from_scores`.

    The table has either rows ``sources, target, score``, or is a wide matrix: its first column (or
    the index that pandas wrote to Parquet) holds the sources, each other column is a target, and
    the diagonal holds the targets' own networks (``self``). With ``columns`` it is read as rows.

    Raises
    ------
    InvalidTableError
        If the file is neither of these; the message begins with its name.
    """
    files = TableFiles.of(path)
    if columns or table_kind(files) != "matrix":
        frame, rows = read_rows(files, "scores", columns, where, drop)
        with naming(files, rows):
            check_scores(frame, exact_names)
        return frame
    parts = [_matrix(file, where, exact_names) for file in files.paths]
    frame = pd.concat([part for part, _ in parts], ignore_index=True)
    sizes = [len(part) for part, _ in parts]
    rows = Rows(
        files.paths,
        np.repeat(np.arange(len(sizes)), sizes),
        np.concatenate([rows for _, rows in parts]),
    )
    with naming(files, rows):
        frame, _ = without_candidates(frame, rows, drop)
        if len(parts) > 1:
            check_unique(frame, ["target", "sources"])
    return frame


def _matrix(
    path: FilePath, where: Columns | None, exact_names: bool
) -> tuple[pd.DataFrame, Integers]:
    """Return the cells of a matrix as rows, and for each the row of the matrix, counted from 1."""
    frame, index, separator = read_frame(path), read_index_columns(path), read_separator(path)
    for name in frame.columns[1:]:
        frame[name] = with_points(frame[name], separator)
    with naming(path):
        kept, numbers = selected(frame, tidy(where))
    with naming(path, Rows((path,), np.zeros(len(numbers), dtype=np.int64), numbers)):
        cells, positions = melted_rows(with_names(kept, index), exact_names=exact_names)
        return cells, numbers[positions]
