"""Interleaved sampling: neighbors sample lights at different places, and share what they find.

Each sample of a picture casts one ray to each light. The places that the rays aim at are even over
each tile of 4 x 4 samples, and light is then averaged over as many, along surfaces only, so that
soft shadows come from 16 rays at the price of one (Keller and Heidrich, "Interleaved Sampling",
2001).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from encoders.scenes.raycast import Hits
from taskgraph.arrays import AnyFloats, Indices

# A magic square: neighbors are far apart in the order.
_ORDER = np.array([[0, 14, 3, 13], [11, 5, 8, 6], [12, 2, 15, 1], [7, 9, 4, 10]])


def jitter(rng: np.random.Generator) -> AnyFloats:
    """(256, 3) numbers in [0, 1): 16 shifted copies of 16 points that are even over the cube.

    The 16 are Hammersley's. Each copy belongs to another tile and is shifted by less than the
    points are apart, so that the edges of 16 hard shadows do not show as bands.
    """
    order = np.arange(16)
    halves = sum(((order >> k) & 1) * 2.0 ** -(k + 1) for k in range(4))
    thirds = order % 3 / 3 + order // 3 % 3 / 9 + order // 9 / 27
    even = np.stack([order / 16, halves, thirds], axis=1)
    points = even[None, :, :] + even[:, None, ::-1] / 16 + rng.random(3)  # (copy, point, 3)
    return np.minimum((points.reshape(-1, 3) % 1.0).astype(np.float32), np.float32(1 - 1e-6))


def phases(count: int) -> Indices:
    """Which row of the jitter each of ``count`` samples of a square grid uses, row by row.

    Each tile of 4 x 4 samples uses one copy of the 16 points, each 4 x 4 tiles all copies.
    """
    grid = round(np.sqrt(count))
    tile = np.tile(_ORDER, (4, 4)) + 16 * np.repeat(np.repeat(_ORDER, 4, axis=0), 4, axis=1)
    repeats = -(-grid // 16)
    return np.tile(tile, (repeats, repeats))[:grid, :grid].reshape(-1)


def smoothed(light: AnyFloats, hits: Hits) -> AnyFloats:
    """Average irradiance over 4 x 4 samples, along rows and then columns, within a surface.

    The weights 1 2 2 2 1 give each of the four phases of the jitter's tile the same share.
    """
    grid = round(np.sqrt(len(light)))
    value: AnyFloats = light.T.reshape(3, grid, grid)
    part = hits.part.reshape(grid, grid)
    normal: AnyFloats = hits.normal.T.astype(np.float32).reshape(3, grid, grid)
    for axis in (0, 1):
        total, weight = 2 * value, np.full((grid, grid), 2, dtype=np.float32)
        for step, share in ((1, 2), (2, 1)):
            all_columns = (slice(None),) * (1 - axis)
            here: tuple[Any, ...] = (..., slice(None, -step), *all_columns)
            there: tuple[Any, ...] = (..., slice(step, None), *all_columns)
            like = np.einsum("i...,i...", normal[here], normal[there]) > 0.9
            like &= part[here] == part[there]
            each = np.float32(share) * like
            total[here] += each * value[there]
            total[there] += each * value[here]
            weight[here] += each
            weight[there] += each
        value = total / weight
    return value.reshape(3, -1).T
