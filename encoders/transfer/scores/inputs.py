"""Checks of the arrays that all scores share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from taskgraph.arrays import Array, Floats, Integers
from taskgraph.errors import InvalidTableError


def checked_features(features: ArrayLike, *, name: str = "features", least: int = 2) -> Floats:
    """Check features and return them as (N, D) in double precision.

    Raises
    ------
    InvalidTableError
        If the array is not two-dimensional, has too few rows, or a number is not finite.
    """
    values = np.asarray(features)
    if values.ndim != 2 or values.shape[1] == 0:
        raise InvalidTableError(
            f"`{name}` has shape {values.shape}, expected (N, D): one row of features an example; "
            "flatten or pool maps of features first"
        )
    if len(values) < least:
        raise InvalidTableError(f"`{name}` has {len(values)} examples, expected at least {least}")
    return _finite(values, name)


def checked_answers(answers: ArrayLike, examples: int) -> Floats:
    """Check numeric targets, (N,) or (N, K), and return them as (N, K) in double precision.

    Raises
    ------
    InvalidTableError
        As `checked_features`, or if the number of rows is not ``examples``.
    """
    values = np.asarray(answers)
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or values.shape[1] == 0:
        raise InvalidTableError(
            f"`targets` has shape {values.shape}, expected (N,) or (N, K): one row an example"
        )
    _same_length(values, examples)
    return _finite(values, "targets")


def checked_labels(labels: ArrayLike, examples: int) -> Integers:
    """Check class numbers, (N,), and renumber them from 0 without gaps.

    Raises
    ------
    InvalidTableError
        If there is not one whole number for each example.
    """
    values = np.asarray(labels)
    if not is_labels(values):
        raise InvalidTableError(
            f"`labels` is {values.dtype} of shape {values.shape}, expected (N,) whole numbers; "
            "make classes of continuous targets with `discretize`"
        )
    _same_length(values, examples)
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def without_mean(features: Floats) -> Floats:
    """Subtract the features' means; constant features become exactly 0.

    Otherwise a constant feature would leave a rounding error, which later steps could not
    distinguish from a feature of small variance.
    """
    centered = features - features.mean(axis=0)
    constant = np.ptp(features, axis=0) <= 1e-9 * np.abs(features).max(axis=0)
    values: Floats = np.where(constant, 0.0, centered)
    return values


def is_labels(targets: Array) -> bool:
    """Return whether targets are classes: one integer or boolean for each example."""
    return targets.ndim == 1 and targets.dtype.kind in "iub"


def _same_length(values: Array, examples: int) -> None:
    if len(values) != examples:
        raise InvalidTableError(
            f"there are {len(values)} targets for {examples} rows of features, expected one each"
        )


def _finite(values: Array, name: str) -> Floats:
    numbers = values.astype(np.float64)
    wrong = ~np.isfinite(numbers)
    if wrong.any():
        row, column = (int(k) for k in np.argwhere(wrong)[0])
        raise InvalidTableError(
            f"`{name}[{row}, {column}]` is {numbers[row, column]}, expected finite numbers; "
            "leave masked examples out"
        )
    return numbers
