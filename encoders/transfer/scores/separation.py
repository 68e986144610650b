"""H-score: how far apart features put the classes of a target, against their own spread."""

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

DEAD = 1e-10
"""Share of the largest variance of standardized features below which a direction is void."""


def h_score(features: ArrayLike, labels: ArrayLike) -> float:
    """Trace of (pseudo-inverse of the features' covariance) x (covariance of the class means).

    ::

        H(f) = tr( cov(f)^+  cov(E[f | y]) )

    It is the sum of the squared canonical correlations between features and class indicators, so
    no invertible linear map of the features changes it.

    Parameters
    ----------
    features : (N, D) array
    labels : (N,) whole numbers
        Classes. For numbers or maps as targets, take `discretize` of them.

    Returns
    -------
    float
        In [0, min(D, classes - 1)], unitless; larger is better. 0 where there is one class.
        Chance alone gives about D (classes - 1) / N: compare sources of the same D and N, or use
        `shrunk_h_score`.

    Raises
    ------
    InvalidTableError
        If an array has another shape or holds what is not a finite number.

    Source: Bao et al., *An Information-Theoretic Approach to Transferability in Task Transfer
    Learning*, ICIP 2019. Both covariances divide by N; features are brought to unit
    spread first, which only helps the pseudo-inverse to tell void directions from small ones.
    """
    centered, between = _centered(features, labels)
    spread = centered.std(axis=0)
    alive = spread > 0
    if not alive.any():
        return 0.0
    scaled = centered[:, alive] / spread[alive]
    values, vectors = np.linalg.eigh(scaled.T @ scaled / len(scaled))  # (D,), (D, D)
    kept = values > DEAD * values[-1]
    along = (between[:, alive] / spread[alive]) @ vectors[:, kept]  # classes, directions
    return float(((along**2).sum(axis=0) / values[kept]).sum())


def shrunk_h_score(features: ArrayLike, labels: ArrayLike) -> float:
    """The H-score with a shrunk covariance, for features that are many beside the examples.

    ::

        H_a(f) = tr( cov_a(f)^-1 (1 - a) cov(E[f | y]) ),   cov_a = (1 - a) cov(f) + a s I

    with s the mean variance and a the shrinkage of Ledoit and Wolf (`ledoit_wolf_shrinkage`).
    Rotations and a common factor of the features leave it as it is, other linear maps do not.

    Parameters, returns and raises are those of `h_score`; it is never larger than that.

    Source: Ibrahim, Ponomareva & Mazumder, *Newer is not always better: Rethinking transferability
    metrics, their peculiarities, stability and performance*, ECML PKDD 2022. All covariances
    divide by N.
    """
    centered, between = _centered(features, labels)
    share = ledoit_wolf_shrinkage(centered)
    values, vectors = np.linalg.eigh(centered.T @ centered / len(centered))
    shrunk = (1 - share) * values + share * values.mean()
    kept = shrunk > DEAD * shrunk[-1]  # none where all features are constant
    along = between @ vectors[:, kept]
    return float((1 - share) * ((along**2).sum(axis=0) / shrunk[kept]).sum())


def ledoit_wolf_shrinkage(features: ArrayLike) -> float:
    """How much of the covariance is better replaced by a multiple of the identity, in [0, 1].

    With S the covariance (dividing by N), s its mean eigenvalue, and x_n the centered rows::

        a = min(1, b / d),  d = |S - s I|^2,  b = (1 / N^2) sum_n |x_n x_n' - S|^2

    Source: Ledoit & Wolf, *A well-conditioned estimator for large-dimensional covariance
    matrices*, J. Multivariate Analysis 2004.
    """
    centered = without_mean(checked_features(features))
    covariance = centered.T @ centered / len(centered)
    size = float((covariance**2).sum())
    away = size - np.trace(covariance) ** 2 / len(covariance)
    noise = float(((centered**2).sum(axis=1) ** 2).sum()) / len(centered) ** 2 - size / len(
        centered
    )
    return float(min(max(noise, 0.0) / away, 1.0)) if away > 0 else 0.0


def discretize(targets: ArrayLike, *, classes: int = 16, seed: int = 0) -> Integers:
    """Make classes of continuous targets by k-means of the outputs, for the H-score.

    Parameters
    ----------
    targets : (N,) or (N, K) array
        For maps, one row a location, with the target's values there (a patch, or its mean).
        Distances are taken as the numbers are: bring outputs of different units to one spread.
    classes : int, at least 2
        k; fewer where there are fewer different rows, or a cluster is left empty.
    seed : int
        Of the first centers (k-means++).

    Returns
    -------
    (N,) array
        Whole numbers from 0, without gaps.

    Raises
    ------
    InvalidTableError
        If there are fewer than two classes asked for, or targets are not finite numbers.
    """
    found = checked_answers(targets, len(np.asarray(targets)))
    if classes < 2:
        raise InvalidTableError(f"{classes} classes were asked for, expected at least 2")
    different = np.unique(found, axis=0, return_inverse=True)
    if len(different[0]) <= classes:
        return different[1].reshape(-1).astype(np.int64)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="One of the clusters is empty")
        rng = np.random.default_rng(seed)
        labels = kmeans2(found, classes, iter=50, minit="++", seed=rng)[1]
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _centered(features: ArrayLike, labels: ArrayLike) -> tuple[Floats, Floats]:
    """(N, D) centered features, and (classes, D) class means times the root of their shares."""
    found = checked_features(features)
    numbers = checked_labels(labels, len(found))
    centered = without_mean(found)
    count = np.bincount(numbers)
    sums = np.zeros((len(count), found.shape[1]))
    np.add.at(sums, numbers, centered)
    means = sums / count[:, None]
    return centered, means * np.sqrt(count / len(found))[:, None]
