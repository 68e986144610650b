"""Perron vectors of positive matrices, each with a proven error.

Power iteration finds the vectors of most tournaments in a few steps. It needs thousands of steps
where the second eigenvalue is nearly as large as the first: for example, where one group of
candidates nearly always beats another one. Such matrices are squared repeatedly instead: k
squarings are 2^k steps, and sums and products of positive numbers lose no digits to cancellation.
"""

from __future__ import annotations

import numpy as np

from taskgraph.arrays import Floats
from taskgraph.errors import ConvergenceError

TOLERANCE = 1e-12
"""Largest proven relative error of an entry, for the matrix as it is stored in floats."""
SPREAD, STEPS = 1e-14, 64
"""Power iteration stops when the quotients Mv / v agree to within SPREAD, or after STEPS."""
SQUARINGS = 128
NEAR, FINAL = 0.1, 12
"""Squaring stops when the columns agree to within ``NEAR``; each of the ``FINAL`` steps after it
reduces the error about 20 times."""


def perron_vectors(matrices: Floats) -> Floats:
    """Return principal eigenvectors of positive matrices, by power iteration or squaring.

    Parameters
    ----------
    matrices : (R, E, E) array
        Positive and finite.

    Returns
    -------
    (R, E) array
        Positive; each row sums to one. The relative error of each entry is at most ``TOLERANCE``,
        for the matrix as it is stored. If the two largest eigenvalues differ by the relative gap
        g, storing the matrix in floats moves the vector by about 1e-16 / g.

    Raises
    ------
    ConvergenceError
        If the entries exceed the range of double precision.

    Source: Seneta, Non-negative Matrices and Markov Chains (1981), ch. 3: Birkhoff's contraction.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        vectors, errors = _iterate(matrices)
        late = ~(errors <= TOLERANCE)
        if late.any():
            vectors[late] = _squared(matrices[late])
    if not (np.isfinite(vectors) & (vectors > 0)).all():
        raise ConvergenceError(
            f"the win odds go from {matrices.min():.0e} to {matrices.max():.0e}: their principal "
            "eigenvector is out of the range of double precision; raise clip, which bounds the odds"
        )
    return vectors


def _iterate(matrices: Floats) -> tuple[Floats, Floats]:
    """Return (R, E) vectors by power iteration, and a proven relative error of each.

    Let the quotients Mv / v differ by at most the factor 1 + p. Let S be the matrix M[i, j] v[j]
    with each row divided by its sum, and d the sum of the smallest entries of the columns of S.
    Then no entry of v is wrong by more than the factor 1 + p / (d - p).
    """
    count, size, _ = matrices.shape
    vectors: Floats = np.full((count, size), 1.0 / size)
    for _ in range(STEPS):
        images = np.matmul(matrices, vectors[:, :, None])[:, :, 0]  # (R, E)
        quotients = images / vectors
        spread = quotients.max(axis=1) / quotients.min(axis=1) - 1.0  # (R,)
        vectors, before = images / images.sum(axis=1, keepdims=True), vectors
        if spread.max() <= SPREAD:
            break
    shares = matrices * before[:, None, :]
    shares /= images[:, :, None]  # (R, E, E)
    common = shares.min(axis=1).sum(axis=1)
    return vectors, np.where(common > spread, spread / (common - spread), np.inf)


def _squared(matrices: Floats) -> Floats:
    """Return (R, E) vectors by repeated squaring; NaN where the columns never agree.

    All powers of a positive matrix have the same Perron vector, and the columns of high powers are
    nearly multiples of it.
    """
    vectors: Floats = np.full(matrices.shape[:2], np.nan)
    remaining = np.arange(len(matrices))
    powers = matrices / matrices.sum(axis=(1, 2), keepdims=True)
    for _ in range(SQUARINGS):
        mean = powers.sum(axis=2)  # (R, E)
        columns = powers / mean[:, :, None]
        apart = (columns.max(axis=1) / columns.min(axis=1)).max(axis=1) - 1.0
        near = apart <= NEAR
        for _ in range(FINAL if near.any() else 0):
            mean = np.matmul(powers, mean[:, :, None])[:, :, 0]
            mean /= mean.sum(axis=1, keepdims=True)
        vectors[remaining[near]] = mean[near]
        remaining, powers = remaining[~near], powers[~near]
        if not remaining.size:
            break
        powers = np.matmul(powers, powers)
        powers /= powers.sum(axis=(1, 2), keepdims=True)
    return vectors
