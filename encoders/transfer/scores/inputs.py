"""What every score expects of its arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from taskgraph.arrays import Array, Floats, Integers
from taskgraph.errors import InvalidTableError


def checked_features(features: ArrayLike, *, name: str = "features", least: int = 2) -> Floats:
    """(N, D) features in double precision.

    Raises
    ------
    InvalidTableError
        If they are not two-dimensional, too few, or not all finite numbers.
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
    """(N, K) or (N,) numbers as (N, K) in double precision; same errors."""
    found = np.asarray(answers)
    found = found[:, None] if found.ndim == 1 else found
    if found.ndim != 2 or found.shape[1] == 0:
        raise InvalidTableError(
            f"`targets` has shape {found.shape}, expected (N,) or (N, K): one row an example"
        )
    _same_length(found, examples)
    return _finite(found, "targets")


def checked_labels(labels: ArrayLike, examples: int) -> Integers:
    """(N,) whole numbers, renumbered from 0 without gaps.

    Raises
    ------
    InvalidTableError
        If they are not one whole number for each example.
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
    """Features minus their means; those that are constant become exactly 0.

    Taking the mean away leaves of a constant a rounding error, which no later step could tell
    from a feature of tiny spread.
    """
    centered = features - features.mean(axis=0)
    constant = np.ptp(features, axis=0) <= 1e-9 * np.abs(features).max(axis=0)
    found: Floats = np.where(constant, 0.0, centered)
    return found


def is_labels(targets: Array) -> bool:
    """Whether targets are classes: one whole number (or truth value) an example."""
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
