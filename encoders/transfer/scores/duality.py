"""Duality diagram similarity: do two encoders find the same pictures alike?"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import pdist, squareform

from encoders.transfer.scores.inputs import checked_features, without_mean
from taskgraph.arrays import Floats
from taskgraph.errors import InvalidTableError

Kernel = Literal["laplacian", "cosine", "linear"]
Normalization = Literal["z", "center", "none"]


def dds(
    source: ArrayLike,
    target: ArrayLike,
    *,
    kernel: Kernel = "laplacian",
    normalize: Normalization = "z",
    debiased: bool = True,
) -> float:
    """Cosine between the centered matrices of how alike two encoders find the same examples.

    Parameters
    ----------
    source : (N, D) array
        Features of the source's encoder; maps of features flattened.
    target : (N, E) array
        Features of the *target's own trained encoder* on the same examples, so the target has to
        be trained before it can be asked for.
    kernel, normalize, debiased
        As in `diagram`. The defaults are among the authors' best on Taskonomy.

    Returns
    -------
    float
        In [-1, 1], unitless; larger is better, and 1 for encoders that agree on all examples.
        0 where one of them finds all examples equally alike.

    Raises
    ------
    InvalidTableError
        If the two are not (N, D) finite numbers for the same N, at least 4.

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
    normalize: Normalization = "z",
    debiased: bool = True,
    name: str = "features",
) -> Floats:
    """The duality diagram of features as a vector: the similarity of two is their dot product.

    Parameters
    ----------
    features : (N, D) array, N at least 4
    kernel : str
        Between rows a and b: ``laplacian`` exp(-|a - b|_1 / D); ``cosine`` of the angle (its
        complement, the cosine distance, gives the same similarity); ``linear`` a . b.
    normalize : str
        Of each feature over the examples: ``z`` to mean 0 and spread 1 (a constant one becomes
        0), ``center`` to mean 0, or ``none``.
    debiased : bool
        Whether the matrix is U-centered, as in the authors' code (Székely & Rizzo 2014:
        its diagonal counts for nothing), rather than by its plain row and column means.
    name : str
        What errors call the array.

    Returns
    -------
    (N (N + 1) / 2,) array
        The upper triangle of the centered matrix, scaled so that products of two such vectors are
        those of the whole matrices, and to length 1; zeros where there is nothing but the mean.
    """
    found = _normalized(checked_features(features, name=name, least=4), normalize)
    alike = _alike(found, kernel)
    largest = np.abs(alike).max()
    centered = _u_centered(alike) if debiased else _centered(alike)
    rows, columns = np.triu_indices(len(centered))
    vector = centered[rows, columns] * np.where(rows == columns, 1.0, np.sqrt(2.0))
    length = np.linalg.norm(vector)
    if length <= 1e-12 * largest * len(centered):
        return np.zeros(len(vector))
    unit: Floats = vector / length
    return unit


def _normalized(features: Floats, normalize: Normalization) -> Floats:
    if normalize == "none":
        return features
    centered = without_mean(features)
    if normalize == "center":
        return centered
    if normalize == "z":
        spread = centered.std(axis=0)
        found: Floats = centered / np.where(spread > 0, spread, 1.0)
        return found
    raise InvalidTableError(f'normalize is "{normalize}", expected "z", "center" or "none"')


def _alike(features: Floats, kernel: Kernel) -> Floats:
    """(N, N) similarities."""
    if kernel == "laplacian":
        found: Floats = np.exp(-squareform(pdist(features, "cityblock")) / features.shape[1])
        return found
    if kernel == "cosine":
        length = np.linalg.norm(features, axis=1, keepdims=True)
        features = features / np.where(length > 0, length, 1.0)
    elif kernel != "linear":
        raise InvalidTableError(f'kernel is "{kernel}", expected "laplacian", "cosine" or "linear"')
    products: Floats = features @ features.T
    return products


def _centered(alike: Floats) -> Floats:
    means = alike.mean(axis=0)
    centered: Floats = alike - means - means[:, None] + means.mean()
    return centered


def _u_centered(alike: Floats) -> Floats:
    """Rows then sum to 0 without the diagonal, which is 0 itself."""
    count = len(alike)
    hollow = alike - np.diag(np.diag(alike))
    sums = hollow.sum(axis=0)
    centered: Floats = hollow - (sums + sums[:, None]) / (count - 2)
    centered += sums.sum() / ((count - 1) * (count - 2))
    np.fill_diagonal(centered, 0.0)
    return centered
