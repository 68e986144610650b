"""A folder of pictures with a table of labels, ``labels.csv``, as a data set.

============ =====================================================================================
column       content
============ =====================================================================================
``image``    path of the picture, relative to the folder
``split``    optional: ``train``, ``val`` or ``test``
``group``    optional: pictures that must stay together, such as those of one place or person;
             groups are what buildings are in other data sets
any other    a task of that name; an empty cell, ``NA``, ``nan``, ``null`` or ``-`` is no label
============ =====================================================================================

The head of a task's column may say its kind, as ``name:kind``. By default a column of numbers is
``number`` and any other is ``class``.

================ ========================================= ========================================
kind             cell                                      task
================ ========================================= ========================================
``number``       a number                                  regression of the standardized number
``class``        a word or number                          class of the picture
``gray``         path of a picture of one 8-bit number a   map of one channel, scaled to [-1, 1]
                 pixel
``color``        path of an 8-bit RGB picture              map of three channels, in [-1, 1]
``class_map=N``  path of a picture of classes 0 to N - 1,  class of each pixel
                 with larger numbers where there is no
                 label
================ ========================================= ========================================
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from encoders.codecs.encodings import label_folder
from encoders.codecs.no_label import is_no_label
from encoders.dataset.label_rows import GROUP, IMAGE, SPLIT, TABLE, flat, group_of, read_rows
from encoders.dataset.splits import SplitRule
from encoders.errors import InvalidDataError
from encoders.tasks import Label, Output, Sample, Task, from_folder
from encoders.tasks.curves import signed8
from encoders.tasks.fits import fit_vector
from encoders.tasks.own import check_own
from encoders.tasks.sample import TargetsAndMask
from taskgraph.arrays import Array

FOLDER_KIND = {"gray": "gray", "color": "color", "class_map": "classes"}
"""By kind of a column of paths: the kind of label folder (`encoders.codecs.encodings`)."""

KINDS = ("number", "class", *FOLDER_KIND)

LARGEST = 1e30
"""Largest number of a column, so that the squares' sums stay in single precision's range."""


@dataclass(frozen=True)
class LabelColumn:
    """A column of labels.

    Attributes
    ----------
    head : str
        The column's head in the file.
    name : str
        The name of the task.
    kind : str
        One of `KINDS`.
    classes : tuple of str
        For ``class``: the sorted words; for ``class_map``: its numbers. Empty otherwise.
    """

    head: str
    name: str
    kind: str
    classes: tuple[str, ...] = ()

    @property
    def domain(self) -> str:
        """Return the domain of the column's files."""
        return f"column_{self.kind}_{self.name}".replace("-", "_").replace(".", "_")


@dataclass(frozen=True, eq=False)
class LabelTable:
    """The table of a folder of pictures.

    Attributes
    ----------
    path : Path
        The CSV file.
    rows : tuple of mappings
        By row: the cells by the head of their column.
    groups : tuple of str
        By row: the name of its group.
    columns : dict of LabelColumn
        By task.
    digest : str
        A hash of the file.
    """

    path: Path
    rows: tuple[Mapping[str, str], ...]
    groups: tuple[str, ...]
    columns: dict[str, LabelColumn]
    digest: str

    def __len__(self) -> int:
        return len(self.rows)

    def image_name(self, row: int) -> str:
        """Return the name of a row's picture, without slashes."""
        return flat(self.rows[row][IMAGE])

    def splits(self) -> dict[str, list[str]] | None:
        """Return the groups of each split; None if the table has no column of splits."""
        if SPLIT not in self.rows[0]:
            return None
        of_split: dict[str, dict[str, None]] = {}
        for row, group in zip(self.rows, self.groups, strict=True):
            of_split.setdefault(row[SPLIT], {})[group] = None
        of_split.pop("", None)
        return {name: list(groups) for name, groups in of_split.items()}

    def files(self) -> dict[str, list[str]]:
        """Return the paths of the pictures, and of the files of each column that has files."""
        paths = {"rgb": [row[IMAGE] for row in self.rows]}
        for column in self.columns.values():
            if column.kind in FOLDER_KIND:
                label_folder(column.domain, FOLDER_KIND[column.kind])
                cells = (row[column.head] for row in self.rows)
                paths[column.domain] = ["" if is_no_label(cell) else cell for cell in cells]
        return paths

    def tasks(self) -> list[Task]:
        """Return the tasks of the columns, in their order."""
        tasks = [_task(column) for column in self.columns.values()]
        try:
            check_own(tasks)
        except InvalidDataError as error:
            raise InvalidDataError(f"{self.path}: column of {error}") from None
        return tasks


