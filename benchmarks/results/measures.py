"""Means over seeds with intervals: Student's t, the bootstrap, and paired differences.

Every function takes one value a seed. NaN among the values is an error, since a missing seed would
change what the mean is of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import bootstrap, t

from taskgraph.arrays import Floats
from taskgraph.errors import InvalidTableError

LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean and its interval, both in the unit of the values.

    Attributes
    ----------
    mean, low, high : float
        ``low`` and ``high`` are NaN for a single value.
    n : int
        Number of values.
    """

    mean: float
    low: float
    high: float
    n: int


def t_interval(values: ArrayLike, *, level: float = LEVEL) -> Estimate:
    """Return the mean with Student's interval: mean ± t(n − 1) · sd / √n.

    It assumes that the values are nearly normal. With two values it is wide.
    """
    found = _checked(values)
    n, mean = len(found), float(found.mean())
    if n == 1:
        return Estimate(mean, float("nan"), float("nan"), 1)
    half = float(t.ppf((1 + level) / 2, n - 1) * found.std(ddof=1) / np.sqrt(n))
    return Estimate(mean, mean - half, mean + half, n)


def bootstrap_interval(
    values: ArrayLike, *, level: float = LEVEL, resamples: int = 9_999, seed: int = 0
) -> Estimate:
    """Return the mean with the percentile interval of its bootstrap (`scipy.stats.bootstrap`).

    It assumes no distribution, and is too narrow for fewer than about ten values.
    """
    found = _checked(values)
    mean = float(found.mean())
    if len(found) == 1:
        return Estimate(mean, float("nan"), float("nan"), 1)
    drawn = bootstrap(
        (found,),
        np.mean,
        confidence_level=level,
        n_resamples=resamples,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    low, high = drawn.confidence_interval
    return Estimate(mean, float(low), float(high), len(found))


def paired_difference(
    first: Mapping[int, float], second: Mapping[int, float], *, level: float = LEVEL
) -> Estimate:
    """Return the mean of ``first − second``, seed by seed, with Student's interval.

    Parameters
    ----------
    first, second : values by seed
        Both of the same seeds, so that what a seed changes for both cancels.

    Raises
    ------
    InvalidTableError
        If the seeds differ.
    """
    if first.keys() != second.keys():
        alone = sorted({*first} ^ {*second})
        raise InvalidTableError(
            f"a paired difference needs the same seeds on both sides; seed {alone[0]} is on one "
            "side only"
        )
    return t_interval([first[seed] - second[seed] for seed in first], level=level)


def _checked(values: ArrayLike) -> Floats:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1 or not len(found):
        raise InvalidTableError(
            f"got values of shape {found.shape}, expected one number a seed and at least one"
        )
    if not np.isfinite(found).all():
        place = int(np.flatnonzero(~np.isfinite(found))[0])
        raise InvalidTableError(f"value {place} is {found[place]}, expected finite numbers")
    return found
