"""Intervals of affinities, from a standard error of their log-odds.

A bootstrap alone is too narrow: a candidate that wins on all n images has the win rate 1 in every
resample, although it need not win on other images. So one imaginary image is added, on which every
order of the candidates is equally likely. A win rate becomes (wins + 1/2) / (n + 1), and the
variance of the imaginary image is part of the interval.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import expit, logit, stdtrit

from taskgraph.affinity.methods import AHP, TOURNAMENT_METHODS
from taskgraph.affinity.seeds import TrainingRuns
from taskgraph.affinity.tournament import BLOCK, ranks_of, win_rates
from taskgraph.affinity.wins import Ties
from taskgraph.arrays import Floats, Integers

FEW_UNITS = 5
"""With fewer images or clusters the intervals are too narrow (see results/intervals)."""

logger = logging.getLogger(__name__)


def affinity_interval(
    losses: Floats,
    units: Integers,
    *,
    runs: TrainingRuns | None = None,
    ties: Ties = "half",
    clip: float = 1e-3,
    level: float = 0.95,
    method: str = AHP,
) -> tuple[Floats, Floats]:
    """Return Student's t interval of the log-odds of each affinity in one tournament.

    The center is the affinity of the win rates with the imaginary image. The variance is that of
    the infinitesimal jackknife over C units (the limit of the bootstrap for many resamples), times
    C / (C - 1), plus the variance of the imaginary image, which is known. So the degrees of freedom
    are at least C - 1 (Satterthwaite). Where candidates were trained with several seeds, win rates
    are means over their runs, and the variance over the seeds is added (`TrainingRuns.variances`),
    with S - 1 degrees of freedom for each such candidate: the limit of the two-way bootstrap, whose
    interaction of seeds and images is counted in both parts.

    Parameters
    ----------
    losses : (E, B) array, finite
        One row a candidate, one column an image; smaller is better.
    units : (B,) ints
        Number of each image's unit (its cluster, or the image itself); at least two units.
    runs : TrainingRuns, optional
        The training runs of the candidates, if some have several seeds.
    ties, clip
        As for `win_rates` and `affinity_from_wins`. A clipped win rate has no derivative with
        respect to the images; the imaginary image counts as if it were not clipped.
    level : float in (0, 1)
    method : str
        A key of `TOURNAMENT_METHODS`.

    Returns
    -------
    low, high : (E,) arrays
        Ends of the intervals, in [0, 1]. Both are 1 for a single candidate.

    Source: Efron, The Jackknife, the Bootstrap and Other Resampling Plans (1982), ch. 6;
    Satterthwaite, Biometrics Bulletin 2(6), 1946. The imaginary image is ours.
    """
    size, images = losses.shape
    if size == 1:
        return np.ones(1), np.ones(1)
    runs = runs or TrainingRuns(losses, np.arange(size))
    _, units = np.unique(units, return_inverse=True)
    count = int(units.max()) + 1
    weight = effective_images(runs.losses, units)
    wins = win_rates(runs.losses, ties=ties)  # (N, N)
    shares = (runs.mean_wins(wins) * weight + 0.5) / (weight + 1.0)
    np.fill_diagonal(shares, 0.5)
    affinity, slopes, own, other = _derivative(shares, clip, method)
    free = (shares > clip) & (shares < 1.0 - clip)
    free |= not TOURNAMENT_METHODS[method].clips
    own_free, other_free = own * free, other * free.T
    moves = _image_moves(runs.losses, runs.spread(own_free), runs.spread(other_free), ties)
    moves = runs.summed(moves)  # (E, B)
    moves = _sums(moves - moves.mean(axis=1, keepdims=True), units)  # (E, C)
    influence = slopes @ moves * (weight / (weight + 1.0) / images)
    drawn = (influence**2).sum(axis=1) * count / (count - 1)
    order = np.einsum("ei,ij,ej->e", slopes, _random_order(own + other), slopes)
    total = drawn + order / (weight + 1.0) ** 2
    trained = runs.variances(wins, slopes, own_free, other_free)  # (E, E)
    trained *= (weight / (weight + 1.0)) ** 2
    total = total + trained.sum(axis=1)
    freedom = _freedom(total, drawn, count, trained, runs.counts)
    half = stdtrit(freedom, (1.0 + level) / 2.0) * np.sqrt(total)
    center = logit(affinity)
    return expit(center - half), expit(center + half)


def _freedom(total: Floats, drawn: Floats, count: int, trained: Floats, seeds: Integers) -> Floats:
    """Return Satterthwaite's degrees of freedom, (E,), of sums of variances.

    Parameters
    ----------
    total, drawn : (E,) arrays
        The variance, and its part that was estimated from ``count`` units.
    trained : (E, E) array
        In row e, the parts that were estimated from the seeds of each candidate.
    seeds : (E,) ints
        Number of seeds of each candidate.
    """
    estimated = np.maximum(drawn, 1e-6 * total)
    if not trained.any():
        return np.asarray((count - 1) * (total / estimated) ** 2)
    degrees = np.maximum(seeds - 1, 1)
    return np.asarray(total**2 / (estimated**2 / (count - 1) + (trained**2 / degrees).sum(axis=1)))


def effective_images(losses: Floats, units: Integers) -> float:
    """Return how many independent images would determine the candidates' mean ranks as well.

    This is the number of images divided by the design effect: the variance of mean ranks over
    clusters, divided by that over single images, summed over all candidates (Kish, Survey Sampling,
    1965, sec. 5.4). It is at least the number of clusters and at most that of images.
    """
    images, count = losses.shape[1], int(units.max()) + 1
    if count == images:
        return float(images)
    ranks = pd.DataFrame(losses).rank().to_numpy()  # (E, B), means of tied ones
    ranks = ranks - ranks.mean(axis=1, keepdims=True)
    single = (ranks**2).sum() * images / (images - 1)
    together = (_sums(ranks, units) ** 2).sum() * count / (count - 1)
    if together == 0.0:
        return float(images)
    return float(np.clip(images * single / together, count, images))


def warn_of_few(units: Mapping[str, int]) -> None:
    """Log a warning that names the targets whose images or clusters are too few for an interval."""
    few = [f'"{target}" ({count})' for target, count in units.items() if count < FEW_UNITS]
    if few:
        named = ", ".join(few[:3]) + (f" and {len(few) - 3} more" if len(few) > 3 else "")
        logger.warning(
            f"low and high are too narrow for targets with fewer than {FEW_UNITS} independent "
            f"images or clusters of images: {named}; in simulations, 95 % intervals of two to four "
            "clusters held the true affinity in as few as 90 % of cases (results/intervals). "
            "Measure on more of them, or read low and high as the least uncertainty"
        )


def _derivative(
    shares: Floats, clip: float, method: str = AHP
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the affinities, and the derivative of their log-odds with respect to the win rates.

    If the win rates change by d, the log-odds of the affinities change by ``slopes @ r`` with
    ``r[i] = sum over j of own[i, j] d[i, j] - other[i, j] d[j, i]``; see `LogDerivative`.
    """
    affinity, response, own, other = TOURNAMENT_METHODS[method].derivative(shares, clip)
    slopes = (response - affinity @ response) / (1.0 - affinity)[:, None]
    return affinity, slopes, own, other


