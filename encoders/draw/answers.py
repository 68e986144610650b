"""Convert outputs of networks and labels to one form, so that both are drawn alike.

================== ============================================ ===============================
kind of the task   answer                                       computed from a network's
================== ============================================ ===============================
``map``            (C, H, W); probabilities where the loss is   output; softmax of its scores
                   a cross-entropy (colors)
``class_map``      (H, W) whole numbers                         likeliest class
``segments``       (H, W) numbers, or a (C, H, W) embedding     embedding
``vector``         (C,) standardized numbers                    output
``classes``        (C,) probabilities                           softmax of its scores
================== ============================================ ===============================
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from encoders.errors import InvalidDataError
from encoders.tasks import Output, Task
from taskgraph.arrays import Array


def answer_of_output(task: Task, output: ArrayLike) -> Array:
    """Return the answer of a network for one sample.

    Parameters
    ----------
    output : (C, H, W) or (C,) array
        The network's output without the batch axis.
    """
    form, values = _form(task), np.asarray(output, dtype=np.float64)
    if form.kind == "class_map":
        return np.asarray(values.argmax(axis=0))
    chances = form.kind == "classes" or task.loss == "soft_xentropy"
    return _softmax(values) if chances else values


def answer_of_label(task: Task, target: ArrayLike) -> Array:
    """Return the answer that a label of one sample means; a class number has probability 1."""
    form, values = _form(task), np.asarray(target)
    if form.kind != "classes" or values.ndim:
        return values
    chances = np.zeros(form.shape(0))
    chances[int(values)] = 1.0
    return chances


def _form(task: Task) -> Output:
    if task.output is None:
        raise InvalidDataError(f"task {task.name} has no answers to draw")
    return task.output


def _softmax(scores: Array) -> Array:
    """Return probabilities that sum to 1 along the first axis."""
    shares = np.exp(scores - scores.max(axis=0))
    chances: Array = shares / shares.sum(axis=0)
    return chances
