"""The few directions of each target's outputs that any set of sources can predict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from encoders.transfer.ridge.moments import Centered
from taskgraph.arrays import Floats

TOLERANCE = 1e-3
"""Share of a target's variance that a least-squares fit may lose to dropped directions."""

LEAST = 1e-6
"""Of the features' mean variance: combinations of features that vary less count as if by so much.

Their moments are mostly rounding, and are all there is where features outnumber examples.
"""


@dataclass(frozen=True, eq=False)
class Directions:
    """Orthonormal directions in the space of each target's outputs.

    Attributes
    ----------
    names : tuple of str
    runs : tuple of slice
        Each target's columns among all outputs.
    bases : tuple of (q_t, k_t) arrays
    lost : (T,) array
        A bound on the share of a target's variance, on the examples trained on, that any set of
        sources with any penalty could explain along the directions left out. The error of a
        solution without them is larger by at most this much (and smaller on other examples where
        they were overfitted).
    """

    names: tuple[str, ...]
    runs: tuple[slice, ...]
    bases: tuple[Floats, ...]
    lost: Floats

    @property
    def columns(self) -> int:
        """How many there are together."""
        return sum(basis.shape[1] for basis in self.bases)

    @property
    def owners(self) -> Floats:
        """(columns, T) with a 1 where a direction belongs to a target."""
        widths = [basis.shape[1] for basis in self.bases]
        return np.repeat(np.eye(len(widths)), widths, axis=0)

    def project(self, xy: Floats) -> Floats:
        """(p, q) moments with the outputs -> (p, columns) moments with the directions."""
        return np.hstack([xy[:, r] @ b for r, b in zip(self.runs, self.bases, strict=True)])

    def variances(self, moments: Centered) -> Floats:
        """(T,) mean square of each target's outputs, summed over them."""
        return np.array([moments.yy[run].sum() for run in self.runs])


def directions(
    train: Centered, outputs: Mapping[str, slice], *, tolerance: float = TOLERANCE
) -> Directions:
    """Keep of each target the directions that least squares from all features can predict.

    With A the features' moments and B a target's moments with them, a fit from all features
    explains v'B'A^-1 B v along the unit vector v. A fit from fewer features, with any penalty,
    explains no more. The eigenvectors of B'A^-1 B are taken in falling order, at least one, until
    what is left is below ``tolerance`` of the target's variance. (Eigenvalues of A are raised to
    `LEAST`, which must be well below the penalties for the bound to hold.)

    Parameters
    ----------
    train : Centered
        About the means of the examples trained on.
    outputs : mapping
        Each target's columns.
    tolerance : float
        0 keeps all directions that have any predictable part.
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
