"""Read the rows of a table of pictures and check them: paths, splits and groups."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from encoders.dataset.splits import SPLITS
from encoders.errors import InvalidDataError
from taskgraph.errors import InvalidTableError
from taskgraph.tables.text import SEPARATORS, separator_of, with_points

TABLE = "labels.csv"
"""Name of the table in the folder of the pictures."""

IMAGE, SPLIT, GROUP = "image", "split", "group"


def read_rows(path: Path, content: bytes) -> tuple[list[str], list[dict[str, str]]]:
    """Return the heads of the columns, and the cells of each row by their column's head.

    Columns are separated by commas, tabs or semicolons; with the last two, numbers may have
    decimal commas, which become points.

    Raises
    ------
    InvalidDataError
        If the content is no such table, or a row lacks its picture, repeats one, names an unknown
        split, or puts a group into a second split; the message names the row.
    """
    if b"\0" in content:
        raise InvalidDataError(
            f"{path} holds bytes that are zero, as no CSV text in UTF-8 does; save it as such"
        )
    try:
        text = content.decode("utf-8-sig")
        mark = _separator(path, text)
        lines = csv.DictReader(io.StringIO(text, newline=""), strict=True, delimiter=mark)
        heads, rows = [head.strip() for head in lines.fieldnames or ()], []
        lines.fieldnames = heads
        for row in lines:
            if None in row or None in row.values():
                raise InvalidDataError(
                    f"{path}, line {lines.line_num}: the row has another number of cells than the "
                    f"head, which has {len(heads)}; add or remove {SEPARATORS[mark]}"
                )
            rows.append({head: cell.strip() for head, cell in row.items()})
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidDataError(
            f"{path} is no CSV text in UTF-8 ({error}); save it as such"
        ) from None
    if IMAGE not in heads or len(set(heads)) < len(heads) or "" in heads or not rows:
        raise InvalidDataError(
            f"{path} has the columns {', '.join(heads) or 'none'} and {len(rows)} rows, expected a "
            f"column {IMAGE}, optional columns {SPLIT} and {GROUP}, a column for each task, each "
            "with a name of its own, and a row for each picture"
        )
    _check_rows(path, rows)
    _check_groups(path, rows)
    _replace_commas(heads, rows, mark)
    return heads, rows


def group_of(row: Mapping[str, str]) -> str:
    """Return the name of a row's group; by default, each picture is one."""
    return flat(row.get(GROUP) or row[IMAGE])


def _separator(path: Path, text: str) -> str:
    """Return the character that separates the cells: a comma, a tab or a semicolon."""
    lines = [line for line in text.splitlines() if line.strip()]
    try:
        return separator_of(lines) if lines else ","
    except InvalidTableError as error:
        raise InvalidDataError(f"{path}: {error}") from None


def _replace_commas(heads: Sequence[str], rows: Sequence[dict[str, str]], mark: str) -> None:
    """Write decimal points in columns of numbers with decimal commas."""
    if mark == ",":
        return
    for head in heads:
        if head not in (IMAGE, SPLIT, GROUP):
            cells = with_points(pd.Series([row[head] for row in rows], dtype="string"), mark)
            for row, cell in zip(rows, cells, strict=True):
                row[head] = cell


def _check_groups(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Raise if a group is in two splits."""
    first: dict[str, tuple[int, str]] = {}
    for number, row in enumerate(rows, 1):
        group, split = group_of(row), row.get(SPLIT, "")
        earlier, other = first.setdefault(group, (number, split))
        if other != split:
            raise InvalidDataError(
                f"{path}, row {number}: group {group} is in {split or 'no split'}, and in row "
                f"{earlier} in {other or 'no split'}; put a group into one split, or its test "
                "would be on what was seen"
            )


def _check_rows(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Raise if a row lacks its picture, repeats one, or names an unknown split."""
    known: set[str] = set()
    for number, row in enumerate(rows, 1):
        image, split = row[IMAGE], row.get(SPLIT, "")
        problem = ""
        if not image:
            problem = f"the column {IMAGE} is empty; give the path of the picture"
        elif image in known:
            problem = f"{image} is in an earlier row already; leave one of them out"
        elif split not in ("", *SPLITS):
            problem = f'the split is "{split}", expected {", ".join(SPLITS)} or nothing'
        if problem:
            raise InvalidDataError(f"{path}, row {number}: {problem}")
        known.add(image)


def flat(name: str) -> str:
    """Return a name with colons in place of slashes, which end the group in names of views."""
    return name.replace("\\", ":").replace("/", ":")
