"""Perron vectors of positive matrices, each with a proven error; no matrix is too slow.

Power iteration finds the vectors of most tournaments in a few steps. Where some candidates beat
others nearly always, in tiers that are cycles within, the second eigenvalue is nearly as large as
the first, and the iteration would take thousands. Such matrices are squared instead: k squarings
are 2^k steps, and sums and products of positive numbers lose no digits to cancellation.
"""

from __future__ import annotations

import numpy as np

from taskgraph.arrays import Floats
from taskgraph.errors import ConvergenceError

TOLERANCE = 1e-12
"""Largest proven relative error of an entry, for the matrix as it is stored."""
SPREAD, STEPS = 1e-14, 64
"""Power iteration stops when the quotients of image and vector agree this well, or after these."""
SQUARINGS = 128
NEAR, FINAL = 0.1, 12
"""A matrix whose columns agree to within ``NEAR`` shrinks an error 20 times at each last step."""


def perron_of(matrices: Floats) -> Floats:
    """Principal eigenvectors of positive matrices, by power iteration or by repeated squaring.

    Parameters
    ----------
    matrices : (R, E, E) array
        Positive and finite.

    Returns
    -------
    (R, E) array
        Positive; each row sums to one. Every entry is within ``TOLERANCE`` of the true one,
        relatively, for the matrix as it is stored. Where the two largest eigenvalues differ by
        the share g, the rounding of that matrix itself moves the vector by about 1e-16 / g.

    Raises
    ------
    ConvergenceError
        If the entries span more than double precision can hold.

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
    """Power iteration: the (R, E) vectors, and a proven relative error of each.

    With quotients q = Mv / v that differ by the factor 1 + p at most, and S the matrix whose
    entries are M[i, j] v[j], each row divided by its sum, let d be the sum over the columns of S
    of their least entry. Then no entry of v is off by more than the factor 1 + p / (d - p).
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
    """(R, E) Perron vectors from powers whose columns all agree; NaN if they never do.

    Every power of a positive matrix has the same Perron vector, a mixture of the power's columns.
    """
    vectors: Floats = np.full(matrices.shape[:2], np.nan)
    unsettled = np.arange(len(matrices))
    powers = matrices / matrices.sum(axis=(1, 2), keepdims=True)
    for _ in range(SQUARINGS):
        mean = powers.sum(axis=2)  # (R, E)
        columns = powers / mean[:, :, None]
        apart = (columns.max(axis=1) / columns.min(axis=1)).max(axis=1) - 1.0
        near = apart <= NEAR
        for _ in range(FINAL if near.any() else 0):
            mean = np.matmul(powers, mean[:, :, None])[:, :, 0]
            mean /= mean.sum(axis=1, keepdims=True)
        vectors[unsettled[near]] = mean[near]
        unsettled, powers = unsettled[~near], powers[~near]
        if not unsettled.size:
            break
        powers = np.matmul(powers, powers)
        powers /= powers.sum(axis=(1, 2), keepdims=True)
    return vectors
