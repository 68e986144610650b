"""Occlusion edges: where one surface hides another."""

from __future__ import annotations

import numpy as np

from encoders.scenes.labels.raycast_view import RaycastView
from taskgraph.arrays import Floats


def edge_occlusion(view: RaycastView) -> Floats:
    """Return occlusion edges, (H, W) in [0, 1]: the relative jump in depth to hidden neighbors.

    The value is the largest ``1 - near / far`` between the pixel and those of its four neighbors
    that are behind it, with the depths of the two surfaces at the line where one hides the
    other; it is 1 before a window. The edge is one pixel wide, on the nearer surface. The value
    is zero within a surface at any slant, at creases (where two surfaces meet), on the hidden
    surface, and without a surface.

    The real data's map is a Sobel filter of the square root of depth, which is also nonzero on
    slanted floors and at creases. Exact geometry separates these cases; see `Gaps`.
    """
    edges = np.zeros((view.size, view.size))
    across, down = view.gaps.across, view.gaps.down
    for pixels, gap in (
        (edges[:, :-1], across),
        (edges[:, 1:], -across),
        (edges[:-1], down),
        (edges[1:], -down),
    ):
        np.maximum(pixels, gap, out=pixels)
    return edges
