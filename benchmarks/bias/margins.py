"""The margins of a train-on × test-on matrix: Self, Mean others and Percent drop.

Source: Torralba, Efros, "Unbiased look at dataset bias", CVPR 2011, Table 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from taskgraph.arrays import Floats
from taskgraph.errors import InvalidTableError


@dataclass(frozen=True, eq=False)
class Margins:
    """The margins of a matrix whose rows are trained on and whose columns are tested on.

    Attributes
    ----------
    own : (K,) array
        Self: the diagonal, each set tested on itself.
    others : (K,) array
        Mean others: the mean of each row without its diagonal.
    drop : (K,) array
        Percent drop: 100 (Self − Mean others) / Self; larger means more bias. NaN where Self is 0.
    column_others : (K,) array
        The mean of each column without its diagonal: how well other sets serve as training sets.
    mean_own, mean_others : float
        Means of ``own`` and of ``others``.
    drop_of_means : float
        100 (mean_own − mean_others) / mean_own: the drop of the means, which is not the mean of
        the drops.
    """

    own: Floats
    others: Floats
    drop: Floats
    column_others: Floats
    mean_own: float
    mean_others: float
    drop_of_means: float


def margins(matrix: ArrayLike) -> Margins:
    """Return the margins of a matrix of scores, of which larger values are better.

    Parameters
    ----------
    matrix : (K, K) array
        Score on the test samples of set j (column) after training on set i (row), at least 0.

    Raises
    ------
    InvalidTableError
        If the matrix is not square, has fewer than two sets, or an entry is negative or not finite.
    """
    scores = checked_matrix(matrix)
    count = len(scores)
    own = np.diag(scores).copy()
    others = (scores.sum(axis=1) - own) / (count - 1)
    column_others = (scores.sum(axis=0) - own) / (count - 1)
    mean_own, mean_others = float(own.mean()), float(others.mean())
    return Margins(
        own,
        others,
        percent_drop(own, others),
        column_others,
        mean_own,
        mean_others,
        float(percent_drop(mean_own, mean_others)),
    )


def percent_drop(own: ArrayLike, others: ArrayLike) -> Floats:
    """Return 100 (own − others) / own; NaN where ``own`` is 0. Negative where others are better."""
    first, second = np.asarray(own, dtype=np.float64), np.asarray(others, dtype=np.float64)
    safe = np.where(first == 0, np.nan, first)
    drop: Floats = 100 * (first - second) / safe
    return drop


def cross_dataset_measure(own: ArrayLike, others: ArrayLike) -> Floats:
    """Return CD = 1 / (1 + exp(−(Self − Mean others) / 100)) of scores in percent.

    It is .5 where other sets are as good, and grows with the bias; unlike the drop, it does not
    exaggerate the bias where Self is small.

    Source: Tommasi, Patricia, Caputo, Tuytelaars, "A deeper look at dataset bias", GCPR 2015.
    """
    gap = np.asarray(own, dtype=np.float64) - np.asarray(others, dtype=np.float64)
    measure: Floats = 1 / (1 + np.exp(-gap / 100))
    return measure


def checked_matrix(matrix: ArrayLike) -> Floats:
    """Return a matrix of scores; see `margins` for what it raises."""
    scores = np.asarray(matrix, dtype=np.float64)
    if scores.ndim != 2 or scores.shape[0] != scores.shape[1]:
        raise InvalidTableError(
            f"the matrix has the shape {scores.shape}, expected as many rows (trained on) as "
            "columns (tested on)"
        )
    if len(scores) < 2:
        raise InvalidTableError("the matrix has one data set, expected at least two to compare")
    wrong = ~np.isfinite(scores) | (scores < 0)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise InvalidTableError(
            f"row {row + 1}, column {column + 1} of the matrix is {scores[row, column]:g}, "
            "expected a score of at least 0"
        )
    return scores
