"""What basins and tubs are let into: flat sides and slabs with a hole."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from encoders.scenes.solids.shapes import Shape, box, join


def plate(
    low: ArrayLike,
    high: ArrayLike,
    hole_low: ArrayLike,
    hole_high: ArrayLike,
    height: float,
    *,
    radius: float | None = None,
    steps: int = 3,
) -> Shape:
    """A flat rectangle, facing up, with a hole: what a basin or a tub is let into.

    Parameters
    ----------
    low, high, hole_low, hole_high : (2,) arrays, meters
        Opposite (x, y) corners of the rectangle and of the hole's box.
    height : float, meters
    radius : float, optional, meters
        Of the hole's rounded corners; without it the hole is an ellipse.
    """
    low, high, hole_low, hole_high = (
        np.asarray(corner, dtype=float) for corner in (low, high, hole_low, hole_high)
    )
    half, middle = (hole_high - hole_low) / 2, (hole_low + hole_high) / 2
    arc = half if radius is None else np.full(2, min(radius, 0.49 * 2 * float(half.min())))
    signs = np.array([(1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0)])
    angle = np.pi / 2 * (np.arange(4)[:, None] + np.linspace(0, 1, steps + 1))
    rim = (
        middle
        + (signs * (half - arc))[:, None]
        + arc * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    )
    corners = np.where(signs > 0, high, low)
    around = np.concatenate([corners, rim.reshape(-1, 2)])
    size = steps + 1
    faces = []
    for q in range(4):
        start, after = 4 + q * size, 4 + (q + 1) % 4 * size
        faces += [(q, start + i + 1, start + i) for i in range(steps)]
        faces += [(q, (q + 1) % 4, start + steps)]
        if radius is not None:
            faces += [((q + 1) % 4, after, start + steps)]
    vertices = np.insert(around, 2, height, axis=1)
    up = np.tile([0.0, 0.0, 1.0], (len(vertices), 1))
    return Shape(vertices, np.array(faces, dtype=np.int32), up, np.zeros((len(vertices), 2)))


def holed_slab(
    low: ArrayLike,
    high: ArrayLike,
    hole_low: ArrayLike,
    hole_high: ArrayLike,
    *,
    radius: float | None = None,
    steps: int = 3,
) -> Shape:
    """A flat box with a hole through it from top to bottom; the wall of the hole is left open.

    Parameters
    ----------
    low, high : (3,) arrays, meters
        Opposite corners of the box.
    hole_low, hole_high, radius, steps
        As for `plate`.
    """
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    top, bottom = (
        plate(low[:2], high[:2], hole_low, hole_high, height, radius=radius, steps=steps)
        for height in (float(high[2]), float(low[2]))
    )
    whole = box(low, high)
    walls = Shape(whole.vertices[:16], whole.faces[:8], whole.normals[:16], whole.curvatures[:16])
    return join([top, bottom.inside_out(), walls])
