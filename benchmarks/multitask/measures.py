"""The gain of joint training, and rank correlations with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import spearmanr

from benchmarks.results.measures import LEVEL, Estimate, t_interval
from taskgraph.errors import InvalidTableError

RESAMPLES = 2000


def task_gain(
    single: Mapping[int, float], joint: Mapping[int, float], *, higher_is_better: bool = False
) -> dict[int, float]:
    """Return by seed how much better joint training is than single training, in percent.

    It is 100 (B_s - N_s) / B for smaller-is-better measures, with B_s of single and N_s of joint
    training with seed s, and B the mean of B_s over seeds: a B_s that is 0 by chance must not
    decide. Larger is better. NaN if B is 0.

    Parameters
    ----------
    single, joint : measures by seed
        Both of the same seeds.
    higher_is_better : bool
        Whether larger measures are better; then the sign is reversed.

    Raises
    ------
    InvalidTableError
        If the seeds differ.
    """
    if single.keys() != joint.keys():
        alone = sorted({*single} ^ {*joint})
        raise InvalidTableError(f"seed {alone[0]} is on one side only, expected the same seeds")
    base = float(np.mean(list(single.values())))
    sign = -1.0 if higher_is_better else 1.0
    if base == 0:
        return dict.fromkeys(single, float("nan"))
    return {seed: 100 * sign * (single[seed] - joint[seed]) / base for seed in single}


def delta_m(gains: Sequence[Mapping[int, float]]) -> dict[int, float]:
    """Return by seed the mean gain over tasks (Delta_m of Maninis et al. 2019), in percent.

    Parameters
    ----------
    gains : sequence of `task_gain`
        One for each task, of the same seeds.
    """
    return {seed: float(np.mean([each[seed] for each in gains])) for seed in gains[0]}


def over_seeds(values: Mapping[int, float]) -> Estimate:
    """Return the mean over seeds with Student's interval; NaN if a value is NaN."""
    numbers = list(values.values())
    if not np.isfinite(numbers).all():
        return Estimate(float("nan"), float("nan"), float("nan"), len(numbers))
    return t_interval(numbers)


@dataclass(frozen=True)
class ClusterCorrelation:
    """Spearman's rank correlation with a bootstrap interval.

    Attributes
    ----------
    value, low, high : float
        In [-1, 1]; NaN where one side is constant, or there are fewer than three points.
    n : int
        Number of points.
    """

    value: float
    low: float
    high: float
    n: int


def cluster_correlation(
    first: ArrayLike,
    second: ArrayLike,
    clusters: Sequence[int],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> ClusterCorrelation:
    """Return Spearman's correlation, with a percentile interval from resampled clusters.

    Parameters
    ----------
    first, second : (N,) arrays
    clusters : sequence of N integers
        Points of one cluster, such as the two directions of one pair, are drawn together.
    """
    x, y = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    members = [np.flatnonzero(np.asarray(clusters) == each) for each in sorted({*clusters})]
    generator = np.random.default_rng(seed)
    drawn = []
    for _ in range(resamples):
        chosen = generator.integers(len(members), size=len(members))
        rows = np.concatenate([members[each] for each in chosen])
        value = spearman(x[rows], y[rows])
        if np.isfinite(value):
            drawn.append(value)
    edges = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    low, high = np.quantile(drawn, edges) if drawn else (np.nan, np.nan)
    return ClusterCorrelation(spearman(x, y), float(low), float(high), len(x))


def spearman(first: ArrayLike, second: ArrayLike) -> float:
    """Return Spearman's rank correlation; NaN for a constant side or fewer than three points."""
    x, y = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(spearmanr(x, y).statistic)
