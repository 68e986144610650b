"""Occlusion edges: where one surface hides another."""

from __future__ import annotations

import numpy as np

from encoders.scenes.labels.sight import Sight
from taskgraph.arrays import Floats


def edge_occlusion(sight: Sight) -> Floats:
    """How far each pixel's surface stands in front of what it hides next to it, (H, W).

    In [0, 1]: the largest ``1 - near / far`` between the pixel and those of its four neighbors
    that are behind it, where near and far are the depths of the two surfaces on the line where
    one hides the other; 1 against the open (a window). The edge belongs to what hides, so it is
    one pixel wide, along the inside of silhouettes. Zero within a surface at any slant, at
    creases (where two surfaces meet), on what is hidden, and where nothing is seen.

    The real data's map is a Sobel filter of the square root of depth, which also answers to
    slanted floors and creases; from exact geometry the two can be told apart. `Gaps` says how.
    """
    edges = np.zeros((sight.size, sight.size))
    across, down = sight.gaps.across, sight.gaps.down
    for pixels, gap in (
        (edges[:, :-1], across),
        (edges[:, 1:], -across),
        (edges[:-1], down),
        (edges[1:], -down),
    ):
        np.maximum(pixels, gap, out=pixels)
    return edges
