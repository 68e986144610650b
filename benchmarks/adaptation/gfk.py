"""The geodesic flow kernel in closed form, from factors with as many columns as 2 d.

The flow is the shortest path, among subspaces of dimension d, from that of the source (t = 0) to
that of the target (t = 1). With orthonormal bases P and Q of these, and the singular value
decomposition PᵀQ = U cos(Θ) Vᵀ, it is

    Φ(t) = A cos(tΘ) + B sin(tΘ),  A = P U,  B = (Q V − A cos Θ) / sin Θ,

and the kernel is G = ∫₀¹ Φ(t) Φ(t)ᵀ dt. In the plane of the columns a and b of the angle θ, G is

    ½ [1 + sin 2θ / 2θ,  sin² θ / θ ;  sin² θ / θ,  1 − sin 2θ / 2θ],

with the eigenvalues ½ (1 ± sin θ / θ). No D × D matrix is made. (The paper's third factor R U₂ is
−B, so that its off-diagonal block has the other sign.)

Source: Gong, Shi, Sha, Grauman, "Geodesic flow kernel for unsupervised domain adaptation", CVPR
2012, section 3.3 and the supplement.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taskgraph.arrays import Floats
from taskgraph.errors import InvalidTableError

STILL = 1e-10
"""Sine of an angle below which a direction is taken as common to both subspaces."""


@dataclass(frozen=True, eq=False)
class GeodesicFlow:
    """The flow between two subspaces; make one with `geodesic_flow`.

    Attributes
    ----------
    start : (D, d) array
        Principal vectors of the source subspace, the columns a.
    direction : (D, d) array
        The unit vectors towards which each principal vector turns, the columns b; zero where an
        angle is zero. Columns are orthogonal to each other and to those of ``start``.
    angles : (d,) array
        Principal angles in radians, from small to large, in [0, π/2].
    """

    start: Floats
    direction: Floats
    angles: Floats

    def at(self, t: float) -> Floats:
        """Return the orthonormal basis Φ(t), a (D, d) array, for t in [0, 1]."""
        basis: Floats = self.start * np.cos(t * self.angles)
        basis += self.direction * np.sin(t * self.angles)
        return basis

    @property
    def blocks(self) -> Floats:
        """Return the 2 × 2 block of G for each angle, a (d, 2, 2) array."""
        first = 0.5 * (1 + np.sinc(2 * self.angles / np.pi))
        mixed = 0.5 * np.sin(self.angles) * np.sinc(self.angles / np.pi)
        last = 0.5 * _one_minus_sinc(2 * self.angles)
        return np.stack([np.stack([first, mixed], -1), np.stack([mixed, last], -1)], -2)

    def multiply(self, features: Floats) -> Floats:
        """Return G x for each row x of an (N, D) array, without the D × D matrix."""
        planes = self._coordinates(features)
        turned = np.einsum("kij,nkj->nki", self.blocks, planes)
        product: Floats = turned[..., 0] @ self.start.T + turned[..., 1] @ self.direction.T
        return product

    def kernel(self, first: Floats, second: Floats) -> Floats:
        """Return xᵀ G y for each row x of (N, D) and y of (M, D) features, an (N, M) array."""
        product: Floats = self.transform(first) @ self.transform(second).T
        return product

    def transform(self, features: Floats) -> Floats:
        """Return G^½ x for each row x, in the coordinates of the columns a and b.

        Parameters
        ----------
        features : (N, D) array

        Returns
        -------
        (N, 2 d) array
            Inner products of rows are those of the kernel; squared distances are
            (x − y)ᵀ G (x − y).
        """
        values, vectors = np.linalg.eigh(self.blocks)
        roots = np.einsum("kij,kj,klj->kil", vectors, np.sqrt(np.clip(values, 0, None)), vectors)
        turned: Floats = np.einsum("kij,nkj->nki", roots, self._coordinates(features))
        return turned.reshape(len(features), -1)

    def _coordinates(self, features: Floats) -> Floats:
        """Return the (N, d, 2) coordinates of features in the plane of each angle."""
        return np.stack([features @ self.start, features @ self.direction], axis=-1)


def geodesic_flow(source: Floats, target: Floats) -> GeodesicFlow:
    """Return the geodesic flow between two subspaces.

    Parameters
    ----------
    source, target : (D, d) arrays
        Orthonormal bases, such as `benchmarks.adaptation.subspaces.pca_basis` returns, with
        d ≤ D / 2.

    Raises
    ------
    InvalidTableError
        If the shapes differ, d > D / 2, or the columns are not orthonormal.
    """
    _check_bases(source, target)
    left, cosines, right = np.linalg.svd(source.T @ target)
    cosines = np.clip(cosines, 0, 1)
    start = source @ left
    residual = target @ right.T - start * cosines
    residual -= source @ (source.T @ residual)  # small angles: rounding is as large as the residual
    sines = np.linalg.norm(residual, axis=0)
    moving = sines > STILL
    direction = np.where(moving, residual / np.where(moving, sines, 1), 0)
    return GeodesicFlow(start, direction, np.where(moving, np.arctan2(sines, cosines), 0))


def _check_bases(source: Floats, target: Floats) -> None:
    """Raise InvalidTableError unless both are (D, d) orthonormal bases with d ≤ D / 2."""
    if source.ndim != 2 or source.shape != target.shape:
        raise InvalidTableError(
            f"the bases have the shapes {source.shape} and {target.shape}, expected twice (D, d)"
        )
    features, dimension = source.shape
    if 2 * dimension > features:
        raise InvalidTableError(
            f"the subspaces have {dimension} dimensions of {features}, expected at most "
            f"{features // 2}, half as many as there are features: lower n_components"
        )
    for name, basis in (("source", source), ("target", target)):
        error = np.abs(basis.T @ basis - np.eye(dimension)).max(initial=0)
        if not error < 1e-6:
            raise InvalidTableError(
                f"the basis of the {name} is not orthonormal (off by {error:.2g}); take the Q of "
                "its QR decomposition"
            )


def _one_minus_sinc(z: Floats) -> Floats:
    """Return 1 − sin(z) / z, by its series for small z, where the difference would cancel."""
    small = np.abs(z) < 1e-2
    series = z**2 / 6 * (1 - z**2 / 20 * (1 - z**2 / 42))
    return np.where(small, series, 1 - np.sinc(z / np.pi))
