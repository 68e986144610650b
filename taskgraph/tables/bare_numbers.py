"""Published files of numbers without a header: networks of half and full size, groups and gains."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from taskgraph.arrays import Floats
from taskgraph.errors import InvalidTableError
from taskgraph.grouping.networks import Networks
from taskgraph.tables.files import read_text
from taskgraph.tables.formats import FilePath, format_of
from taskgraph.tables.naming import naming
from taskgraph.tasks import join_sources

HALF = "-half"
"""Ending of the name of a half-size network."""


def first_line_is_numbers(path: FilePath) -> bool:
    """Return whether a text file begins with a line of numbers, so that it has no header.

    Raises
    ------
    InvalidTableError
        If the file is missing, a folder, or empty.
    """
    with naming(path):
        if format_of(Path(path)) != "csv":
            return False
        with Path(path).open("rb") as file:
            line = file.readline(100_000).decode("utf-8-sig", errors="replace")
        fields = [field for field in re.split(r"[\s,;]+", line.strip()) if field]
        return bool(fields) and all(_is_number(field) for field in fields)


def read_half_and_full(
    path: FilePath, task_names: tuple[str, ...] = (), *, half: float = 0.5, full: float = 1.0
) -> Networks:
    """Read the losses of networks as Standley et al. (ICML 2020) published them.

    The first row holds the losses of one half-size network for each task, which cost ``half``;
    every other row is one full-size network, which costs ``full``, with an empty field for a task
    on which it was not trained. Half-size networks are called ``task-half``, full-size ones after
    their tasks, such as ``a+b``.

    Raises
    ------
    InvalidTableError
        If the file does not have this form; the message has the line.
    """
    lines = _lines(path)
    with naming(path):
        rows = [(k, line.rstrip("\r\n").split("\t")) for k, line in lines]
        width = len(rows[0][1])
        if width < 2:
            raise InvalidTableError(
                "the first line holds only numbers and no tabs; write a header of names above it, "
                "separate the columns of a published file by tabs, or give the gains of a matrix "
                "of 0 and 1 with --gains FILE"
            )
        values = np.array([_numbers(fields, line, width) for line, fields in rows])
        if np.isnan(values[0]).any():
            raise InvalidTableError(
                "line 1 lacks a number; without a header the first line holds one half-size "
                "network for each task"
            )
        tasks = _task_names(task_names, width)
        single = np.where(np.eye(width, dtype=bool), values[0], np.nan)
        names = [f"{task}{HALF}" for task in tasks]
        first: dict[str, int] = {}
        for (line, _), row in zip(rows[1:], values[1:], strict=True):
            name = join_sources(t for t, v in zip(tasks, row.tolist(), strict=True) if v == v)
            if not name:
                raise InvalidTableError(f"line {line}: the network has no task")
            if first.setdefault(name, line) != line:
                raise InvalidTableError(
                    f"lines {first[name]} and {line} are both the network of {name}; keep one"
                )
            names.append(name)
        cost = np.array([half] * width + [full] * (len(rows) - 1))
        return Networks(tuple(names), tasks, np.vstack([single, values[1:]]), cost)


def read_gains(
    groups: FilePath, gains: FilePath, task_names: tuple[str, ...] = (), cost: float = 1.0
) -> Networks:
    """Read which tasks were trained together, and their gains, as MTG-Net published them.

    Parameters
    ----------
    groups : str or path
        A matrix of 0 and 1 without a header: a row is a network, a column is a task.
    gains : str or path
        A matrix of the same shape; a gain is larger where the network is better at a task than
        the network for this task alone. It is ignored where the other file has a 0.

    Raises
    ------
    InvalidTableError
        If the files do not have this form, or two rows are the same group.
    """
    inside, values = _matrix(groups), _matrix(gains)
    with naming(groups):
        if not np.isin(inside, (0.0, 1.0)).all():
            row, column = np.argwhere(~np.isin(inside, (0.0, 1.0)))[0].tolist()
            raise InvalidTableError(
                f"row {row + 1}, column {column + 1} is {inside[row, column]:g}, expected 0 or 1: "
                "which tasks were trained together"
            )
        if inside.shape != values.shape:
            raise InvalidTableError(
                f"this matrix is {inside.shape[0]} x {inside.shape[1]}, and that of {gains!s} is "
                f"{values.shape[0]} x {values.shape[1]}; expected the same shape"
            )
        tasks = _task_names(task_names, inside.shape[1])
        names: list[str] = []
        for row, group in enumerate((inside == 1).tolist(), start=1):
            name = join_sources(t for t, is_in in zip(tasks, group, strict=True) if is_in)
            if not name:
                raise InvalidTableError(f"row {row}: the network has no task")
            if name in names:
                raise InvalidTableError(
                    f"rows {names.index(name) + 1} and {row} are both the network of {name}; keep "
                    "one"
                )
            names.append(name)
        values = np.where(inside == 1, values, np.nan)
        return Networks(tuple(names), tasks, values, np.full(len(names), cost), "gain", True)


def _lines(path: FilePath) -> list[tuple[int, str]]:
    """Return the lines of a file that are not blank, each with its number from 1."""
    text = read_text(path)
    return [(k, line) for k, line in enumerate(text.split("\n"), start=1) if line.strip()]


def _matrix(path: FilePath) -> Floats:
    """Read a matrix of numbers, separated by blanks, tabs or commas."""
    with naming(path):
        lines = _lines(path)
        rows = [(k, re.split(r"[\s,;]+", line.strip())) for k, line in lines]
        width = len(rows[0][1])
        values = np.array([_numbers(fields, line, width) for line, fields in rows])
        if np.isnan(values).any():
            raise InvalidTableError("a number is missing, expected a matrix without gaps")
        return values


def _numbers(fields: list[str], line: int, width: int) -> list[float]:
    """Return the numbers of a line, NaN where a field is empty."""
    if len(fields) != width:
        raise InvalidTableError(
            f"line {line} has {len(fields)} numbers, expected {width} as in the first line"
        )
    for field in fields:
        if field.strip() and not _is_number(field):
            raise InvalidTableError(f'line {line} holds "{field}", expected a finite number')
    return [float(field) if field.strip() else np.nan for field in fields]


def _is_number(text: str) -> bool:
    """Return whether a field is a finite number."""
    try:
        return "_" not in text and bool(np.isfinite(float(text)))
    except ValueError:
        return False


def _task_names(names: tuple[str, ...], count: int) -> tuple[str, ...]:
    """Return the names of the columns; raise if there are too many or too few."""
    if not names:
        return tuple(f"task{number}" for number in range(1, count + 1))
    if len(names) != count:
        raise InvalidTableError(
            f"--task-names gives {len(names)} names, expected {count}: one for each column"
        )
    if len(set(names)) < count:
        raise InvalidTableError("--task-names repeats a name; each column is another task")
    return names
