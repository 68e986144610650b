"""The linear read-out of one transfer, and its predictions for single examples."""

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
"""Smallest variance by which a feature is penalized, as a share of the mean variance."""


@dataclass(frozen=True, eq=False)
class Readout:
    """A linear read-out.

    Attributes
    ----------
    weights : (p, q) array
        Weights of the features of a set; `columns_of` lists these.
    intercept : (q,) array
        Added to each output.
    """

    weights: Floats
    intercept: Floats


def penalties(variances: Floats, strength: float) -> Floats:
    """Return the penalty of each feature: ``strength`` times its variance.

    This has the effect of standardizing the features.
    """
    least = LEAST * variances.mean() or 1.0
    scaled: Floats = strength * np.maximum(variances, least)
    return scaled


def columns_of(groups: Mapping[str, slice], sources: Sequence[str]) -> Integers:
    """Return the columns of some sources' features, in the order of ``sources``.

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
    """Fit the read-out of one set of sources, as in `encoders.transfer.ridge.solve_all`.

    W = (A + l D)^-1 B, with D the diagonal of A. Unlike in `solve_all`, all outputs are fitted.

    Parameters
    ----------
    train : Moments
    columns : (p,) integers
        The columns of the set's features.
    penalty : float
        l, above 0, in units of each feature's variance.
    outputs : slice
        The columns of the target's outputs.

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


def apply_readout(readout: Readout, features: ArrayLike) -> Floats32:
    """Predict outputs, (n, q), from (n, p) features of the read-out's sources.

    Raises
    ------
    InvalidDataError
        If the number of features differs from the read-out's.
    """
    each = np.asarray(features)
    if each.ndim != 2 or each.shape[1] != len(readout.weights):
        raise InvalidDataError(
            f"features of shape {each.shape}; this read-out has {len(readout.weights)} a row: "
            "give those of its own sources, in its order"
        )
    weights = readout.weights.astype(np.float32)
    return np.asarray(each.astype(np.float32) @ weights + readout.intercept, dtype=np.float32)
