"""Normalised cuts of a weighted graph: in two, and in as many parts as are cheap to part.

After Shi and Malik, "Normalized cuts and image segmentation", PAMI 2000.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]

DEAREST_CUT = 0.005
"""A graph is not cut where its cheapest normalised cut costs more than this."""

FAINT = 5e-4
"""A likeness that holds nothing together: a part tied to the rest by ten such edges a node is cut
off for less than `DEAREST_CUT`, since each node weighs at least `SELF_WEIGHT`."""

SELF_WEIGHT = 2.0
"""Likeness of a region to itself, which makes it dear to cut off a single region."""


def two_way_cut(weights: Floats) -> tuple[NDArray[np.bool_], float]:
    r"""The cheapest normalised cut among those that the second eigenvector orders.

    .. math:: \mathrm{Ncut}(A, B) = \frac{\mathrm{cut}(A, B)}{\mathrm{assoc}(A, V)} +
                                    \frac{\mathrm{cut}(A, B)}{\mathrm{assoc}(B, V)}

    is least, relaxed to real numbers, for the second smallest eigenvector of
    (D - W) y = lambda D y. The nodes are sorted by y, and the best of the N - 1 places to cut
    between two of them is taken.

    Parameters
    ----------
    weights : (N, N) array, N >= 2
        W, symmetric, not negative, with a positive diagonal.

    Returns
    -------
    (N,) bool array, float
        Which nodes are in A, and Ncut(A, B) in [0, 2]; lower is a better cut.

    References
    ----------
    Shi and Malik, "Normalized cuts and image segmentation", PAMI 2000, equations 2 and 11.
    """
    degree = weights.sum(1)
    scale = 1 / np.sqrt(degree)
    laplacian = np.eye(len(degree)) - scale[:, None] * weights * scale
    _, vector = eigh(laplacian, subset_by_index=[1, 1], driver="evr", check_finite=False)
    order = np.argsort(scale * vector[:, 0], kind="stable")
    ahead = degree[order].cumsum()[:-1]
    inside = np.diagonal(weights[np.ix_(order, order)].cumsum(0).cumsum(1))[:-1]
    cost = np.maximum(ahead - inside, 0.0) * (1 / ahead + 1 / (degree.sum() - ahead))
    best = int(cost.argmin())
    side = np.zeros(len(degree), dtype=bool)
    side[order[: best + 1]] = True
    return side, float(cost[best])


def normalised_cuts(weights: Floats) -> Integers:
    """Cut a graph in two, and its parts in turn, as long as a cut is cheap.

    What only edges fainter than `FAINT` tie to the rest is taken off first, without eigenvectors.

    Parameters
    ----------
    weights : (N, N) array
        As for `two_way_cut`.

    Returns
    -------
    (N,) int32 array
        The part that each node belongs to, numbered from 0.
    """
    parts = np.zeros(len(weights), dtype=np.int32)
    found, waiting = 0, [np.arange(len(weights))]
    while waiting:
        nodes = waiting.pop()
        side, cost = np.ones(1, dtype=bool), np.inf
        if len(nodes) > 1:
            inner = weights[np.ix_(nodes, nodes)]
            side, cost = _tied(inner >= FAINT), 0.0
            if side.all():
                side, cost = two_way_cut(inner)
        if cost < DEAREST_CUT:
            waiting += [nodes[side], nodes[~side]]
        else:
            parts[nodes] = found
            found += 1
    return parts


def _tied(touch: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(N,) which nodes a path leads to from the first."""
    reached = touch[0]
    while True:
        further = touch[reached].any(0)
        if (further == reached).all():
            return np.asarray(reached)
        reached = further