def read_table(root: str | PathLike[str]) -> LabelTable | None:
    """Return the table of a folder of pictures; None if the folder has none.

    Raises
    ------
    InvalidDataError
        If the table lacks a column or a picture's path, or a cell cannot be read.
    """
    path = Path(root) / TABLE
    if not path.is_file():
        return None
    status = path.stat()
    return _read(path, status.st_mtime_ns, status.st_size)


def splits_of(root: str | PathLike[str], rule: SplitRule) -> SplitRule:
    """Return the rule by which buildings are divided: a given one, or that of the table."""
    table = read_table(root) if rule is None else None
    return rule if table is None else table.splits()


def table_tasks(root: str | PathLike[str]) -> list[Task]:
    """Return the tasks of the table's columns; empty if the folder has no table."""
    table = read_table(root)
    return [] if table is None else table.tasks()


def with_columns(tasks: Sequence[str | Task], table: LabelTable | None) -> Sequence[str | Task]:
    """Return tasks, with the names of a table's columns replaced by their tasks."""
    if table is None or isinstance(tasks, str | Task):
        return tasks
    columns = {task.name: task for task in table.tasks()}
    return [columns.get(task, task) if isinstance(task, str) else task for task in tasks]


@functools.lru_cache(maxsize=8)
def _read(path: Path, _modified: int, _size: int) -> LabelTable:
    """Read a table; cached until the file changes."""
    content = path.read_bytes()
    heads, rows = read_rows(path, content)
    columns: dict[str, LabelColumn] = {}
    for head in heads:
        if head in (IMAGE, SPLIT, GROUP):
            continue
        column = _column(path, head, rows)
        if (other := columns.setdefault(column.name, column)) is not column:
            raise InvalidDataError(
                f"{path}: the columns {other.head} and {head} are both of the task {column.name}; "
                "rename one of them"
            )
    groups = tuple(map(group_of, rows))
    return LabelTable(path, tuple(rows), groups, columns, hashlib.sha256(content).hexdigest())


def _column(path: Path, head: str, rows: Sequence[Mapping[str, str]]) -> LabelColumn:
    """Return a column of labels, of the kind that its head says or its cells show."""
    name, _, kind = head.partition(":")
    kind, _, count = kind.partition("=")
    cells = [row[head] for row in rows if not is_no_label(row[head])]
    numeric = all(_is_number(cell) for cell in cells)
    inferred = not kind
    kind = kind or ("number" if cells and numeric else "class")
    problem = ""
    if kind not in KINDS:
        problem = f'no kind "{kind}"; there are {", ".join(KINDS)}, as in {name}:number'
    elif (kind == "class_map") != count.isdecimal() or count == "0":
        problem = f"expected {name}:class_map=N with the number of classes, or another kind"
    elif kind == "number" and not numeric:
        wrong = next(cell for cell in cells if not _is_number(cell))
        problem = f'"{wrong}" is no number; leave the cell empty, or name the column {name}:class'
    elif not cells:
        problem = "no row has a label; leave the column out"
    elif kind == "class" and len(set(cells)) < 2:
        problem = f"{len(set(cells))} class(es), expected 2 or more; leave the column out"
    elif kind == "number":
        problem = _number_problem(cells)
    elif kind == "class" and inferred:
        problem = _class_problem(name, cells)
    if problem:
        raise InvalidDataError(f"{path}, column {head}: {problem}")
    classes = tuple(sorted(set(cells))) if kind == "class" else ()
    return LabelColumn(head, name, kind, classes or tuple(map(str, range(int(count or 0)))))


