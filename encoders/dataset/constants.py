"""What targets are standardized with: fitted on the train split, the same for every split."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from encoders.errors import InvalidDataError
from encoders.errors.storage import stored_in
from encoders.tasks import TASKS, Sample, Task
from taskgraph.arrays import Integers
from taskgraph.tables import write_text

MOST = 2_000
"""Train views that constants are fitted on, evenly spaced over the split."""

BATCH = 64
FORMAT = 1
"""Counts up when the fits change."""

Constants = dict[str, Any]
Sampler = Callable[[Task, Integers], Sample]


def fit_constants(tasks: Sequence[Task], sampler: Sampler, rows: Integers) -> dict[str, Constants]:
    """The constants of each task that needs some.

    Parameters
    ----------
    tasks : sequence of Task
    sampler : function
        From a task and rows to a `Sample`.
    rows : (N,) integer array
        The train split; at most `MOST` of them are looked at.

    Raises
    ------
    InvalidDataError
        If there are no rows.
    """
    fitted = {}
    few = rows[np.linspace(0, len(rows) - 1, min(MOST, len(rows))).round().astype(int)]
    for task in tasks:
        if task.label is None or task.label.fit is None:
            continue
        if not len(rows):
            raise InvalidDataError(
                f"{task.name} is standardized by the train split, which has no whole views; name "
                "its buildings in splits=, or give constants= of another dataset"
            )
        fitted[task.name] = dict(task.label.fit(_batches(task, sampler, few)))
    return fitted


def read_or_fit(
    tasks: Sequence[Task], sampler: Sampler, rows: Integers, *, origin: str, folder: Path | None
) -> dict[str, Constants]:
    """`fit_constants`, kept as JSON in ``folder`` (if there is one) for the next time.

    Those of Taskonomy's own tasks are kept; the label of another task may change from one run to
    the next under the same name.

    Parameters
    ----------
    origin : str
        Whatever else the constants depend on; another origin is another file.
    """
    key = hashlib.sha256(f"{FORMAT} {origin} {rows.tolist()}".encode()).hexdigest()[:16]
    path = folder / f"constants-{key}.json" if folder else None
    known = _read(path)
    ours = [task for task in tasks if TASKS.get(task.name) is task]
    lacking = [task for task in tasks if task not in ours or task.name not in known]
    fitted = fit_constants(lacking, sampler, rows)
    kept = {task.name: fitted[task.name] for task in ours if task.name in fitted}
    if path is not None and kept:
        with stored_in(path.parent):
            write_text(json.dumps(known | kept, indent=1, sort_keys=True) + "\n", path)
    names = {task.name for task in tasks}
    return {name: value for name, value in {**known, **fitted}.items() if name in names}


def _batches(task: Task, sampler: Sampler, rows: Integers) -> Iterator[Sample]:
    for start in range(0, len(rows), BATCH):
        yield sampler(task, rows[start : start + BATCH])


def _read(path: Path | None) -> dict[str, Constants]:
    if path is None or not path.exists():
        return {}
    try:
        return dict(json.loads(path.read_bytes()))
    except ValueError:  # broken: it is made anew
        return {}
