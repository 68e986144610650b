"""Measure whether a score ranks encoders as their accuracies do: rank correlations, intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

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
    return float(spearman_rows(*_rows(scores, accuracies))[0])


def weighted_kendall(scores: ArrayLike, accuracies: ArrayLike) -> float:
    """Return Kendall's tau with larger weights for the best items; NaN if an array is constant.

    A pair of items of ranks r and s, counted from 0 for the best, has the weight
    1 / (r + 1) + 1 / (s + 1); the result is the mean of that with ranks by score and that with
    ranks by accuracy, as in `scipy.stats.weightedtau`. This is the measure of You et al. (LogME,
    ICML 2021, section 5.1) as the Transfer-Learning-Library publishes it.
    """
    return float(weighted_kendall_rows(*_rows(scores, accuracies))[0])


def _rows(scores: ArrayLike, accuracies: ArrayLike) -> tuple[Floats, Floats]:
    """Return two checked arrays of N values as arrays of one row."""
    one, other = (np.asarray(each, dtype=np.float64) for each in (scores, accuracies))
    if one.shape != other.shape or one.ndim != 1 or len(one) < 2:
        raise InvalidTableError(
            f"{one.shape} scores for {other.shape} accuracies, expected as many, at least 2"
        )
    return one[None], other[None]


def spearman_rows(scores: Floats, accuracies: Floats) -> Floats:
    """Return Spearman's correlation of each row of two (D, N) arrays, (D,)."""
    ranks = [rankdata(each, axis=1) for each in (scores, accuracies)]
    one, other = (each - each.mean(axis=1, keepdims=True) for each in ranks)
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
        values: Floats = (one * other).sum(axis=1) / size
    return values


def weighted_kendall_rows(scores: Floats, accuracies: Floats) -> Floats:
    """Return `weighted_kendall` of each row of two (D, N) arrays, (D,)."""
    signs = [np.sign(each[:, :, None] - each[:, None, :]) for each in (scores, accuracies)]
    halves = [
        _tau(signs, _decreasing_ranks(scores, accuracies)),
        _tau(signs, _decreasing_ranks(accuracies, scores)),
    ]
    values: Floats = (halves[0] + halves[1]) / 2
    return values


def _tau(signs: Sequence[Floats], ranks: Floats) -> Floats:
    """Return the weighted tau of each row, from the (D, N, N) signs of differences."""
    share = 1 / (ranks + 1)
    weight = share[:, :, None] + share[:, None, :]
    one, other = signs
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.sqrt((weight * one**2).sum((1, 2)) * (weight * other**2).sum((1, 2)))
        values: Floats = (weight * one * other).sum((1, 2)) / size
    return values


def _decreasing_ranks(values: Floats, then: Floats) -> Floats:
    """Return the (D, N) ranks from 0 for each row's largest value; ties are ranked by ``then``."""
    order = np.lexsort((-then, -values), axis=1)
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, np.arange(values.shape[1], dtype=float)[None], axis=1)
    return ranks


RowMeasure = Callable[[Floats, Floats], Floats]


def rank_correlation(
    scores: Mapping[str, ArrayLike],
    accuracies: Mapping[str, ArrayLike],
    *,
    measure: RowMeasure = weighted_kendall_rows,
    draws: int = 500,
    level: float = 0.95,
    seed: int = 0,
) -> RankCorrelation:
    """Return the mean rank correlation over targets, with an interval over resampled encoders.

    Parameters
    ----------
    scores, accuracies : by target, N values each
        In the same order of encoders for every target; a resample draws the same encoders for all.
    measure : callable
        `weighted_kendall_rows` or `spearman_rows`.
    draws : int
        Resamples of the encoders.
    level : float
    seed : int
        Seed of the resamples.
    """
    pairs = [_rows(scores[name], accuracies[name]) for name in accuracies]
    count = pairs[0][0].shape[1]
    rows = np.random.default_rng(seed).integers(count, size=(draws, count))
    value = float(np.mean([measure(one, other)[0] for one, other in pairs]))
    drawn = np.mean([measure(one[0][rows], other[0][rows]) for one, other in pairs], axis=0)
    low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return RankCorrelation(value, float(low), float(high))
