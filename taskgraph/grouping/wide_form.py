"""Networks from a table with one row for each network and one column for each task."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taskgraph.arrays import Floats
from taskgraph.errors import InvalidTableError
from taskgraph.frames.columns import is_empty, read_numbers
from taskgraph.frames.names import read_labels
from taskgraph.frames.rows import row_name, row_names
from taskgraph.frames.spelling import check_spelling
from taskgraph.grouping.long_form import read_cost
from taskgraph.grouping.networks import Networks
from taskgraph.tasks import join_sources, task_name


def networks_from_wide(
    frame: pd.DataFrame,
    *,
    default_cost: float = 1.0,
    higher_is_better: bool | None = None,
    exact_names: bool = False,
) -> Networks:
    """Return the networks of a table whose columns are tasks; an empty cell is not trained.

    Parameters
    ----------
    frame : DataFrame
        Optional columns: ``network``, the name; and ``cost``. A network without a name is called
        after its tasks, such as ``depth+normals``.
    default_cost, exact_names
        As for `networks_from_long`.
    higher_is_better : bool, optional
        Whether the values are gains, of which larger ones are better; by default they are losses.

    Raises
    ------
    InvalidTableError
        If there is no column of a task, a value is not a number, two networks have one name, or a
        task has no network. Rows are counted from 1.
    """
    headers = [str(name) for name in frame.columns if name not in ("network", "cost")]
    if not headers:
        raise InvalidTableError(
            'the table has no column of a task, expected "network, task, loss", or a column for '
            "each task"
        )
    if frame.empty:
        raise InvalidTableError("the table has no rows, expected one for each network")
    tasks = [_task(header) for header in headers]
    if not exact_names:
        check_spelling(tasks, lambda name: f'column "{headers[tasks.index(name)]}"')
    values = np.stack([_cells(frame[header], len(headers)) for header in headers], axis=1)
    empty = np.isnan(values).all(axis=1)
    if empty.any():
        row = int(np.argmax(empty))
        raise InvalidTableError(
            f"{row_name(row + 1)}: the network has no task: all of its values are empty; leave the "
            "row out"
        )
    cost = np.full(len(frame), default_cost)
    return Networks(
        _names(frame, tasks, values),
        tuple(tasks),
        values,
        read_cost(frame["cost"], default_cost) if "cost" in frame else cost,
        "gain" if higher_is_better else "loss",
        bool(higher_is_better),
    )


def _task(header: str) -> str:
    """Return the task of a column."""
    try:
        return task_name(header)
    except InvalidTableError as error:
        raise InvalidTableError(f'column "{header}": {error}') from None


def _cells(column: pd.Series, tasks: int) -> Floats:
    """Return the values of a column; the message for text says how text is read."""
    try:
        return read_numbers(column).to_numpy(dtype=float)
    except InvalidTableError as error:
        text = column.astype("string")
        bad = pd.to_numeric(text, errors="coerce").isna() & ~is_empty(column).to_numpy()
        if not bad.all():
            raise
        raise InvalidTableError(
            f'{error}; every column but "network" and "cost" is read as a task: call the column of '
            "names network, with --column network=HEADER"
        ) from None


def _names(frame: pd.DataFrame, tasks: list[str], values: Floats) -> tuple[str, ...]:
    """Return the name of each network: its own, or its tasks; raise if two are the same."""
    if "network" in frame:
        labels = read_labels(frame["network"])
        names = [labels.known[code] for code in labels.codes]
    else:
        names = [
            join_sources(task for task, is_in in zip(tasks, row, strict=True) if is_in)
            for row in (~np.isnan(values)).tolist()
        ]
    first: dict[str, int] = {}
    for row, name in enumerate(names, start=1):
        if first.setdefault(name, row) != row:
            what = (
                f'are both the network "{name}"'
                if "network" in frame
                else (f'are both trained on "{name}"')
            )
            remedy = "keep one" if "network" in frame else "name them in a column network"
            raise InvalidTableError(f"{row_names(first[name], row)} {what}; {remedy}")
    return tuple(names)
