"""The table of labels: names of the examples, targets, and where given parts and groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from encoders.errors import InvalidDataError, UnknownNameError
from encoders.features.label_columns import TargetColumn, label_column
from taskgraph.arrays import Array
from taskgraph.frames.rows import row_name, row_names
from taskgraph.tables import naming, read_frame, read_header
from taskgraph.tables.files import read_separator
from taskgraph.tables.text import with_points
from taskgraph.tasks import RESERVED, some_names

EXAMPLE, SPLIT, GROUP = "example", "split", "group"
COLUMNS = (EXAMPLE, SPLIT, GROUP)
"""Columns that are no targets: the name of an example, its part, and what it belongs to."""

UNNAMED_INDEX = "__index_level_"
"""Beginning of the name of a column in which pandas stores an index that has no name."""

PART_NAMES = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "val": "valid",
    "validation": "valid",
    "dev": "valid",
    "test": "test",
}
"""The words of the column ``split``, and the part that each means."""


@dataclass(frozen=True, eq=False)
class TargetTable:
    """The labels of n examples.

    Attributes
    ----------
    targets : tuple of LabelColumn
    examples : tuple of str, or None
        Names of the examples, all different; None if the table has none.
    split : (n,) array of "train", "valid", "test", or None
        The part that each example is in, if the table says so.
    group : (n,) array of str, or None
        Examples of one group (of one author, document or patient) are always in the same part.
    """

    targets: tuple[TargetColumn, ...]
    examples: tuple[str, ...] | None
    split: Array | None
    group: Array | None

    def __len__(self) -> int:
        return len(self.targets[0].values)

    def rows(self, kept: Array) -> TargetTable:
        """Return the table with the rows of these numbers only."""
        names = None if self.examples is None else tuple(np.array(self.examples)[kept].tolist())
        return TargetTable(
            tuple(TargetColumn(t.name, t.kind, t.classes, t.values[kept]) for t in self.targets),
            names,
            None if self.split is None else self.split[kept],
            None if self.group is None else self.group[kept],
        )


def read_label_table(
    labels: str | Path | pd.DataFrame,
    *,
    targets: Sequence[str] = (),
    kinds: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
) -> TargetTable:
    """Read a table of labels, one row an example.

    Parameters
    ----------
    labels : path or DataFrame
        CSV, Parquet, Feather or JSON lines. The columns ``example`` (the name of an example),
        ``split`` (its part: train, valid or test) and ``group`` are optional. Each other column is
        a target.
    targets : names
        The targets to read; by default all.
    kinds : mapping of targets to kinds
        Where given, the kind of a target is not inferred.
    columns : mapping
        The table's own headers of ``example``, ``split`` and ``group``.

    Raises
    ------
    InvalidDataError, InvalidTableError
        If the table cannot be read, has no target, repeats the name of an example, or a field is
        not what its column holds; the message names the file and the row.
    UnknownNameError
        If a name of ``targets``, ``kinds`` or ``columns`` is not a header.
    """
    shown = "the labels" if isinstance(labels, pd.DataFrame) else str(labels)
    frame = labels if isinstance(labels, pd.DataFrame) else _read_labels(labels, columns or {})
    with naming(shown):
        if frame.empty:
            raise InvalidDataError("the table has no rows; expected one row an example")
        headers = _role_headers(frame, columns or {})
        names = _target_names(frame, targets, kinds or {}, set(headers.values()))
        found = [label_column(name, frame[name], (kinds or {}).get(name)) for name in names]
        texts = {role: _texts(frame[header], header) for role, header in headers.items()}
        examples = texts.get(EXAMPLE)
        if examples is not None:
            _check_different(examples, headers[EXAMPLE])
        split = _parts(texts[SPLIT], headers[SPLIT]) if SPLIT in texts else None
    group = np.array(texts[GROUP]) if GROUP in texts else None
    return TargetTable(tuple(found), None if examples is None else tuple(examples), split, group)


def _read_labels(path: str | Path, columns: Mapping[str, str]) -> pd.DataFrame:
    """Read the file; names stay text, and columns of numbers become numbers.

    The rows' numbers that pandas stores with a DataFrame are left out.
    """
    if not Path(path).exists():
        raise InvalidDataError(
            f"{path}: there is no such file; give a table of labels: CSV, Parquet, Feather or JSON "
            "lines"
        )
    names = {columns.get(role, role) for role in COLUMNS}
    labels = [name for name in read_header(path) if name not in names]
    frame, separator = read_frame(path, infer=labels), read_separator(path)
    for name in labels:
        frame[name] = with_points(frame[name], separator)
    return frame.drop(columns=[name for name in labels if name.startswith(UNNAMED_INDEX)])


def _role_headers(frame: pd.DataFrame, columns: Mapping[str, str]) -> dict[str, str]:
    """Return the header of each column that is no target, by its role."""
    for role, header in columns.items():
        if role not in COLUMNS:
            raise UnknownNameError(f"--column {role}={header}: expected {', '.join(COLUMNS)}")
        if header not in frame.columns:
            raise UnknownNameError(
                f'--column {role}={header}: there is no column "{header}"; there are '
                f"{some_names([str(name) for name in frame.columns])}"
            )
    return {r: columns.get(r, r) for r in COLUMNS if columns.get(r, r) in frame.columns}


def _target_names(
    frame: pd.DataFrame, targets: Sequence[str], kinds: Mapping[str, str], other: set[str]
) -> list[str]:
    """Return the headers of the targets, after checks of all names that the user gave."""
    known = [str(name) for name in frame.columns if name not in other]
    if len(set(known)) < len(known):
        repeated = next(name for name in known if known.count(name) > 1)
        raise InvalidDataError(f'two columns are called "{repeated}"; rename one of them')
    for flag, names in (("--targets", targets), ("--kind", kinds)):
        for name in names:
            if name not in known:
                raise UnknownNameError(
                    f'{flag}: no column of labels is called "{name}"; there are {some_names(known)}'
                )
    chosen = [name for name in known if name in targets] if targets else known
    if not chosen:
        raise InvalidDataError(
            f"there is no target: besides {', '.join(sorted(other))} the table has no column"
        )
    for name in chosen:
        if not name.strip():
            place = [str(each) for each in frame.columns].index(name) + 1
            raise InvalidDataError(
                f"column {place} has no name, expected that of a target; name it, leave it out "
                "with --targets, or, if it is the index that pandas wrote, write the table with "
                "index=False"
            )
        if name in RESERVED:
            raise InvalidDataError(
                f'a column is called "{name}", which is kept for references; rename it, or leave '
                "it out with --targets"
            )
    return chosen


def _texts(column: pd.Series, header: str) -> list[str]:
    """Return a column of names as text; raise if a field is empty."""
    texts = []
    for row, value in enumerate(column.to_numpy(dtype=object)):
        text = "" if value is None or pd.isna(value) else str(value).strip()
        if not text:
            raise InvalidDataError(f"{row_name(row + 1)}: {header} is empty, expected a name")
        texts.append(text)
    return texts


def first_repeat(names: Sequence[str]) -> tuple[int, int] | None:
    """Return the first two rows, counted from 1, that have the same name; None without such."""
    first: dict[str, int] = {}
    for row, name in enumerate(names, 1):
        if name in first:
            return first[name], row
        first[name] = row
    return None


def _check_different(names: Sequence[str], header: str) -> None:
    """Raise if two rows have the same name."""
    repeat = first_repeat(names)
    if repeat is not None:
        raise InvalidDataError(
            f'{row_names(*repeat)}: both have the {header} "{names[repeat[0] - 1]}", expected '
            "different names; keep one of the rows, or rename an example"
        )


def _parts(texts: Sequence[str], header: str) -> Array:
    """Return the part that each example is in."""
    for row, text in enumerate(texts, 1):
        if text.lower() not in PART_NAMES:
            raise InvalidDataError(
                f'{row_name(row)}: {header} is "{text}", expected train, valid or test; mend it, '
                "or rename the column so that parts are drawn at random"
            )
    return np.array([PART_NAMES[text.lower()] for text in texts])
