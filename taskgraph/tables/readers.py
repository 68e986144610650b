"""One reader a kind of file: every error is one line that begins with the file's name."""

from __future__ import annotations

import difflib
import json
import logging
import shlex
import tomllib
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
import tomli_w

from taskgraph.affinity.given import WINS, check_names_of, check_pairs, check_scores
from taskgraph.arrays import Booleans, Integers
from taskgraph.direction import COLUMN, called_a_score
from taskgraph.errors import InvalidProblemError, InvalidTableError
from taskgraph.losses import Losses
from taskgraph.names import read_sets
from taskgraph.places import row_name
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
    read_separator,
    read_text,
    write_frame,
    write_text,
)
from taskgraph.tables.several import FILE, Files, Rows
from taskgraph.tables.text import with_points
from taskgraph.tables.wide import melted_rows, with_names
from taskgraph.tasks import join_sources, parse_sources
from taskgraph.taxonomy import Taxonomy, taxonomy_from_dict
from taskgraph.transfers import MEASUREMENTS, Transfers, check_unique, is_empty

logger = logging.getLogger("taskgraph")

Paths = FilePath | Sequence[FilePath] | Files
"""One file, or several that are read as one table."""

VALUES: dict[Kind, str] = {"losses": "loss", "wins": "wins", "scores": "score"}
"""The column of what was measured; rows where it is empty are left out."""


REQUIRED: dict[Kind, tuple[str, ...]] = {
    "losses": ("target", "sources", "image", "loss"),
    "wins": ("target", "sources", "versus", "wins"),
    "transfers": ("sources", "target", "affinity"),
    "scores": ("sources", "target", "score"),
    "matrix": (),
}


def table_kind(path: Paths, *, columns: Columns | None = None) -> Kind:
    """Tell the kind of a file by its header alone; see `kind_of`.

    Raises
    ------
    InvalidTableError
        If the file is not a table, has no such columns, or several files are of several kinds.
    """
    files, columns = Files.of(path), tidy(columns)
    found: dict[Kind, FilePath] = {}
    for file, header in zip(files.paths, _headers(files, columns, None), strict=True):
        with naming(file):
            mapped = _usable(header, columns, several=len(files.paths) > 1)
            check_columns(header, mapped)
            found.setdefault(kind_of(renamed_header(header, mapped)), file)
    if len(found) > 1:
        (one, first), (other, second) = list(found.items())[:2]
        raise InvalidTableError(
            f"{first!s} holds {_word(one)}, and {second!s} {_word(other)}; several files must hold "
            "the same kind of table, with the same columns"
        )
    return next(iter(found))


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
        As for `taskgraph.tables.renamed`; the same for all readers.
    where : mapping of the file's own headers to values, optional
        Only rows with these values are kept; the same for all readers.
    exact_names : bool
        As for `Transfers`; the same for all readers.

    Raises
    ------
    InvalidTableError
        If the file is not such a table; the message begins with its name.
    """
    frame, rows = _read(Files.of(path), "transfers", columns, where)
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
    """Read losses per test image: ``target, sources, image, loss``.

    ``cluster`` and ``higher_is_better`` are optional columns; see `Losses.from_frame`.

    Parameters
    ----------
    path : str, path, or several
        Several files are read as one table, in which a column ``file`` names the file of each
        row. Rows without a loss (empty, ``NA``, ``-``, ``null``) were not measured.
    columns, where
        As for `read_transfers`.
    drop : sets of sources
        Candidates to leave out.
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
    files = Files.of(path)
    frame, rows = _read(files, "losses", columns, where, drop)
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
    files = Files.of(path)
    frame, rows = _read(files, "wins", columns, where, drop)
    with naming(files, rows):
        check_names_of(frame, WINS, exact_names)
        check_pairs(frame)
    return frame


