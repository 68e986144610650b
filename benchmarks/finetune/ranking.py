"""Whether a score ranks encoders as their accuracies do: rank correlations with intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import spearmanr, weightedtau

from taskgraph.arrays import Floats
from taskgraph.errors import InvalidTableError


@dataclass(frozen=True)
class RankCorrelation:
    """A rank correlation in [-1, 1], with its percentile interval over resampled items."""

    value: float
    low: float
    high: float


def spearman(scores: ArrayLike, accuracies: ArrayLike) -> float:
    """Return Spearman's correlation of two arrays of N values; NaN if one is constant."""
    one, other = _checked(scores, accuracies)
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(spearmanr(one, other).statistic)


def weighted_kendall(scores: ArrayLike, accuracies: ArrayLike) -> float:
    """Return Kendall's tau with larger weights for the best items; NaN if an array is constant.

    A pair of items of ranks r and s, counted from 0 for the best, has the weight
    1 / (r + 1) + 1 / (s + 1); the result is the mean of that with ranks by score and that with
    ranks by accuracy (`scipy.stats.weightedtau`). This is the measure of You et al. (LogME, ICML
    2021, section 5.1) as the Transfer-Learning-Library publishes it.
    """
    one, other = _checked(scores, accuracies)
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(weightedtau(one, other).statistic)


def _checked(scores: ArrayLike, accuracies: ArrayLike) -> tuple[Floats, Floats]:
    one, other = (np.asarray(each, dtype=np.float64) for each in (scores, accuracies))
    if one.shape != other.shape or one.ndim != 1 or len(one) < 2:
        raise InvalidTableError(
            f"{one.shape} scores for {other.shape} accuracies, expected as many, at least 2"
        )
    return one, other


def rank_correlation(
    scores: Mapping[str, Sequence[float]],
    accuracies: Mapping[str, Sequence[float]],
    *,
    measure: Callable[[ArrayLike, ArrayLike], float] = weighted_kendall,
    draws: int = 2_000,
    level: float = 0.95,
    seed: int = 0,
) -> RankCorrelation:
    """Return the mean rank correlation over targets, with an interval over resampled encoders.

    Parameters
    ----------
    scores, accuracies : by target, N values each
        In the same order of encoders for every target; a resample draws the same encoders for all.
    measure : callable
        `weighted_kendall` or `spearman`.
    draws : int
        Resamples of the encoders.
    level : float
    seed : int
        Seed of the resamples.
    """
    pairs = [(np.asarray(scores[name]), np.asarray(accuracies[name])) for name in accuracies]
    count, generator = len(pairs[0][0]), np.random.default_rng(seed)

    def mean(rows: Floats) -> float:
        """Return the mean over targets for some encoders."""
        return float(np.mean([measure(one[rows], other[rows]) for one, other in pairs]))

    values = [mean(generator.integers(count, size=count)) for _ in range(draws)]
    low, high = np.nanquantile(values, [(1 - level) / 2, (1 + level) / 2])
    return RankCorrelation(mean(np.arange(count)), float(low), float(high))
