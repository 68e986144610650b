"""One reader a kind of file: every error is one line that begins with the file's name."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable

import pandas as pd
import tomli_w

from taskgraph.affinity.given import SCORES, WINS, check_names_of
from taskgraph.direction import COLUMN, called_a_score
from taskgraph.errors import InvalidProblemError, InvalidTableError
from taskgraph.losses import Losses
from taskgraph.problem import Problem, problem_from_dict, problem_to_dict
from taskgraph.tables.columns import (
    Columns,
    Kind,
    check_columns,
    kind_of,
    renamed,
    renamed_header,
    selected,
    tidy,
)
from taskgraph.tables.files import (
    UNNAMED,
    FilePath,
    naming,
    read_frame,
    read_header,
    read_index,
    read_text,
    write_frame,
    write_text,
)
from taskgraph.tables.wide import melted, with_names
from taskgraph.taxonomy import Taxonomy, taxonomy_from_dict
from taskgraph.transfers import MEASUREMENTS, Transfers

REQUIRED: dict[Kind, tuple[str, ...]] = {
    "losses": ("target", "sources", "image", "loss"),
    "wins": ("target", "sources", "versus", "wins"),
    "transfers": ("sources", "target", "affinity"),
    "scores": ("sources", "target", "score"),
    "matrix": (),
}


def table_kind(path: FilePath, *, columns: Columns | None = None) -> Kind:
    """Tell the kind of a file by its header alone; see `kind_of`.

    Raises
    ------
    InvalidTableError
        If the file is not a table, or has no such columns.
    """
    header = read_header(path)
    columns = tidy(columns)
    with naming(path):
        check_columns(header, columns)
        return kind_of(renamed_header(header, columns))


def read_transfers(
    path: FilePath, *, columns: Columns | None = None, exact_names: bool = False
) -> Transfers:
    """Read measured transfers from CSV (plain or gzipped) or Parquet.

    Parameters
    ----------
    path : str or path
    columns : mapping of our headers to the file's own, optional
        As for `taskgraph.tables.renamed`; the same for all readers.
    exact_names : bool
        As for `Transfers`; the same for all readers.

    Raises
    ------
    InvalidTableError
        If the file is not such a table; the message begins with its name.
    """
    frame = _read(path, "transfers", columns)
    with naming(path):
        return Transfers(frame, exact_names=exact_names)


def write_transfers(transfers: Transfers, path: FilePath) -> None:
    """Write transfers as ``.csv``, ``.csv.gz`` or ``.parquet``; see `write_frame`."""
    write_frame(transfers.to_frame(), path)


def read_losses(
    path: FilePath,
    *,
    columns: Columns | None = None,
    where: Columns | None = None,
    higher_is_better: bool | None = None,
    higher_is_better_for: Iterable[str] = (),
    exact_names: bool = False,
) -> Losses:
    """Read losses per test image: ``target, sources, image, loss``.

    ``cluster`` and ``higher_is_better`` are optional columns; see `Losses.from_frame`.

    Parameters
    ----------
    path, columns
        As for `read_transfers`.
    where : mapping of the file's own headers to values, optional
        Only rows with these values are kept.
    higher_is_better : bool, optional
        The column read as ``loss`` holds scores, such as accuracies (True), or losses (False). By
        default losses, unless the file calls the column by a score's name, such as ``accuracy``.
    higher_is_better_for, exact_names
        As for `Losses.from_frame`.

    Raises
    ------
    InvalidTableError
        If the file is not such a table, or nothing says the direction of a column that is called
        a score; the message begins with the file's name.
    """
    frame = _read(path, "losses", columns, where)
    header = tidy(columns).get("loss", "loss")
    with naming(path):
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
    path: FilePath,
    *,
    columns: Columns | None = None,
    where: Columns | None = None,
    exact_names: bool = False,
) -> pd.DataFrame:
    """Read win rates, ``target, sources, versus, wins``, for `affinities_from_wins_table`.

    Raises
    ------
    InvalidTableError
        If the file is not such a table; the message begins with its name.
    """
    frame = _read(path, "wins", columns, where)
    with naming(path):
        check_names_of(frame, WINS, exact_names)
    return frame


def read_scores(
    path: FilePath,
    *,
    columns: Columns | None = None,
    where: Columns | None = None,
    exact_names: bool = False,
) -> pd.DataFrame:
    """Read one score a transfer, for `affinities_from_scores`.

    Either rows ``sources, target, score``, or a wide matrix: the first column (or the index that
    pandas wrote to Parquet) holds the sources, the others are targets, and the diagonal is the
    targets' own networks (``self``). A mapping of columns means rows.

    Raises
    ------
    InvalidTableError
        If the file is neither; the message begins with its name.
    """
    if columns or table_kind(path) != "matrix":
        frame = _read(path, "scores", columns, where)
        with naming(path):
            check_names_of(frame, SCORES, exact_names)
        return frame
    frame, index = read_frame(path), read_index(path)
    with naming(path):
        return melted(with_names(selected(frame, tidy(where)), index), exact_names=exact_names)


def read_problem(path: FilePath) -> Problem:
    """Read budget, roles, costs and importances from a TOML file.

    Raises
    ------
    InvalidTableError
        If the file is missing or not text.
    InvalidProblemError
        If it is not TOML (the message has the line), or a setting is unknown or out of range.
    """
    text = read_text(path)
    with naming(path):
        try:
            content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InvalidProblemError(f"this is not TOML: {error}") from None
        return problem_from_dict(content)


def write_problem(problem: Problem, path: FilePath) -> None:
    """Write a problem as the TOML that `read_problem` reads, whole or not at all."""
    write_text(tomli_w.dumps(problem_to_dict(problem)), path)


def read_taxonomy(path: FilePath) -> Taxonomy:
    """Read the JSON that `write_taxonomy` or ``taskgraph solve --json`` wrote.

    Raises
    ------
    InvalidTableError
        If the file is not JSON (the message has the line), or not a taxonomy.
    """
    text = read_text(path)
    with naming(path):
        try:
            return taxonomy_from_dict(json.loads(text))
        except json.JSONDecodeError as error:
            raise InvalidTableError(f"this is not JSON: {error}") from None
        except (KeyError, TypeError, AttributeError) as error:
            raise InvalidTableError(
                f"this is JSON, and not a taxonomy ({type(error).__name__}: {error}); expected "
                "what `taskgraph solve --json` prints"
            ) from None


def write_taxonomy(taxonomy: Taxonomy, path: FilePath) -> None:
    """Write a taxonomy as JSON, whole or not at all."""
    write_text(taxonomy.to_json() + "\n", path)


def _read(
    path: FilePath, kind: Kind, columns: Columns | None, where: Columns | None = None
) -> pd.DataFrame:
    header = read_header(path)
    columns, where = tidy(columns), tidy(where)
    with naming(path):
        check_columns(header, columns)
        named = renamed_header(header, columns)
        for name in REQUIRED[kind]:
            if name not in named:
                raise InvalidTableError(_missing(name, kind, header, kind_of(named)))
    mapped = {name for theirs in (columns or {}).values() for name in theirs.split("+")}
    known = {*REQUIRED[kind], "cluster", COLUMN, *MEASUREMENTS, *mapped, *where}
    infer = set(header) - known
    if kind == "losses":
        # The one column of millions of numbers; elsewhere text lets an error quote the field.
        infer.add((columns or {}).get("loss", "loss"))
    frame = read_frame(path, infer=infer)
    with naming(path):
        frame = renamed(selected(frame, where), columns)
    return frame[[name for name in frame.columns if not str(name).startswith(UNNAMED)]]


def _missing(name: str, kind: Kind, header: list[str], found: Kind) -> str:
    shown = ", ".join(f'"{column}"' for column in header[:12])
    more = f" and {len(header) - 12} more" if len(header) > 12 else ""
    if kind == "transfers" and found in ("losses", "wins", "scores"):
        return (
            f'a table of transfers needs the column "{name}"; this looks like a table of {found}: '
            "turn it into transfers with `taskgraph affinity`"
        )
    other = "" if found in (kind, "matrix") else f"; this looks like a table of {found}"
    index = next((column for column in header if column.startswith(UNNAMED)), None)
    return f'a table of {kind} needs the column "{name}"; it has {shown}{more}{other}. ' + _remedy(
        name, kind, index
    )


def _remedy(name: str, kind: Kind, index: str | None) -> str:
    """How to name a column that is missing; the commands that read transfers rename none."""
    if kind == "transfers":
        wrote = f' (its index, with `frame.reset_index(names="{name}")`)' if index else ""
        return f"Rename the column that holds it{wrote}, or read it in Python with `columns`"
    return (
        f'Rename it, or say which column to read as "{name}": '
        f"--column {name}={index or 'HEADER'} (in Python `columns`)"
    )
