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
    found = np.asarray(features)
    if found.ndim != 2 or found.shape[1] == 0:
        raise InvalidTableError(
            f"`{name}` has shape {found.shape}, expected (N, D): one row of features an example; "
            "flatten or pool maps of features first"
        )
    if len(found) < least:
        raise InvalidTableError(f"`{name}` has {len(found)} examples, expected at least {least}")
    return _finite(found, name)


def checked_answers(answers: ArrayLike, examples: int) -> Floats:
    """Check numeric targets, (N,) or (N, K), and return them as (N, K) in double precision.

    Raises
    ------
    InvalidTableError
        As `checked_features`, or if the number of rows is not ``examples``.
    """
    found = np.asarray(answers)
    found = found[:, None] if found.ndim == 1 else found
    if found.ndim != 2 or found.shape[1] == 0:
        raise InvalidTableError(
            f"`targets` has shape {found.shape}, expected (N,) or (N, K): one row an example"
        )
    _same_length(found, examples)
    return _finite(found, "targets")


def checked_labels(labels: ArrayLike, examples: int) -> Integers:
    """Check class numbers, (N,), and renumber them from 0 without gaps.

    Raises
    ------
    InvalidTableError
        If there is not one whole number for each example.
    """
    found = np.asarray(labels)
    if not is_labels(found):
        raise InvalidTableError(
            f"`labels` is {found.dtype} of shape {found.shape}, expected (N,) whole numbers; "
            "make classes of continuous targets with `discretize`"
        )
    _same_length(found, examples)
    return np.unique(found, return_inverse=True)[1].astype(np.int64)


def without_mean(features: Floats) -> Floats:
    """Subtract the features' means; constant features become exactly 0.

    Otherwise a constant feature would leave a rounding error, which later steps could not
    distinguish from a feature of small variance.
    """
    centered = features - features.mean(axis=0)
    constant = np.ptp(features, axis=0) <= 1e-9 * np.abs(features).max(axis=0)
    found: Floats = np.where(constant, 0.0, centered)
    return found


def is_labels(targets: Array) -> bool:
    """Whether targets are classes: one integer or boolean for each example."""
    return targets.ndim == 1 and targets.dtype.kind in "iub"


def _same_length(found: Array, examples: int) -> None:
    if len(found) != examples:
        raise InvalidTableError(
            f"there are {len(found)} targets for {examples} rows of features, expected one each"
        )


def _finite(found: Array, name: str) -> Floats:
    numbers = found.astype(np.float64)
    wrong = ~np.isfinite(numbers)
    if wrong.any():
        row, column = (int(k) for k in np.argwhere(wrong)[0])
        raise InvalidTableError(
            f"`{name}[{row}, {column}]` is {numbers[row, column]}, expected finite numbers; "
            "leave masked examples out"
        )
    return numbers
