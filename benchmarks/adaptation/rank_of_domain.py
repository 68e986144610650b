"""Rank of domain: how well a source suits a target, without labels of the target."""

from __future__ import annotations

import numpy as np

from benchmarks.adaptation.subspaces import pca_basis
from taskgraph.arrays import Floats
from taskgraph.errors import InvalidTableError


def rank_of_domain(source: Floats, target: Floats, dimension: int) -> float:
    """Return R(S, T) = 1/d Σᵢ θᵢ [KL(Sᵢ‖Tᵢ) + KL(Tᵢ‖Sᵢ)]; smaller means a better source.

    θᵢ are the principal angles (radians) of the PCA subspaces of dimension d. Sᵢ and Tᵢ are the
    normal distributions with the mean and variance of the source along its i-th principal vector
    and of the target along its own.

    Parameters
    ----------
    source, target : (N, D) and (M, D) arrays
        Features, standardized alike.
    dimension : int
        The d of both subspaces.

    Returns
    -------
    float
        At least 0, in nats times radians. It is symmetric, and 0 for equal domains.

    Raises
    ------
    InvalidTableError
        If a domain does not vary along one of its principal vectors.

    Source: Gong, Shi, Sha, Grauman, CVPR 2012, section 3.5.
    """
    first, second = pca_basis(source, dimension), pca_basis(target, dimension)
    left, cosines, right = np.linalg.svd(first.T @ second)
    angles = np.arccos(np.clip(cosines, 0, 1))
    along = source @ first @ left, target @ second @ right.T
    return float(np.mean(angles * symmetric_divergence(*along)))


def symmetric_divergence(first: Floats, second: Floats) -> Floats:
    """Return KL(p‖q) + KL(q‖p) of two normal distributions, column by column, in nats.

    With means m, n and variances v, w it is ½ [(v + δ²) / w + (w + δ²) / v] − 1, δ = m − n.

    Parameters
    ----------
    first, second : (N, d) and (M, d) arrays
        Samples, by whose moments the normal distributions are fitted.
    """
    v, w = first.var(axis=0), second.var(axis=0)
    for name, variances in (("first", v), ("second", w)):
        if (variances <= 0).any():
            raise InvalidTableError(
                f"the {name} domain has no variance along principal vector "
                f"{int(np.argmin(variances))}; lower the dimension"
            )
    squared = (first.mean(axis=0) - second.mean(axis=0)) ** 2
    divergence: Floats = 0.5 * ((v + squared) / w + (w + squared) / v) - 1
    return divergence
