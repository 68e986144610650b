"""Measures of a classifier: top-1 accuracy, and the mean accuracy over classes."""

from __future__ import annotations

import numpy as np

from encoders.errors import InvalidDataError
from taskgraph.arrays import Array, Integers


def top1(predicted: Array, labels: Integers) -> float:
    """Return the share of items whose predicted class is right; in [0, 1], larger is better.

    Parameters
    ----------
    predicted : (N,) array of classes, or (N, C) array of scores
        Of equal scores the first class counts as predicted.
    labels : (N,) array

    Raises
    ------
    InvalidDataError
        If there are no items, or not as many predictions as labels.
    """
    return float(np.mean(_right(predicted, labels)))


def mean_class_accuracy(predicted: Array, labels: Integers) -> float:
    """Return the mean over classes of the accuracy on each class's items; larger is better.

    Classes without items do not count. This is the measure of data sets whose classes differ in
    size, and of VisDA. Parameters and errors are those of `top1`.
    """
    right = _right(predicted, labels)
    return float(np.mean([right[labels == one].mean() for one in np.unique(labels)]))


def _right(predicted: Array, labels: Integers) -> Array:
    """Return for each item whether its prediction is right."""
    predicted, labels = np.asarray(predicted), np.asarray(labels)
    if len(predicted) != len(labels) or not len(labels):
        raise InvalidDataError(
            f"{len(predicted)} predictions for {len(labels)} labels, expected as many, at least one"
        )
    classes = predicted.argmax(axis=1) if predicted.ndim == 2 else predicted
    right: Array = classes == labels
    return right
