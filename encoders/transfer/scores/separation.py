"""H-score: the variance of the class means of features relative to the features' variance."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike
from scipy.cluster.vq import kmeans2

from encoders.transfer.scores.inputs import (
    checked_answers,
    checked_features,
    checked_labels,
    without_mean,
)
from taskgraph.arrays import Floats, Integers
from taskgraph.errors import InvalidTableError

NULL = 1e-10
"""Directions of standardized features with a smaller share of the largest variance are dropped."""


def h_score(features: ArrayLike, labels: ArrayLike) -> float:
    """Return the H-score: how well features separate the classes of a target.

    ::

        H(f) = tr( cov(f)^+  cov(E[f | y]) )

    It is the sum of the squared canonical correlations between features and class indicators, and
    invariant to invertible linear maps of the features.

    Parameters
    ----------
    features : (N, D) array
    labels : (N,) whole numbers
        Class numbers. Use `discretize` for continuous targets.

    Returns
    -------
    float
        In [0, min(D, classes - 1)], unitless; larger is better. 0 if there is one class. Random
        features have about D (classes - 1) / N, so compare sources with the same D and N, or use
        `shrunk_h_score`.

    Raises
    ------
    InvalidTableError
        If an array has another shape, or a number is not finite.

    Source: Bao et al., *An Information-Theoretic Approach to Transferability in Task Transfer
    Learning*, ICIP 2019. Both covariances divide by N. Features are scaled to unit
    variance first, so that the pseudo-inverse can tell null directions from small ones.
    """
    centered, between = _centered(features, labels)
    spread = centered.std(axis=0)
    varying = spread > 0
    if not varying.any():
        return 0.0
    scaled = centered[:, varying] / spread[varying]
    values, vectors = np.linalg.eigh(scaled.T @ scaled / len(scaled))  # (D,), (D, D)
    kept = values > NULL * values[-1]
    along = (between[:, varying] / spread[varying]) @ vectors[:, kept]  # classes, directions
    return float(((along**2).sum(axis=0) / values[kept]).sum())


def shrunk_h_score(features: ArrayLike, labels: ArrayLike) -> float:
    """Return the H-score with a shrunk covariance, for many features and few examples.

    ::

        H_a(f) = tr( cov_a(f)^-1 (1 - a) cov(E[f | y]) ),   cov_a = (1 - a) cov(f) + a s I

    with s the mean variance and a the shrinkage of Ledoit and Wolf (`ledoit_wolf_shrinkage`).
    It is invariant to rotations and a common factor of the features, but not to other linear maps.

    Parameters, result and errors are those of `h_score`, which is never smaller.

    Source: Ibrahim, Ponomareva & Mazumder, *Newer is not always better: Rethinking transferability
    metrics, their peculiarities, stability and performance*, ECML PKDD 2022. All covariances
    divide by N.
    """
    centered, between = _centered(features, labels)
    share = ledoit_wolf_shrinkage(centered)
    values, vectors = np.linalg.eigh(centered.T @ centered / len(centered))
    shrunk = (1 - share) * values + share * values.mean()
    kept = shrunk > NULL * shrunk[-1]  # none if all features are constant
    along = between @ vectors[:, kept]
    return float((1 - share) * ((along**2).sum(axis=0) / shrunk[kept]).sum())


def ledoit_wolf_shrinkage(features: ArrayLike) -> float:
    """Return the optimal share of a multiple of the identity in a shrunk covariance, in [0, 1].

    With S the covariance (dividing by N), s its mean eigenvalue, and x_n the centered rows::

        a = min(1, b / d),  d = |S - s I|^2,  b = (1 / N^2) sum_n |x_n x_n' - S|^2

    Source: Ledoit & Wolf, *A well-conditioned estimator for large-dimensional covariance
    matrices*, J. Multivariate Analysis 2004.
    """
    centered = without_mean(checked_features(features))
    covariance = centered.T @ centered / len(centered)
    size = float((covariance**2).sum())
    distance = size - np.trace(covariance) ** 2 / len(covariance)
    noise = float(((centered**2).sum(axis=1) ** 2).sum()) / len(centered) ** 2 - size / len(
        centered
    )
    return float(min(max(noise, 0.0) / distance, 1.0)) if distance > 0 else 0.0


def discretize(targets: ArrayLike, *, classes: int = 16, seed: int = 0) -> Integers:
    """Make classes of continuous targets by k-means clustering, for the H-score.

    Parameters
    ----------
    targets : (N,) or (N, K) array
        For maps, one row for each location, with the target's values there (a patch, or its mean).
        Distances are Euclidean, so scale outputs of different units to the same variance first.
    classes : int, at least 2
        Number k of clusters. There are fewer classes if there are fewer different rows, or if a
        cluster becomes empty.
    seed : int
        Seed of the initial centers (k-means++).

    Returns
    -------
    (N,) array
        Whole numbers from 0, without gaps.

    Raises
    ------
    InvalidTableError
        If ``classes`` is below 2, or a target is not finite.
    """
    rows = checked_answers(targets, len(np.asarray(targets)))
    if classes < 2:
        raise InvalidTableError(f"{classes} classes were asked for, expected at least 2")
    different = np.unique(rows, axis=0, return_inverse=True)
    if len(different[0]) <= classes:
        return different[1].reshape(-1).astype(np.int64)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="One of the clusters is empty")
        rng = np.random.default_rng(seed)
        labels = kmeans2(rows, classes, iter=50, minit="++", seed=rng)[1]
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _centered(features: ArrayLike, labels: ArrayLike) -> tuple[Floats, Floats]:
    """Return centered features, (N, D), and class means times the roots of class shares."""
    rows = checked_features(features)
    numbers = checked_labels(labels, len(rows))
    centered = without_mean(rows)
    count = np.bincount(numbers)
    sums = np.zeros((len(count), rows.shape[1]))
    np.add.at(sums, numbers, centered)
    means = sums / count[:, None]
    return centered, means * np.sqrt(count / len(rows))[:, None]