def read_scores(
    path: Paths,
    *,
    columns: Columns | None = None,
    where: Columns | None = None,
    drop: Iterable[str] = (),
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
    files = Files.of(path)
    if columns or table_kind(files) != "matrix":
        frame, rows = _read(files, "scores", columns, where, drop)
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
        frame, _ = _without(frame, rows, drop)
        if len(parts) > 1:
            check_unique(frame, ["target", "sources"])
    return frame


def _matrix(
    path: FilePath, where: Columns | None, exact_names: bool
) -> tuple[pd.DataFrame, Integers]:
    """The melted matrix of a file, and the row of the matrix that each of its rows is of."""
    frame, index, separator = read_frame(path), read_index(path), read_separator(path)
    for place in range(1, frame.shape[1]):
        name = frame.columns[place]
        frame[name] = with_points(frame[name], separator)
    with naming(path):
        kept, numbers = selected(frame, tidy(where))
    with naming(path, Rows((path,), np.zeros(len(numbers), dtype=np.int64), numbers)):
        found, places = melted_rows(with_names(kept, index), exact_names=exact_names)
        return found, numbers[places]


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
    files: Files,
    kind: Kind,
    columns: Columns | None,
    where: Columns | None = None,
    drop: Iterable[str] = (),
) -> tuple[pd.DataFrame, Rows]:
    """The rows of all files under our headers, and where each stands."""
    columns, where = tidy(columns), tidy(where)
    headers, said, labels = _headers(files, columns, where), files.said(), files.labels()
    parts: list[pd.DataFrame] = []
    numbers: list[Integers] = []
    for file, header, more, label in zip(files.paths, headers, said, labels, strict=True):
        mapped = _usable(header, columns, several=len(files.paths) > 1)
        part, number = _read_one(file, kind, header, mapped, where, {**more, FILE: label})
        parts.append(part)
        numbers.append(number)
    frame = parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
    file_of = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    rows = Rows(files.paths, file_of, np.concatenate(numbers))
    with naming(files, rows):
        frame, rows = _measured(frame, rows, kind)
        return _without(frame, rows, drop)


def _headers(files: Files, columns: Columns, where: Columns | None) -> list[list[str]]:
    """The columns of each file, and those of its name that are asked for or said by a pattern."""
    asked = {part for theirs in columns.values() for part in (theirs, *theirs.split("+"))}
    found = []
    for path, said in zip(files.paths, files.said(), strict=True):
        header = read_header(path)
        twice = next((name for name in said if name in header), None)
        if twice is not None:
            raise InvalidTableError(
                f'{path!s}: the column "{twice}" is in the file and in the pattern of the names; '
                "give it another name in the pattern"
            )
        wants_file = FILE in asked or FILE in (where or {})
        extra = [FILE] if wants_file and FILE not in [*header, *said] else []
        found.append([*header, *said, *extra])
    return found


def _usable(header: Sequence[str], columns: Columns, *, several: bool) -> Columns:
    """The mapping for one file: of several, one may have our header where others have theirs."""
    if not several:
        return columns
    return {
        ours: theirs
        for ours, theirs in columns.items()
        if ours not in header or theirs in header or "+" in theirs
    }


def _read_one(
    path: FilePath,
    kind: Kind,
    header: list[str],
    columns: Columns,
    where: Columns,
    extra: Columns,
) -> tuple[pd.DataFrame, Integers]:
    with naming(path):
        check_columns(header, columns)
        named = renamed_header(header, columns)
        for name in REQUIRED[kind]:
            if name not in named:
                raise InvalidTableError(_missing(name, kind, header, kind_of(named), path))
    mapped = {name for theirs in columns.values() for name in theirs.split("+")}
    known = {*REQUIRED[kind], "cluster", COLUMN, *MEASUREMENTS, *mapped, *where}
    infer = set(header) - known
    if kind == "losses":
        # The one column of millions of numbers; elsewhere text lets an error quote the field.
        infer.add(columns.get("loss", "loss"))
    frame = read_frame(path, infer=infer)
    for name in header[len(frame.columns) :]:
        frame[name] = pd.Categorical([extra[name]] * len(frame))
    with naming(path):
        frame, numbers = selected(frame, where)
        frame = renamed(frame, columns)
    separator = read_separator(path)
    for name in {*VALUES.values(), *MEASUREMENTS} & set(frame.columns):
        frame[name] = with_points(frame[name], separator)
    return frame[[n for n in frame.columns if not str(n).startswith(UNNAMED)]], numbers


