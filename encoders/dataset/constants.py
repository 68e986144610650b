"""The constants that targets are standardized with, fitted on the train split."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from encoders.errors import InvalidDataError
from encoders.errors.storage import stored_in
from encoders.tasks import TASKS, Sample, Task
from encoders.tasks.fits import Constants
from taskgraph.arrays import Integers
from taskgraph.tables import write_text

MOST = 2_000
"""Largest number of views, evenly spaced over the train split, that constants are fitted on."""

BATCH = 64
"""Number of views that are read at a time."""

FORMAT = 1
"""Raised whenever a change of the code fits other constants."""

Sampler = Callable[[Task, Integers], Sample]
"""From a task and rows of the index to a `Sample`."""


def fit_constants(tasks: Sequence[Task], sampler: Sampler, rows: Integers) -> dict[str, Constants]:
    """Fit the constants of each task that has some.

    Parameters
    ----------
    tasks : sequence of Task
    sampler : function
    rows : (N,) integer array
        The rows of the train split; at most `MOST` of them are used.

    Raises
    ------
    InvalidDataError
        If there are no rows and a task has constants.
    """
    fitted = {}
    chosen = rows[np.linspace(0, len(rows) - 1, min(MOST, len(rows))).round().astype(int)]
    for task in tasks:
        if task.label is None or task.label.fit is None:
            continue
        if not len(rows):
            raise InvalidDataError(
                f"{task.name} is standardized by the train split, which has no complete views; "
                "name its buildings in splits=, or give constants= of another dataset"
            )
        fitted[task.name] = dict(task.label.fit(_batches(task, sampler, chosen)))
    return fitted


def read_or_fit(
    tasks: Sequence[Task], sampler: Sampler, rows: Integers, *, origin: str, folder: Path | None
) -> dict[str, Constants]:
    """Read the constants from a file in ``folder``, or fit them and store them there.

    Nothing is stored if ``folder`` is None. Only constants of the dictionary's tasks are stored,
    because the label of a user's task may change from one run to the next under the same name.

    Parameters
    ----------
    origin : str
        A hash of the data that the constants depend on; it becomes part of the file's name.
    """
    key = hashlib.sha256(f"{FORMAT} {origin} {rows.tolist()}".encode()).hexdigest()[:16]
    path = folder / f"constants-{key}.json" if folder else None
    stored = _read(path)
    ours = [task for task in tasks if TASKS.get(task.name) is task]
    lacking = [task for task in tasks if task not in ours or task.name not in stored]
    fitted = fit_constants(lacking, sampler, rows)
    new = {task.name: fitted[task.name] for task in ours if task.name in fitted}
    if path is not None and new:
        with stored_in(path.parent):
            write_text(json.dumps(stored | new, indent=1, sort_keys=True) + "\n", path)
    names = {task.name for task in tasks}
    return {name: value for name, value in {**stored, **fitted}.items() if name in names}


def _batches(task: Task, sampler: Sampler, rows: Integers) -> Iterator[Sample]:
    """Yield the samples of some rows, `BATCH` views at a time."""
    for start in range(0, len(rows), BATCH):
        yield sampler(task, rows[start : start + BATCH])


def _read(path: Path | None) -> dict[str, Constants]:
    """Return the stored constants; empty if there are none."""
    if path is None or not path.exists():
        return {}
    try:
        return dict(json.loads(path.read_bytes()))
    except ValueError:  # a broken file is written again
        return {}
