"""Networks from a table with one row for each network and task, or for each image of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taskgraph.arrays import Floats, Integers
from taskgraph.errors import InvalidTableError
from taskgraph.frames.columns import distinguishing_filter, is_empty, read_numbers
from taskgraph.frames.names import NameColumn, read_labels
from taskgraph.frames.rows import row_name, row_names
from taskgraph.frames.spelling import check_spelling
from taskgraph.grouping.image_losses import ImageLosses
from taskgraph.grouping.networks import Networks
from taskgraph.tasks import task_name

MEASURES = {"loss": False, "gain": True}
"""Columns of values, and whether larger values are better."""


def networks_from_long(
    frame: pd.DataFrame,
    *,
    default_cost: float = 1.0,
    higher_is_better: bool | None = None,
    exact_names: bool = False,
) -> Networks:
    """Return the networks of the columns ``network, task`` and ``loss`` or ``gain``.

    Parameters
    ----------
    frame : DataFrame
        Optional columns: ``cost``, the same in all rows of a network; ``image``, so that there is a
        row for each network, task and image, whose mean is used; and ``cluster``, for images that
        were not drawn independently.
    default_cost : float
        Cost of a network without one in the table.
    higher_is_better : bool, optional
        Whether larger values are better. By default a gain is better if larger, and a loss if
        smaller. If the table has both columns, a direction chooses the one that has it.
    exact_names : bool
        Whether names of tasks that differ only in case or number format are different tasks.

    Raises
    ------
    InvalidTableError
        If a column is missing, a value is empty or not finite, a row repeats another, a network
        has two costs, or an image two clusters. Rows are counted from 1.
    """
    measure, higher = _measure(frame, higher_is_better)
    if frame.empty:
        raise InvalidTableError("the table has no rows, expected one for each network and task")
    networks, tasks = read_labels(frame["network"]), read_tasks(frame["task"], exact_names)
    value = _finite(frame[measure])
    keys = ["network", "task"] + (["image"] if "image" in frame else [])
    images = read_labels(frame["image"]) if "image" in frame else None
    columns = [networks, tasks] + ([images] if images else [])
    _check_repeated(frame, columns, keys, measure)
    cell = networks.codes.astype(np.int64) * len(tasks.known) + tasks.codes
    size = len(networks.known) * len(tasks.known)
    count = np.bincount(cell, minlength=size)
    with np.errstate(invalid="ignore"):
        means = np.bincount(cell, value, minlength=size) / count
    return Networks(
        tuple(networks.known),
        tuple(tasks.known),
        means.reshape(len(networks.known), len(tasks.known)),
        _costs(frame, networks, default_cost),
        measure,
        higher,
        images=None if images is None else _images(frame, networks, tasks, images, value),
    )


def read_tasks(column: pd.Series, exact_names: bool) -> NameColumn:
    """Read a column that names one task a row; names with a ``+`` may be in double quotes.

    Raises
    ------
    InvalidTableError
        If a field is empty, or, unless ``exact_names``, two names seem to be one.
    """
    raw = read_labels(column)
    names = []
    for code, text in enumerate(raw.known):
        try:
            names.append(task_name(text))
        except InvalidTableError as error:
            raise InvalidTableError(f"{row_name(raw.row(code))}: {error}") from None
    known = sorted(set(names))
    codes = np.array([known.index(name) for name in names], dtype=np.int32)[raw.codes]
    read = NameColumn(codes, known)
    if not exact_names:
        check_spelling(known, lambda name: row_name(read.row(known.index(name))))
    return read


def read_cost(column: pd.Series, default: float) -> Floats:
    """Read a column of costs; an empty one is the default.

    Raises
    ------
    InvalidTableError
        If a cost is not a finite number of at least 0.
    """
    cost = read_numbers(column)
    negative = cost < 0
    if negative.any():
        row = int(np.argmax(negative))
        raise InvalidTableError(
            f"{row_name(row + 1)}: cost is {cost.iloc[row]:g}, expected a number of at least 0"
        )
    return cost.fillna(default).to_numpy(dtype=float)


def _measure(frame: pd.DataFrame, higher_is_better: bool | None) -> tuple[str, bool]:
    """Return the column of values, and whether larger values are better."""
    for name in ("network", "task"):
        if name not in frame:
            raise InvalidTableError(_missing(f'the column "{name}"', frame))
    there = [name for name in MEASURES if name in frame]
    if not there:
        raise InvalidTableError(
            _missing('the column "loss" or "gain"', frame)
            + "; say which column to read with --column loss=HEADER (smaller is better) or "
            "--column gain=HEADER (larger is better)"
        )
    if len(there) == 2:
        if higher_is_better is None:
            raise InvalidTableError(
                "the table has both a loss and a gain; choose the loss with --lower-is-better, or "
                "the gain with --higher-is-better"
            )
        return ("gain" if higher_is_better else "loss"), higher_is_better
    return there[0], MEASURES[there[0]] if higher_is_better is None else higher_is_better


def _missing(what: str, frame: pd.DataFrame) -> str:
    shown = ", ".join(f'"{column}"' for column in list(frame.columns)[:12])
    return f"a table of networks with one row a task needs {what}; it has {shown}"


def _finite(column: pd.Series) -> Floats:
    """Read values, none of which may be empty."""
    values = read_numbers(column)
    if values.isna().any():
        row = int(np.argmax(values.isna()))
        shown = "empty" if is_empty(column.iloc[row : row + 1]).all() else str(column.iloc[row])
        raise InvalidTableError(
            f"{row_name(row + 1)}: {column.name!s} is {shown}, expected a finite number; mend it "
            "or leave the row out"
        )
    return values.to_numpy(dtype=float)


def _check_repeated(
    frame: pd.DataFrame, columns: list[NameColumn], keys: list[str], measure: str
) -> None:
    """Raise if two rows are the same network, task and image."""
    codes = pd.DataFrame({k: names.codes for k, names in zip(keys, columns, strict=True)})
    repeated = codes.duplicated().to_numpy()
    if not repeated.any():
        return
    second = int(np.argmax(repeated))
    first = int(np.argmax((codes == codes.iloc[second]).all(axis=1)))
    same = ", ".join(
        f'{key} "{names.known[names.codes[second]]}"'
        for key, names in zip(keys, columns, strict=True)
    )
    advice = distinguishing_filter(frame, first, second, [*keys, measure, "cost"])
    seeds = "" if "image" in keys else "; for means over seeds add --column image=SEED"
    raise InvalidTableError(
        f"{row_names(first + 1, second + 1)} are both the {same}; keep one of them{advice}{seeds}"
    )


def _costs(frame: pd.DataFrame, networks: NameColumn, default: float) -> Floats:
    """(N,) array: the cost of each network; raise if a network has two."""
    costs = np.full(len(networks.known), default)
    if "cost" not in frame:
        return costs
    each = read_cost(frame["cost"], default)
    first = np.array([networks.row(code) - 1 for code in range(len(networks.known))])
    differs = each != each[first][networks.codes]
    if differs.any():
        row = int(np.argmax(differs))
        one = int(first[networks.codes[row]])
        raise InvalidTableError(
            f"{row_names(one + 1, row + 1)} give the network "
            f'"{networks.known[networks.codes[row]]}" the costs {each[one]:g} and {each[row]:g}; '
            "a network has one cost"
        )
    first_costs: Floats = each[first]
    return first_costs


def _images(
    frame: pd.DataFrame, networks: NameColumn, tasks: NameColumn, images: NameColumn, value: Floats
) -> ImageLosses:
    """Return the losses image by image; the units to draw are clusters where there are some."""
    unit: Integers = images.codes.astype(np.int64)
    units = len(images.known)
    if "cluster" in frame:
        clusters = read_labels(frame["cluster"])
        of_image = np.zeros(units, dtype=np.int64)
        of_image[unit] = clusters.codes
        differs = of_image[unit] != clusters.codes
        if differs.any():
            row = int(np.argmax(differs))
            raise InvalidTableError(
                f'{row_name(row + 1)}: the image "{images.known[unit[row]]}" is in the clusters '
                f'"{clusters.known[clusters.codes[row]]}" and '
                f'"{clusters.known[of_image[unit[row]]]}"; an image has one cluster'
            )
        unit, units = clusters.codes.astype(np.int64), len(clusters.known)
    return ImageLosses(
        tuple(networks.known),
        tuple(tasks.known),
        networks.codes.astype(np.int64),
        tasks.codes.astype(np.int64),
        unit,
        value,
        units,
        by_cluster="cluster" in frame,
    )