def _number_problem(cells: Sequence[str]) -> str:
    """Return why numbers cannot be learned; empty if they can."""
    largest = max(cells, key=lambda cell: abs(float(cell)))
    if abs(float(largest)) > LARGEST:
        return f'"{largest}" is too large; give the numbers in other units'
    if len(set(map(float, cells))) == 1:
        return f'"{cells[0]}" in each row with a label: there is nothing to learn; leave it out'
    return ""


def _class_problem(name: str, cells: Sequence[str]) -> str:
    """Return why words look as if they were no classes; empty if they do not."""
    count = sum(map(_is_number, cells))
    if 2 * count >= len(cells) > 2:
        wrong = next(cell for cell in cells if not _is_number(cell))
        return (
            f'"{wrong}" is no number, as {count} of {len(cells)} cells are; mend it, leave the '
            f"cell empty, or name the column {name}:class"
        )
    different = len(set(cells))
    if len(cells) >= 10 and 2 * different > len(cells):
        return (
            f'{different} different words in {len(cells)} rows, such as "{cells[0]}", which look '
            f"like names and not like classes; leave the column out, or name it {name}:class"
        )
    return ""


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _task(column: LabelColumn) -> Task:
    """Return the task of a column."""
    name, head, count = column.name, column.head, len(column.classes)
    if column.kind == "number":
        make = functools.partial(_numbers, head=head)
        label = Label(make, fixed=True, fit=functools.partial(fit_vector, make=make))
        return Task(name, Output("vector", 1), "l2", label)
    if column.kind == "class":
        numbers = functools.partial(_classes, head=head, classes=column.classes)
        return Task(name, Output("classes", count), "xentropy", Label(numbers, fixed=True))
    if column.kind == "class_map":
        pixels = functools.partial(_class_map, domain=column.domain, count=count)
        return Task(name, Output("class_map", count), "xentropy", Label(pixels, (column.domain,)))
    channels = 3 if column.kind == "color" else 1
    return Task(name, Output("map", channels), "l1", from_folder(column.domain, signed8))


def _cells(sample: Sample, head: str) -> list[str | None]:
    """Return the cells of a column; None where there is no label."""
    cells = [row[head] for row in sample.rows]
    return [None if is_no_label(cell) else cell for cell in cells]


def _numbers(sample: Sample, *, head: str) -> TargetsAndMask:
    """Return standardized numbers, (B, 1), and whether each view has one."""
    cells = _cells(sample, head)
    values = np.array([[0.0 if cell is None else float(cell)] for cell in cells])
    mean, std = sample.constants.get("mean", 0.0), sample.constants.get("std", 1.0)
    numbers: Array = ((values - np.asarray(mean)) / np.asarray(std)).astype(np.float32)
    return numbers, np.array([cell is not None for cell in cells])


def _classes(sample: Sample, *, head: str, classes: Sequence[str]) -> TargetsAndMask:
    """Return class numbers, (B,), and whether each view has one."""
    number_of: dict[Any, int] = {name: number for number, name in enumerate(classes)}
    cells = _cells(sample, head)
    numbers = np.array([number_of.get(cell, 0) for cell in cells], dtype=np.int64)
    return numbers, np.array([cell is not None for cell in cells])


def _class_map(sample: Sample, *, domain: str, count: int) -> TargetsAndMask:
    """Return class numbers of pixels, (B, S, S); numbers above the classes have no label."""
    raw = sample.raw[domain].astype(np.int64)
    return np.where(raw < count, raw, 0), raw < count
