"""One chosen transfer's solution, and its predictions of single examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg

from encoders.errors import InvalidDataError, UnknownNameError
from encoders.transfer.ridge.moments import Moments
from taskgraph.arrays import Floats, Floats32, Integers

LEAST = 1e-6
"""Of the mean variance: what a feature that never varies is penalized by at least."""


@dataclass(frozen=True, eq=False)
class Readout:
    """A linear read-out.

    Attributes
    ----------
    weights : (p, q) array
        Of a set's features; `columns_of` says which those are.
    intercept : (q,) array
    """

    weights: Floats
    intercept: Floats


def penalties(variances: Floats, strength: float) -> Floats:
    """``strength`` times each feature's variance, which is as if features were standardized."""
    least = LEAST * variances.mean() or 1.0
    found: Floats = strength * np.maximum(variances, least)
    return found


def columns_of(groups: Mapping[str, slice], sources: Sequence[str]) -> Integers:
    """The features of some sources, in the order of the sources given.

    Raises
    ------
    UnknownNameError
        If a source is not among the groups.
    """
    for name in sources:
        if name not in groups:
            raise UnknownNameError(f'no source "{name}"; there are {", ".join(groups)}')
    return np.concatenate([np.arange(groups[name].start, groups[name].stop) for name in sources])


def fit_readout(
    train: Moments, columns: ArrayLike, penalty: float, *, outputs: slice = slice(None)
) -> Readout:
    """The solution for one set of sources, as `encoders.transfer.ridge.sweep` measures it.

    W = (A + l D)^-1 B, D the diagonal of A; unlike in the sweep, no output is left out.

    Parameters
    ----------
    train : Moments
    columns : (p,) integers
        The set's features.
    penalty : float
        l, in units of each feature's variance.
    outputs : slice
        The target's outputs.

    Raises
    ------
    InvalidDataError
        If the penalty is not positive.
    """
    if not penalty > 0:
        raise InvalidDataError(f"a penalty of {penalty}; it must be above 0")
    chosen = np.asarray(columns)
    answers = np.arange(train.xy.shape[1])[outputs]
    part = train.part(chosen, answers)
    about = part.about(part.mean_x, part.mean_y)
    variances = np.diagonal(train.about(train.mean_x, train.mean_y).xx)
    least = penalties(variances, penalty)[chosen]
    weights = linalg.solve(about.xx + np.diag(least), about.xy, assume_a="pos")
    return Readout(weights, part.mean_y - part.mean_x @ weights)


def predict(readout: Readout, features: ArrayLike) -> Floats32:
    """(n, p) features of the read-out's set -> (n, q) outputs.

    Raises
    ------
    InvalidDataError
        If there are more or fewer features.
    """
    each = np.asarray(features)
    if each.ndim != 2 or each.shape[1] != len(readout.weights):
        raise InvalidDataError(
            f"features of shape {each.shape}; this read-out has {len(readout.weights)} a row: "
            "give those of its own sources, in its order"
        )
    weights = readout.weights.astype(np.float32)
    return np.asarray(each.astype(np.float32) @ weights + readout.intercept, dtype=np.float32)
