"""Make the targets of a task, and check those of a task of one's own against its output."""

from __future__ import annotations

import numpy as np

from encoders.errors import InvalidDataError
from encoders.tasks.dictionary import TASKS
from encoders.tasks.sample import Sample, TargetsAndMask
from encoders.tasks.task import Task
from taskgraph.arrays import Array
from taskgraph.errors import TaskgraphError


def make_target(task: Task, sample: Sample) -> TargetsAndMask:
    """Return the targets and masks of a sample's views, as the task's label makes them.

    Raises
    ------
    InvalidDataError
        If a function of a task of one's own fails, or its targets do not fit its output; the
        message names the task and, where it is known, the view.
    """
    assert task.label is not None
    if TASKS.get(task.name) is not None:
        return task.label.make(sample)
    try:
        target, mask = task.label.make(sample)
    except TaskgraphError as error:
        raise InvalidDataError(f"task {task.name}: {error}") from error
    _check_shape(task, sample, target)
    _check_classes(task, sample, target, mask)
    return target, mask


def _check_shape(task: Task, sample: Sample, target: Array) -> None:
    """Raise unless each target has the shape that the task's output needs."""
    output = task.output
    if output is None or output.channels is None:
        return
    shape = output.shape(sample.size)
    allowed = [shape]
    if output.kind in ("class_map", "segments"):
        allowed = [shape[1:], (1, *shape[1:])]
    if output.kind == "classes" and task.loss == "xentropy":
        allowed = [(), (1,)]
    if target.shape[1:] not in allowed:
        expected = {1: "one number"}.get(int(np.prod(allowed[0])), f"the shape {allowed[0]}")
        raise InvalidDataError(
            f"task {task.name}: its label has the shape {target.shape[1:]} for "
            f"{_name(sample, 0)}, expected {expected}, as its output is "
            f'Output("{output.kind}", {output.channels}) at {sample.size} pixels; mend the label '
            "or the output"
        )


def _check_classes(task: Task, sample: Sample, target: Array, mask: Array) -> None:
    """Raise if a number of a class is none of the output's classes."""
    output = task.output
    numbered = output is not None and (
        output.kind == "class_map" or (output.kind == "classes" and task.loss == "xentropy")
    )
    if output is None or output.channels is None or not numbered:
        return
    numbers = np.where(mask.reshape(target.shape), target, 0)
    wrong = (numbers < 0) | (numbers >= output.channels) | (numbers != np.rint(numbers))
    for number in np.flatnonzero(wrong.reshape(len(target), -1).any(axis=1))[:1]:
        value = numbers[number][wrong[number]].flat[0]
        raise InvalidDataError(
            f"task {task.name}: the class of {_name(sample, int(number))} is {value:g}, expected a "
            f"whole number from 0 to {output.channels - 1}; mend the label, or give its output "
            "more classes"
        )


def _name(sample: Sample, number: int) -> str:
    return sample.names[number] if sample.names else f"view {number + 1}"
