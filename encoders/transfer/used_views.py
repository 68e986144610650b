"""The views of a large data set that a sweep uses, so that no other file is read or cached."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from encoders.dataset.constants import MOST
from encoders.dataset.index import Index
from encoders.dataset.reader import FileReader
from encoders.dataset.selection import domains_of, rows_with_files, split_rows
from encoders.dataset.table import splits_of
from encoders.tasks import Task
from encoders.transfer.data import TransferDataConfig, buildings_of, evenly
from taskgraph.arrays import Integers

LARGE = 100_000
"""Data sets of more views than this are reduced to those that a sweep uses.

Smaller ones are read as a whole, so that all sweeps and banks of a data set share one cache.
"""


def used_views(
    config: TransferDataConfig, targets: Sequence[str], index: Index, *, large: int = LARGE
) -> Index:
    """Return the index of the views that some targets are measured on, if it has many more.

    The index is returned as it is if it has at most ``large`` views, or if a target has partners:
    these are chosen among all views of a building.
    """
    tasks = [config.task(name) for name in targets]
    if len(index) <= large or any(task.partners for task in tasks):
        return index
    rows = [_used_rows(config, task, index) for task in tasks]
    return index.take(np.unique(np.concatenate(rows)))


def _used_rows(config: TransferDataConfig, task: Task, index: Index) -> Integers:
    """Return the rows for constants, training, validation and test of one task."""
    domains = domains_of([task], FileReader(index, config.size))
    train = split_rows(index, "train", splits_of(Path(config.data), config.splits))
    rows = [evenly(rows_with_files(index, train, domains), MOST)]
    names = buildings_of(config, index.buildings)
    for part, count in (("train", config.train), ("valid", config.valid), ("test", config.test)):
        rows.append(evenly(rows_with_files(index, index.rows_of(names[part]), domains), count))
    return np.concatenate(rows)
