"""Reduce each target's outputs to the few directions that the sources can predict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from encoders.transfer.ridge.moments import Centered
from taskgraph.arrays import Floats

TOLERANCE = 1e-3
"""Share of a target's variance that the dropped directions may explain."""

LEAST = 1e-6
"""Lower bound of the variance of a combination of features, as a share of the mean variance.

Smaller eigenvalues are mostly rounding errors; they exist if features outnumber examples.
"""


@dataclass(frozen=True, eq=False)
class Directions:
    """Orthonormal directions in the space of each target's outputs.

    Attributes
    ----------
    names : tuple of str
    runs : tuple of slice
        By target: its columns of the outputs.
    bases : tuple of (q_t, k_t) arrays
        By target: its k_t directions, as columns.
    lost : (T,) array
        An upper bound of the share of a target's variance on the training examples that any set of
        sources, with any penalty, explains along the dropped directions. Dropping them increases
        the error on the training examples by at most this much.
    """

    names: tuple[str, ...]
    runs: tuple[slice, ...]
    bases: tuple[Floats, ...]
    lost: Floats

    @property
    def columns(self) -> int:
        """Return the number of directions of all targets together."""
        return sum(basis.shape[1] for basis in self.bases)

    @property
    def owners(self) -> Floats:
        """Return a (columns, T) matrix with a 1 where a direction belongs to a target, else 0."""
        widths = [basis.shape[1] for basis in self.bases]
        return np.repeat(np.eye(len(widths)), widths, axis=0)

    def project(self, xy: Floats) -> Floats:
        """Return moments with the directions, (p, columns), from (p, q) ones with the outputs."""
        return np.hstack([xy[:, r] @ b for r, b in zip(self.runs, self.bases, strict=True)])

    def variances(self, moments: Centered) -> Floats:
        """Return the mean square of each target, summed over its outputs, (T,)."""
        return np.array([moments.yy[run].sum() for run in self.runs])


def directions(
    train: Centered, outputs: Mapping[str, slice], *, tolerance: float = TOLERANCE
) -> Directions:
    """Find for each target the directions that least squares from all features can predict.

    Let A be the moments of the features and B those of features and target. Along a unit vector v,
    a fit from all features explains the variance v'B'A^-1 B v; a fit from fewer features, or with a
    penalty, explains no more. The eigenvectors of B'A^-1 B are kept by falling eigenvalue, at
    least one, until the sum of the others is below ``tolerance`` of the target's variance.
    (Eigenvalues of A are raised to `LEAST`. The bound holds if penalties are well above it.)

    Parameters
    ----------
    train : Centered
        Moments of the training examples about their means.
    outputs : mapping
        By target: its columns of the outputs.
    tolerance : float
        With 0, all directions with a predictable part are kept.
    """
    values, features = linalg.eigh(train.xx)
    root = np.sqrt(np.maximum(values, LEAST * values.mean() or 1.0))
    bases, lost = [], []
    for run in outputs.values():
        white = (features.T @ train.xy[:, run]) / root[:, None]
        energy, vectors = np.linalg.eigh(white.T @ white)
        energy, vectors = np.maximum(energy[::-1], 0.0), vectors[:, ::-1]
        total = max(float(train.yy[run].sum()), np.finfo(float).tiny)
        after = np.append(energy[::-1].cumsum()[::-1][1:], 0.0) / total  # left once i are kept
        count = int(np.argmax(after <= tolerance)) + 1
        bases.append(np.ascontiguousarray(vectors[:, :count]))
        lost.append(after[count - 1])
    return Directions(tuple(outputs), tuple(outputs.values()), tuple(bases), np.array(lost))
