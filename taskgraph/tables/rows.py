"""The rows of one or several files as one table under our headers."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from taskgraph.arrays import Booleans, Integers
from taskgraph.errors import InvalidTableError
from taskgraph.frames.columns import MEASUREMENTS, is_empty
from taskgraph.frames.direction import COLUMN
from taskgraph.frames.names import read_sets
from taskgraph.frames.rows import row_name
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
from taskgraph.tables.files import read_frame, read_header, read_separator
from taskgraph.tables.formats import UNNAMED, FilePath
from taskgraph.tables.many_files import FILE, Rows, TableFiles
from taskgraph.tables.missing import missing_column
from taskgraph.tables.naming import naming
from taskgraph.tables.text import with_points
from taskgraph.tasks import join_sources, parse_sources

logger = logging.getLogger("taskgraph")

VALUES: dict[Kind, str] = {"losses": "loss", "wins": "wins", "scores": "score"}
"""The column of measured values of each kind; rows where it is empty are left out."""


REQUIRED: dict[Kind, tuple[str, ...]] = {
    "losses": ("target", "sources", "image", "loss"),
    "wins": ("target", "sources", "versus", "wins"),
    "transfers": ("sources", "target", "affinity"),
    "scores": ("sources", "target", "score"),
    "matrix": (),
}


def read_rows(
    files: TableFiles,
    kind: Kind,
    columns: Columns | None,
    where: Columns | None = None,
    drop: Iterable[str] = (),
) -> tuple[pd.DataFrame, Rows]:
    """Return the rows of all files under our headers, and the origin of each row."""
    columns, where = tidy(columns), tidy(where)
    headers, from_names = headers_of(files, columns, where), files.from_names()
    labels = files.labels()
    parts: list[pd.DataFrame] = []
    numbers: list[Integers] = []
    for file, header, extra, label in zip(files.paths, headers, from_names, labels, strict=True):
        mapped = usable_columns(header, columns, many_files=len(files.paths) > 1)
        part, number = _read_file(file, kind, header, mapped, where, {**extra, FILE: label})
        parts.append(part)
        numbers.append(number)
    frame = parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
    file_of = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    rows = Rows(files.paths, file_of, np.concatenate(numbers))
    with naming(files, rows):
        frame, rows = _measured(frame, rows, kind)
        return without_candidates(frame, rows, drop)


def headers_of(files: TableFiles, columns: Columns, where: Columns | None) -> list[list[str]]:
    """Return the columns of each file: those of its header, and those that its name gives."""
    requested = {part for theirs in columns.values() for part in (theirs, *theirs.split("+"))}
    headers = []
    for path, from_name in zip(files.paths, files.from_names(), strict=True):
        header = read_header(path)
        twice = next((name for name in from_name if name in header), None)
        if twice is not None:
            raise InvalidTableError(
                f'{path!s}: the column "{twice}" is in the file and in the pattern of the names; '
                "give it another name in the pattern"
            )
        wants_file = FILE in requested or FILE in (where or {})
        extra = [FILE] if wants_file and FILE not in [*header, *from_name] else []
        headers.append([*header, *from_name, *extra])
    return headers


def usable_columns(header: Sequence[str], columns: Columns, *, many_files: bool) -> Columns:
    """Return the mapping for one file; of several files, some may have our headers already."""
    if not many_files:
        return columns
    return {
        ours: theirs
        for ours, theirs in columns.items()
        if ours not in header or theirs in header or "+" in theirs
    }


def _read_file(
    path: FilePath,
    kind: Kind,
    header: list[str],
    columns: Columns,
    where: Columns,
    extra: Columns,
) -> tuple[pd.DataFrame, Integers]:
    """Return the rows of one file under our headers, and their numbers in the file, from 1.

    ``extra`` holds the columns that the file's name gives, each with its one value.
    """
    with naming(path):
        check_columns(header, columns)
        named = renamed_header(header, columns)
        for name in REQUIRED[kind]:
            if name not in named:
                raise InvalidTableError(missing_column(name, kind, header, kind_of(named), path))
    mapped = {name for theirs in columns.values() for name in theirs.split("+")}
    known = {*REQUIRED[kind], "cluster", COLUMN, *MEASUREMENTS, *mapped, *where}
    infer = set(header) - known
    if kind == "losses":
        # This column may hold millions of numbers; the others stay text, which errors can quote.
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
    """Leave out the rows without a measured value, and log how many these are."""
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


def without_candidates(
    frame: pd.DataFrame, rows: Rows, drop: Iterable[str]
) -> tuple[pd.DataFrame, Rows]:
    """Leave out candidates, named by their sets of sources."""
    dropped = {join_sources(parse_sources(text)) for text in drop}
    if not dropped:
        return frame, rows
    keep = np.ones(len(frame), dtype=bool)
    for name in [name for name in ("sources", "versus") if name in frame.columns]:
        sets = read_sets(frame[name])
        if name == "sources":
            unknown = sorted(dropped - set(sets.known))
            if unknown:
                hint = _hint(unknown[0], sets.known)
                raise InvalidTableError(f'--drop: there is no candidate "{unknown[0]}"; {hint}')
        codes = [k for k, text in enumerate(sets.known) if text in dropped]
        keep &= ~np.isin(sets.codes, codes)
    if not keep.any():
        raise InvalidTableError("--drop leaves out all candidates; keep at least one")
    return _kept(frame, rows, keep)


def _hint(name: str, known: Sequence[str]) -> str:
    """Return the candidates with the nearest names, or the first few if none is near."""
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"it has {', '.join(known[:8])}{' …' if len(known) > 8 else ''}"


def _kept(frame: pd.DataFrame, rows: Rows, keep: Booleans) -> tuple[pd.DataFrame, Rows]:
    """Return the rows to keep and their origins."""
    return frame[keep].reset_index(drop=True), Rows(rows.paths, rows.file[keep], rows.number[keep])
