"""Measures of lifelong learning. Each names its source, because libraries define them differently.

``accuracies`` is a (T, T) array: ``accuracies[t, j]`` is the accuracy on the test images of step j
after learning step t, in [0, 1]. Entries that were not measured are NaN. A measure that is not
defined is NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from encoders.errors import InvalidDataError
from taskgraph.arrays import Floats


def average_incremental_accuracy(curve: ArrayLike) -> float:
    """Return the mean over steps of the accuracy on all classes seen so far; larger is better.

    Parameters
    ----------
    curve : (T,) array
        Accuracy after each step on the test images of all classes seen, pooled over images.

    Source: Rebuffi et al., CVPR 2017, section 4.1. DER and PyCIL report it too; others average
    the accuracies of steps instead of pooling images.
    """
    return _mean(np.asarray(curve, np.float64))


def last_accuracy(curve: ArrayLike) -> float:
    """Return the accuracy on all classes after the last step; larger is better."""
    values = np.asarray(curve, np.float64)
    return float(values[-1]) if len(values) else float("nan")


def forgetting(accuracies: ArrayLike) -> float:
    """Return mean_{j<T} (max_{l<T} a[l, j] - a[T, j]); smaller is better, negative if it improved.

    The maximum does not include the last step T. It is not defined for a single step.

    Source: Chaudhry et al., ECCV 2018, section 3.2. Avalanche takes the first value instead of the
    maximum; mammoth includes the last one.
    """
    values = _square(accuracies)
    if len(values) < 2:
        return float("nan")
    past = np.array([_max(values[j:-1, j]) for j in range(len(values) - 1)])
    return _mean(past - values[-1, :-1])


def backward_transfer(accuracies: ArrayLike) -> float:
    """Return mean_{j<T} (a[T, j] - a[j, j]); larger is better. Not defined for a single step.

    Source: Lopez-Paz and Ranzato, NeurIPS 2017, equation 3.
    """
    values = _square(accuracies)
    if len(values) < 2:
        return float("nan")
    return _mean(values[-1, :-1] - np.diag(values)[:-1])


def forward_transfer(accuracies: ArrayLike, untrained: ArrayLike) -> float:
    """Return mean_{j>1} (a[j-1, j] - b[j]); larger is better.

    It is not defined for a single step, nor where the classes of a step are unknown before it, as
    in class-incremental learning.

    Parameters
    ----------
    accuracies : (T, T) array
    untrained : (T,) array
        b, the accuracy of the untrained network on each step's test images.

    Source: Lopez-Paz and Ranzato, NeurIPS 2017, equation 4.
    """
    values, start = _square(accuracies), np.asarray(untrained, np.float64)
    if start.shape != (len(values),):
        raise InvalidDataError(f"untrained has the shape {start.shape}, expected ({len(values)},)")
    if len(values) < 2:
        return float("nan")
    return _mean(np.diag(values, 1) - start[1:])


def intransigence(accuracies: ArrayLike, joint: ArrayLike) -> float:
    """Return mean_j (a*[j] - a[j, j]): what is lost on new images; smaller is better.

    Parameters
    ----------
    accuracies : (T, T) array
    joint : (T, T) array
        Of networks trained on all images of the steps up to each; a*[j] is its diagonal.

    Source: Chaudhry et al., ECCV 2018, section 3.3, whose value of one step is averaged here.
    """
    values, bound = _square(accuracies), _square(joint)
    if values.shape != bound.shape:
        raise InvalidDataError(f"joint has the shape {bound.shape}, expected {values.shape}")
    return _mean(np.diag(bound) - np.diag(values))


def _square(accuracies: ArrayLike) -> Floats:
    """Return a square array; raise InvalidDataError for another shape."""
    values = np.asarray(accuracies, np.float64)
    if values.ndim != 2 or values.shape[0] != values.shape[1]:
        raise InvalidDataError(
            f"accuracies have the shape {values.shape}, expected one row and column a step"
        )
    return values


def _max(values: Floats) -> float:
    """Return the largest of the values that are not NaN; NaN if there is none."""
    known = values[~np.isnan(values)]
    return float(known.max()) if len(known) else float("nan")


def _mean(values: Floats) -> float:
    """Return the mean; NaN if there are no values, or one is NaN."""
    return float(values.mean()) if len(values) else float("nan")
