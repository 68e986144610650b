"""Normalized cuts of a weighted graph into two parts, and into many.

After Shi and Malik, "Normalized cuts and image segmentation", PAMI 2000.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg.lapack import dsyevr

from encoders.scenes.labels.bits import pack, unpack
from taskgraph.arrays import Booleans, Floats, Indices, Integers32

DEAREST_CUT = 0.005
"""Largest cost of a normalized cut that is made."""

FAINT = 5e-4
"""Weight of edges that are ignored first. Cutting ten such edges for each node costs less than
`DEAREST_CUT`, since each node weighs at least `SELF_WEIGHT`."""

SELF_WEIGHT = 2.0
"""Similarity of a region to itself; it makes cutting off a single region expensive."""


def two_way_cut(weights: Floats) -> tuple[Booleans, float]:
    r"""Return the cheapest normalized cut in the order of the second eigenvector.

    .. math:: \mathrm{Ncut}(A, B) = \frac{\mathrm{cut}(A, B)}{\mathrm{assoc}(A, V)} +
                                    \frac{\mathrm{cut}(A, B)}{\mathrm{assoc}(B, V)}

    is least, relaxed to real numbers, for the second smallest eigenvector of
    (D - W) y = lambda D y. The nodes are sorted by y, and the best of the N - 1 cuts between
    two successive nodes is taken.

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
    laplacian = -(scale[:, None] * weights * scale)
    laplacian.flat[:: len(degree) + 1] += 1
    # Same as scipy.linalg.eigh, which spends more time on checks than on small matrices.
    vector = dsyevr(laplacian, range="I", il=2, iu=2, lower=1)[1][:, 0]
    order = np.argsort(scale * vector, kind="stable")
    ahead = degree[order].cumsum()[:-1]
    inside = weights[order[:, None], order].cumsum(0).cumsum(1).diagonal()[:-1]
    cost = np.maximum(ahead - inside, 0.0) * (1 / ahead + 1 / (degree.sum() - ahead))
    best = int(cost.argmin())
    side = np.zeros(len(degree), dtype=bool)
    side[order[: best + 1]] = True
    return side, float(cost[best])


def normalized_cuts(weights: Floats) -> Integers32:
    """Cut a graph into two parts, and these again, as long as a cut is cheap.

    Parts that are joined only by edges below `FAINT` are separated first, without eigenvectors.

    Parameters
    ----------
    weights : (N, N) array
        See `two_way_cut`.

    Returns
    -------
    (N,) int32 array
        Number of each node's part, from 0.
    """
    count = len(weights)
    touch = [pack(row) for row in weights >= FAINT]
    parts = np.zeros(count, dtype=np.int32)
    number, waiting = 0, [np.arange(count)]
    while waiting:
        nodes = waiting.pop()
        side, cost = np.ones(1, dtype=bool), np.inf
        if len(nodes) > 1:
            side, cost = _tied(nodes, touch), 0.0
            if side.all():
                side, cost = two_way_cut(weights[nodes[:, None], nodes])
        if cost < DEAREST_CUT:
            waiting += [nodes[side], nodes[~side]]
        else:
            parts[nodes] = number
            number += 1
    return parts


def _tied(nodes: Indices, touch: Sequence[int]) -> Booleans:
    """Return the nodes that are connected with the first one by paths among ``nodes``.

    ``touch`` has the neighbors of each node, as bits of a number.
    """
    left = sum(1 << node for node in nodes.tolist())
    new = 1 << int(nodes[0])
    reached = new
    while new:
        node = new & -new  # the lowest bit
        more = touch[node.bit_length() - 1] & left & ~reached
        reached |= more
        new = new ^ node | more
    return np.asarray(unpack([reached], len(touch))[0, nodes])
