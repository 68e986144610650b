"""Duality diagram similarity: whether two encoders find the same examples similar."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import pdist, squareform

from encoders.transfer.scores.inputs import checked_features, without_mean
from taskgraph.arrays import Floats
from taskgraph.errors import InvalidTableError

Kernel = Literal["laplacian", "cosine", "linear"]
"""Similarity of two examples; see `diagram`."""

Scaling = Literal["z", "center", "none"]
"""Normalization of the features; see `diagram`."""


def dds(
    source: ArrayLike,
    target: ArrayLike,
    *,
    kernel: Kernel = "laplacian",
    normalize: Scaling = "z",
    debiased: bool = True,
) -> float:
    """Return the cosine between two encoders' centered similarities of the same examples.

    Parameters
    ----------
    source : (N, D) array
        Features of the source's encoder; flatten maps of features.
    target : (N, E) array
        Features of the target's own trained encoder on the same examples. So this score needs an
        encoder that was trained for the target.
    kernel, normalize, debiased
        As in `diagram`. The defaults are among the authors' best settings on Taskonomy.

    Returns
    -------
    float
        In [-1, 1], unitless; larger is better. 1 if both encoders have the same similarities, and
        0 if all examples are equally similar for one of them.

    Raises
    ------
    InvalidTableError
        If the arrays are not finite and two-dimensional, with the same N of at least 4.

    Source: Dwivedi, Huang, Cichy & Roig, *Duality Diagram Similarity: a generic framework for
    initialization selection in task transfer learning*, ECCV 2020. With the linear kernel it is
    the centered kernel alignment of Kornblith et al., ICML 2019.
    """
    ours = diagram(source, kernel=kernel, normalize=normalize, debiased=debiased, name="source")
    theirs = diagram(target, kernel=kernel, normalize=normalize, debiased=debiased, name="target")
    if len(ours) != len(theirs):
        raise InvalidTableError(
            f"`source` has {len(np.asarray(source))} examples and `target` "
            f"{len(np.asarray(target))}, expected features of the same examples"
        )
    return float(np.clip(ours @ theirs, -1.0, 1.0))


def diagram(
    features: ArrayLike,
    *,
    kernel: Kernel = "laplacian",
    normalize: Scaling = "z",
    debiased: bool = True,
    name: str = "features",
) -> Floats:
    """Return the duality diagram of features as a vector of length 1.

    The dot product of two such vectors is the similarity of the diagrams.

    Parameters
    ----------
    features : (N, D) array, N at least 4
    kernel : str
        Similarity of two rows a and b: ``laplacian`` is exp(-|a - b|_1 / D), ``cosine`` the cosine
        of their angle (the cosine distance gives the same result), ``linear`` is a . b.
    normalize : str
        Normalization of each feature over the examples: ``z`` to mean 0 and standard deviation 1
        (a constant feature becomes 0), ``center`` to mean 0, or ``none``.
    debiased : bool
        Whether the matrix is U-centered, as in the authors' code (Székely & Rizzo 2014); its
        diagonal then does not count. Otherwise its row and column means are subtracted.
    name : str
        Name of the array in error messages.

    Returns
    -------
    (N (N + 1) / 2,) array
        The upper triangle of the centered matrix, with off-diagonal entries times the square root
        of 2, scaled to length 1; zeros if the centered matrix is zero.
    """
    normalized = _normalized(checked_features(features, name=name, least=4), normalize)
    similarities = _similarities(normalized, kernel)
    largest = np.abs(similarities).max()
    centered = _u_centered(similarities) if debiased else _centered(similarities)
    rows, columns = np.triu_indices(len(centered))
    vector = centered[rows, columns] * np.where(rows == columns, 1.0, np.sqrt(2.0))
    length = np.linalg.norm(vector)
    if length <= 1e-12 * largest * len(centered):
        return np.zeros(len(vector))
    unit: Floats = vector / length
    return unit


def _normalized(features: Floats, normalize: Scaling) -> Floats:
    if normalize == "none":
        return features
    centered = without_mean(features)
    if normalize == "center":
        return centered
    if normalize == "z":
        spread = centered.std(axis=0)
        scaled: Floats = centered / np.where(spread > 0, spread, 1.0)
        return scaled
    raise InvalidTableError(f'normalize is "{normalize}", expected "z", "center" or "none"')


def _similarities(features: Floats, kernel: Kernel) -> Floats:
    """Return the similarities of all pairs of examples, (N, N)."""
    if kernel == "laplacian":
        similarities: Floats = np.exp(-squareform(pdist(features, "cityblock")) / features.shape[1])
        return similarities
    if kernel == "cosine":
        length = np.linalg.norm(features, axis=1, keepdims=True)
        features = features / np.where(length > 0, length, 1.0)
    elif kernel != "linear":
        raise InvalidTableError(f'kernel is "{kernel}", expected "laplacian", "cosine" or "linear"')
    products: Floats = features @ features.T
    return products


def _centered(similarities: Floats) -> Floats:
    """Return the matrix minus its row and column means, plus its mean."""
    means = similarities.mean(axis=0)
    centered: Floats = similarities - means - means[:, None] + means.mean()
    return centered


def _u_centered(similarities: Floats) -> Floats:
    """Return the U-centered matrix: its diagonal is 0, and all rows sum to 0."""
    count = len(similarities)
    hollow = similarities - np.diag(np.diag(similarities))
    sums = hollow.sum(axis=0)
    centered: Floats = hollow - (sums + sums[:, None]) / (count - 2)
    centered += sums.sum() / ((count - 1) * (count - 2))
    np.fill_diagonal(centered, 0.0)
    return centered