def _measured(frame: pd.DataFrame, rows: Rows, kind: Kind) -> tuple[pd.DataFrame, Rows]:
    """Leave out the rows in which nothing was measured, and say so."""
    if kind not in VALUES:
        return frame, rows
    empty = is_empty(frame[VALUES[kind]]).to_numpy(dtype=bool)
    if not empty.any():
        return frame, rows
    if empty.all():
        raise InvalidTableError(f"{VALUES[kind]} is empty in all {len(frame)} rows")
    first = row_name(int(empty.argmax()) + 1)
    logger.warning(
        f"{VALUES[kind]} is empty in {int(empty.sum())} of {len(frame)} rows ({first} is the "
        "first): these were not measured, and are left out"
    )
    return _kept(frame, rows, ~empty)


def _without(frame: pd.DataFrame, rows: Rows, drop: Iterable[str]) -> tuple[pd.DataFrame, Rows]:
    """Leave candidates out, by their sets of sources."""
    dropped = {join_sources(parse_sources(text)) for text in drop}
    if not dropped:
        return frame, rows
    keep = np.ones(len(frame), dtype=bool)
    for name in [name for name in ("sources", "versus") if name in frame.columns]:
        sets = read_sets(frame[name])
        if name == "sources":
            unknown = sorted(dropped - set(sets.known))
            if unknown:
                near = difflib.get_close_matches(unknown[0], sets.known, n=3, cutoff=0.5)
                hint = (
                    f"did you mean {' or '.join(near)}?"
                    if near
                    else (
                        "it has "
                        + ", ".join(sets.known[:8])
                        + (" …" if len(sets.known) > 8 else "")
                    )
                )
                raise InvalidTableError(f'--drop: there is no candidate "{unknown[0]}"; {hint}')
        codes = [k for k, text in enumerate(sets.known) if text in dropped]
        keep &= ~np.isin(sets.codes, codes)
    if not keep.any():
        raise InvalidTableError("--drop leaves out all candidates; keep at least one")
    return _kept(frame, rows, keep)


def _kept(frame: pd.DataFrame, rows: Rows, keep: Booleans) -> tuple[pd.DataFrame, Rows]:
    return frame[keep].reset_index(drop=True), Rows(rows.paths, rows.file[keep], rows.number[keep])


def _word(kind: Kind) -> str:
    return "a wide matrix of scores" if kind == "matrix" else kind


def _missing(name: str, kind: Kind, header: list[str], found: Kind, path: FilePath) -> str:
    shown = ", ".join(f'"{column}"' for column in header[:12])
    more = f" and {len(header) - 12} more" if len(header) > 12 else ""
    looks = found == "matrix" and len(header) > 1 and not {"sources", "target"} & set(header)
    if kind == "transfers" and (found in ("losses", "wins", "scores") or looks):
        command = f"taskgraph affinity {shlex.quote(str(path))} -o transfers.csv"
        if found in ("scores", "matrix"):
            command += " --higher-is-better (or --lower-is-better)"
        own = ""
        if looks:
            own = (
                "; if it is no matrix, say which columns are which with --column, as in --column "
                "sources=HEADER"
            )
        return (
            f'a table of transfers needs the column "{name}"; it has {shown}{more}; this looks '
            f"like a {'' if looks else 'table of '}{'wide matrix of scores' if looks else found}: "
            f"turn it into transfers with `taskgraph affinity`: {command}{own}"
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
