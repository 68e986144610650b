"""Normalized cuts of a weighted graph: in two, and in as many parts as are cheap to part.

After Shi and Malik, "Normalized cuts and image segmentation", PAMI 2000.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg.lapack import dsyevr

from encoders.scenes.labels.bits import packed, unpacked
from taskgraph.arrays import Booleans, Floats, Indices, Integers32

DEAREST_CUT = 0.005
"""A graph is not cut where its cheapest normalized cut costs more than this."""

FAINT = 5e-4
"""A likeness that holds nothing together: a part tied to the rest by ten such edges a node is cut
off for less than `DEAREST_CUT`, since each node weighs at least `SELF_WEIGHT`."""

SELF_WEIGHT = 2.0
"""Likeness of a region to itself, which makes it dear to cut off a single region."""


def two_way_cut(weights: Floats) -> tuple[Booleans, float]:
    r"""The cheapest normalized cut among those that the second eigenvector orders.

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
    laplacian = -(scale[:, None] * weights * scale)
    laplacian.flat[:: len(degree) + 1] += 1
    # As scipy.linalg.eigh, which takes longer to check small matrices than to solve them.
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
    count = len(weights)
    touch = [packed(row) for row in weights >= FAINT]
    parts = np.zeros(count, dtype=np.int32)
    found, waiting = 0, [np.arange(count)]
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
            parts[nodes] = found
            found += 1
    return parts


def _tied(nodes: Indices, touch: Sequence[int]) -> Booleans:
    """Which of some nodes a path among them leads to from the first.

    ``touch`` holds for each node of the graph those that it touches, as bits of a number.
    """
    left = sum(1 << node for node in nodes.tolist())
    new = 1 << int(nodes[0])
    reached = new
    while new:
        node = new & -new  # the lowest bit
        more = touch[node.bit_length() - 1] & left & ~reached
        reached |= more
        new = new ^ node | more
    return np.asarray(unpacked([reached], len(touch))[0, nodes])