def _image_moves(losses: Floats, own: Floats, other: Floats, ties: Ties) -> Floats:
    """Return (E, B) sums over j of own[i, j] x[i, j] - other[i, j] x[j, i]; x is 1 for a win."""
    ranks = ranks_of(losses)
    moves = np.empty(losses.shape)
    # Single precision is enough for a variance, and twice as fast.
    first, second, both = (each.astype(np.float32) for each in (own, other, own + other))
    width = max(1, BLOCK // len(losses))
    for start in range(0, losses.shape[1], width):
        block = ranks[:, start : start + width]
        for i, row in enumerate(block):
            won = (row < block).astype(np.float32)
            if ties == "half":
                won += row <= block  # twice the win of each image
                change = both[i] @ won / 2 - second[i].sum()
            else:
                change = first[i] @ won - second[i] @ (row > block).astype(np.float32)
            moves[i, start : start + width] = change
    return moves


def _random_order(slopes: Floats) -> Floats:
    """Return the (E, E) covariance of the sums over j of slopes[i, j] x[i, j].

    Every order of the candidates is taken to be equally likely.

    A win x[i, j] has the variance 1/4; two wins of one candidate have the covariance 1/12.
    """
    rows = np.diag(slopes.sum(axis=1)) - slopes.T
    squares = np.diag((slopes**2).sum(axis=1))
    return np.asarray((squares - slopes * slopes.T + rows.T @ rows) / 12.0)


def _sums(values: Floats, units: Integers) -> Floats:
    """Return the (E, C) sums of (E, B) values over the images of each unit."""
    sums = np.zeros((int(units.max()) + 1, len(values)))
    np.add.at(sums, units, values.T)
    return sums.T
