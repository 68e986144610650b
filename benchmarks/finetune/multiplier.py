"""The factor by which pretraining multiplies labels: the distance of two accuracy curves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression

from taskgraph.arrays import Floats
from taskgraph.errors import InvalidTableError


@dataclass(frozen=True)
class LabelMultiplier:
    """The factor of labels that the second curve needs for the accuracy of the first.

    Attributes
    ----------
    value : float
        NaN where the curves have no accuracy in common.
    low, high : float
        Percentile interval over resampled seeds; NaN if more than 1 in 20 resamples have no value.
    """

    value: float
    low: float
    high: float


def label_multiplier(sizes: ArrayLike, first: ArrayLike, second: ArrayLike) -> float:
    """Return how many times the labels of the first curve the second needs, on average.

    With n1(a) and n2(a) the number of labels at which the curves reach the accuracy a, and [l, h]
    the accuracies that both curves reach within the measured sizes::

        exp( 1 / (h - l)  *  integral from l to h of  log n2(a) - log n1(a)  da )

    The curves are linear in log n between the sizes. Each is first made non-decreasing by isotonic
    regression, since more labels help on average.

    Parameters
    ----------
    sizes : (N,) array
        Numbers of labels, increasing.
    first, second : (N,) arrays
        Mean accuracies, such as those of pretrained networks and of networks from scratch.

    Returns
    -------
    float
        More than 1 where the first curve lies to the left. NaN where no interval of accuracies is
        reached by both curves; nothing is extrapolated.

    Raises
    ------
    InvalidTableError
        If the sizes do not increase, or the arrays have different lengths or fewer than 2 entries.
    """
    logs = np.log(np.asarray(sizes, dtype=float))
    curves = [np.asarray(each, dtype=float) for each in (first, second)]
    if (
        len(logs) < 2
        or any(each.shape != logs.shape for each in curves)
        or np.any(np.diff(logs) <= 0)
    ):
        raise InvalidTableError(
            f"{len(logs)} sizes and curves of {len(curves[0])} and {len(curves[1])} accuracies, "
            "expected at least 2 increasing sizes and as many accuracies"
        )
    one, other = (isotonic_regression(each).x for each in curves)
    low, high = max(one[0], other[0]), min(one[-1], other[-1])
    if not high > low:
        return float("nan")
    ends = np.unique(np.clip(np.concatenate([one, other]), low, high))
    middles = (ends[1:] + ends[:-1]) / 2  # both inverses are linear between two ends
    distance = _inverse(middles, logs, other) - _inverse(middles, logs, one)
    return float(np.exp(np.sum(distance * np.diff(ends)) / (high - low)))


def _inverse(accuracies: Floats, logs: Floats, curve: Floats) -> Floats:
    """Return log n at accuracies strictly between those of a non-decreasing curve's points."""
    right = np.searchsorted(curve, accuracies)
    left = right - 1
    share = (accuracies - curve[left]) / (curve[right] - curve[left])
    values: Floats = logs[left] + share * (logs[right] - logs[left])
    return values


def multiplier_interval(
    sizes: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    draws: int = 2_000,
    level: float = 0.95,
    seed: int = 0,
) -> LabelMultiplier:
    """Return `label_multiplier` of the means over seeds, with an interval over resampled seeds.

    Parameters
    ----------
    sizes : (N,) array
    first, second : (S, N) arrays
        Accuracies, one row a seed; a seed is drawn for both curves.
    draws : int
        Resamples of the seeds.
    level : float
        Share of the resamples within the interval. With five seeds it is too narrow.
    seed : int
        Seed of the resamples.
    """
    one, other = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    value = label_multiplier(sizes, one.mean(axis=0), other.mean(axis=0))
    generator = np.random.default_rng(seed)
    values = np.empty(draws)
    for draw in range(draws):
        rows = generator.integers(len(one), size=len(one))
        values[draw] = label_multiplier(sizes, one[rows].mean(axis=0), other[rows].mean(axis=0))
    if not np.mean(np.isnan(values)) <= 1 - level:
        return LabelMultiplier(value, float("nan"), float("nan"))
    low, high = np.nanquantile(values, [(1 - level) / 2, (1 + level) / 2])
    return LabelMultiplier(value, float(low), float(high))
