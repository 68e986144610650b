"""Subspaces of data, the principal angles between them, and the choice of their dimension."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from taskgraph.arrays import Array, Floats
from taskgraph.errors import InvalidTableError

THRESHOLD = 0.99
"""Disagreement from which a dimension is chosen; see `choose_dimension`."""


def pca_basis(features: Floats, dimension: int) -> Floats:
    """Return the first principal axes of the centered features.

    Parameters
    ----------
    features : (N, D) array
    dimension : int
        Number of axes d, from 1 to the rank of the centered features.

    Returns
    -------
    (D, d) array
        Orthonormal columns, by falling variance. The entry of a column that is largest in
        magnitude is positive.

    Raises
    ------
    InvalidTableError
        If the features have fewer directions of nonzero variance than ``dimension``.
    """
    axes = _principal_axes(features)
    if not 1 <= dimension <= axes.shape[1]:
        raise InvalidTableError(
            f"the dimension of a PCA subspace is {dimension}, expected 1 to {axes.shape[1]}, the "
            f"rank of {len(features)} samples of {features.shape[1]} features"
        )
    return axes[:, :dimension]


def pls_basis(features: Floats, labels: Array, dimension: int) -> Floats:
    """Return an orthonormal basis of the first PLS directions of features and their classes.

    The directions are those of partial least squares regression (NIPALS) from the features to the
    indicator of each class. Later directions are made orthogonal to earlier ones.

    Parameters
    ----------
    features : (N, D) array
    labels : (N,) array
        One class a sample; at least two classes.
    dimension : int
        Number of directions d.

    Returns
    -------
    (D, d) array with orthonormal columns

    Raises
    ------
    InvalidTableError
        If there is one class, or the features have fewer than d directions.
    """
    from sklearn.cross_decomposition import PLSRegression

    classes, codes = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise InvalidTableError(
            f"PLS needs labels of at least two classes, got {len(classes)}; use PCA"
        )
    most = min(np.linalg.matrix_rank(features - features.mean(axis=0)), features.shape[1])
    if not 1 <= dimension <= most:
        raise InvalidTableError(
            f"the dimension of a PLS subspace is {dimension}, expected 1 to {most}, the rank of "
            f"{len(features)} samples of {features.shape[1]} features"
        )
    indicators = np.eye(len(classes))[codes]
    fitted = PLSRegression(n_components=dimension, scale=False).fit(features, indicators)
    basis: Floats = np.linalg.qr(fitted.x_weights_)[0]
    return basis


def principal_angles(first: Floats, second: Floats) -> Floats:
    """Return the principal angles between two subspaces, in radians, from small to large.

    ``scipy.linalg.subspace_angles``: each angle is computed from its sine or cosine, whichever is
    accurate.

    Parameters
    ----------
    first, second : (D, d) arrays
        Bases, not necessarily orthonormal.

    Returns
    -------
    (d,) array in [0, π/2]
    """
    from scipy.linalg import subspace_angles

    angles: Floats = subspace_angles(first, second)[::-1]
    return angles


def subspace_disagreement(source: Floats, target: Floats) -> Iterator[float]:
    """Yield the subspace disagreement measure of each dimension d = 1, 2, ….

    D(d) = ½ (sin α_d + sin β_d), in [0, 1]: α_d and β_d are the largest principal angles between
    the d-dimensional PCA subspace of both domains pooled and that of the source, and of the
    target. D is 1 where each domain has a direction that is orthogonal to the pooled subspace.
    It need not grow with d.

    Parameters
    ----------
    source, target : (N, D) and (M, D) arrays

    Yields
    ------
    float
        For d up to D / 2, or to the smallest rank of the three sets.

    Source: Gong, Shi, Sha, Grauman, "Geodesic flow kernel for unsupervised domain adaptation",
    CVPR 2012, section 3.4.
    """
    own, other = _principal_axes(source), _principal_axes(target)
    pooled = _principal_axes(np.concatenate([source, target]))
    most = min(source.shape[1] // 2, *(each.shape[1] for each in (own, other, pooled)))
    products = [pooled[:, :most].T @ each[:, :most] for each in (own, other)]
    for d in range(1, most + 1):
        cosines = [np.linalg.svd(each[:d, :d], compute_uv=False)[-1] for each in products]
        yield float(np.mean([np.sqrt(max(0.0, 1 - cosine**2)) for cosine in cosines]))


def choose_dimension(source: Floats, target: Floats, *, threshold: float = THRESHOLD) -> int:
    """Return the first dimension whose subspace disagreement exceeds a threshold.

    The paper asks for D(d) = 1, which no data reach in floating-point numbers, so that the
    threshold is a parameter. Where no dimension exceeds it, the one with the largest disagreement
    is returned (the first of equals).

    Parameters
    ----------
    source, target : (N, D) and (M, D) arrays
    threshold : float in (0, 1)

    Raises
    ------
    InvalidTableError
        If the threshold is out of range, or the data allow no dimension at all.
    """
    if not 0 < threshold < 1:
        raise InvalidTableError(f"the threshold is {threshold:g}, expected a number within (0, 1)")
    seen: list[float] = []
    for value in subspace_disagreement(source, target):
        seen.append(value)
        if value > threshold:
            return len(seen)
    if not seen:
        raise InvalidTableError(
            f"no dimension can be chosen for {len(source)} source and {len(target)} target "
            f"sample(s) of {source.shape[1]} feature(s): expected at least 2 different samples "
            "of each domain and 2 features"
        )
    return int(np.argmax(seen)) + 1


def _principal_axes(features: Floats) -> Floats:
    """Return all principal axes with nonzero variance as the columns of a (D, rank) array."""
    centered = features - features.mean(axis=0)
    _, lengths, axes = np.linalg.svd(centered, full_matrices=False)
    if not len(lengths):
        return np.zeros((features.shape[1], 0))
    floor = lengths[0] * max(features.shape) * np.finfo(np.float64).eps
    kept: Floats = axes[lengths > floor].T
    largest = np.abs(kept).argmax(axis=0) if kept.size else np.zeros(0, np.int64)
    return kept * np.where(kept[largest, np.arange(kept.shape[1])] < 0, -1.0, 1.0)
