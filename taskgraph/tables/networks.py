"""Readers of networks trained on several tasks, the candidates of task grouping."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from taskgraph.arrays import Floats
from taskgraph.errors import InvalidTableError
from taskgraph.frames.columns import read_numbers
from taskgraph.grouping.estimates import networks_from_affinities
from taskgraph.grouping.long_form import networks_from_long
from taskgraph.grouping.networks import Networks
from taskgraph.grouping.wide_form import networks_from_wide
from taskgraph.tables.bare_numbers import first_line_is_numbers, read_gains, read_half_and_full
from taskgraph.tables.columns import Columns, renamed, selected, tidy
from taskgraph.tables.files import read_frame, read_separator
from taskgraph.tables.formats import FilePath
from taskgraph.tables.many_files import Rows
from taskgraph.tables.naming import naming
from taskgraph.tables.text import with_points
from taskgraph.tasks import task_name


@dataclass(frozen=True)
class NetworkReading:
    """Options for reading a table of networks.

    Parameters
    ----------
    columns : mapping of our headers to the file's own
        As for `read_transfers`, such as ``{"loss": "error"}``.
    where : mapping of the file's own headers to values
        Only rows with these values are kept.
    exact_names : bool
        As for `read_transfers`.
    higher_is_better : bool, optional
        Whether larger values are better; by default a loss is better if smaller, a gain if larger.
    network_cost, half_cost : float
        Cost of a network without one in the table; and of a half-size network in the published
        files of Standley et al.
    task_names : names
        Names of the columns of a file without a header; by default ``task1``, ``task2``, ….
    transpose : bool
        Whether the columns of a matrix of affinities, not its rows, are the tasks that gain.
    largest : int, optional
        Largest number of tasks of a network that is made from a matrix of affinities.
    single_gain : float, optional
        If given, single tasks are networks with this gain beside a matrix of affinities.
    """

    columns: Columns | None = None
    where: Columns | None = None
    exact_names: bool = False
    higher_is_better: bool | None = None
    network_cost: float = 1.0
    half_cost: float = 0.5
    task_names: tuple[str, ...] = ()
    transpose: bool = False
    largest: int | None = None
    single_gain: float | None = None


def read_networks(
    path: FilePath, reading: NetworkReading | None = None, *, gains: FilePath | None = None
) -> Networks:
    """Read the networks that can be bought, in any of six forms.

    - Columns ``network, task`` and ``loss`` or ``gain``, one row for each network and task;
      optional ``cost``.
    - The same with ``image`` and optional ``cluster``, one row for each image.
    - One row for each network and one column for each task, empty where it was not trained;
      optional ``network`` (its name) and ``cost``.
    - A square matrix of affinities of pairs, whose first column holds the names of the others.
    - Numbers without a header, separated by tabs, as Standley et al. (ICML 2020) published them:
      the first row holds one half-size network for each task, each other row a full-size network.
    - A matrix of 0 and 1 without a header, which tasks were trained together, beside ``gains``, a
      matrix of the same shape, as MTG-Net (Song et al., NeurIPS 2022) published them.

    Parameters
    ----------
    path : str or path
    reading : NetworkReading, optional
        Columns, costs and names.
    gains : str or path, optional
        The file of gains beside a matrix of 0 and 1.

    Raises
    ------
    InvalidTableError
        If the file is none of these; the message begins with its name.
    """
    reading = reading or NetworkReading()
    if gains is not None:
        return read_gains(path, gains, reading.task_names, reading.network_cost)
    if first_line_is_numbers(path):
        return read_half_and_full(
            path, reading.task_names, half=reading.half_cost, full=reading.network_cost
        )
    if reading.task_names:
        raise InvalidTableError(
            f"{path!s}: the file has a header; leave out --task-names, which names the columns of "
            "a file without one"
        )
    return _with_header(path, reading)


def _with_header(path: FilePath, reading: NetworkReading) -> Networks:
    """Read a table with a header."""
    columns = tidy(reading.columns)
    infer = {columns.get(name, name) for name in ("loss", "gain")}  # may be millions of numbers
    frame, separator = read_frame(path, infer=infer), read_separator(path)
    with naming(path):
        frame, numbers = selected(frame, tidy(reading.where))
        frame = renamed(frame, columns)
    rows = Rows((path,), np.zeros(len(numbers), dtype=np.int64), numbers)
    with naming(path, rows):
        if _is_square(frame):
            return _from_matrix(frame, separator, reading)
        is_long = "task" in frame.columns or {"loss", "gain"} & set(frame.columns)
        names = {"network", "task", "image", "cluster"} if is_long else {"network"}
        for name in frame.columns.difference([*names]):
            frame[name] = with_points(frame[name], separator)
        read = networks_from_long if is_long else networks_from_wide
        return read(
            frame,
            default_cost=reading.network_cost,
            higher_is_better=reading.higher_is_better,
            exact_names=reading.exact_names,
        )


def _is_square(frame: pd.DataFrame) -> bool:
    """Return whether the first column, unless it is ``network``, names the other columns."""
    if str(frame.columns[0]) == "network" or len(frame) != frame.shape[1] - 1 or frame.empty:
        return False
    rows = {str(name).strip() for name in frame.iloc[:, 0]}
    return rows == {str(name) for name in frame.columns[1:]}


def _from_matrix(frame: pd.DataFrame, separator: str, reading: NetworkReading) -> Networks:
    """Return the networks of a matrix of affinities, whose rows may be in any order."""
    if reading.higher_is_better is False:
        raise InvalidTableError(
            "this is a matrix of affinities, of which larger ones are better; leave out "
            "--lower-is-better"
        )
    tasks = tuple(str(name) for name in frame.columns[1:])
    rows = [str(name).strip() for name in frame.iloc[:, 0]]
    order = [rows.index(task) for task in tasks]
    columns = []
    for place, name in enumerate(tasks, start=1):
        column = with_points(frame.iloc[:, place], separator)
        values = read_numbers(column).to_numpy(dtype=float)
        missing = np.isnan(values) & (np.array(rows) != name)
        if missing.any():
            raise InvalidTableError(
                f'the affinity of "{rows[int(np.argmax(missing))]}" and "{name}" is '
                "empty, expected a number"
            )
        columns.append(values[order])
    matrix: Floats = np.stack(columns, axis=1)
    return networks_from_affinities(
        tuple(task_name(name) for name in tasks),
        matrix.T if reading.transpose else matrix,
        cost=reading.network_cost,
        largest=reading.largest,
        single_gain=reading.single_gain,
    )
