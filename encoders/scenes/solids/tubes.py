"""Pipes bent along a path."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from encoders.scenes.solids.outlines import filleted
from encoders.scenes.solids.shapes import Shape
from encoders.scenes.solids.turned import bands, upright


def tube(
    points: ArrayLike, radius: float, bend: float, *, sides: int = 10, steps: int = 4
) -> Shape:
    """A pipe along a polyline in space: cylinders, pieces of a torus at its corners, flat ends.

    Parameters
    ----------
    points : (C, 3) array, meters
        Of the middle line; its corners are rounded with radius ``bend``, more than ``radius``.
    radius : float, meters
        Of the pipe.
    """
    path = filleted(points, bend, steps=steps)
    count = len(path.points)
    frame = np.empty((count, 3))
    frame[0] = upright(path.tangents[0])[:, 0]
    for index in range(1, count):  # carried along by the shortest turn: no twist
        old, new, arm = path.tangents[index - 1], path.tangents[index], frame[index - 1]
        frame[index] = arm - (arm * new).sum() / (1 + (old * new).sum()) * (old + new)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)[None, :, None]
    other = np.cross(path.tangents, frame)
    radial = np.cos(angle) * frame[:, None] + np.sin(angle) * other[:, None]  # (N, sides, 3)
    rings = path.points[:, None] + radius * radial
    toward = (radial * path.bends[:, None]).sum(-1)
    kappa = -toward / (1 - radius * toward)
    curvatures = np.stack([np.full_like(kappa, 1 / radius), kappa], axis=-1).reshape(-1, 2)
    faces = bands(path.segments, sides)
    caps, normals = [rings[0], rings[-1]], [-path.tangents[0], path.tangents[-1]]
    fan = np.stack([np.zeros(sides - 2, int), np.arange(1, sides - 1), np.arange(2, sides)], 1)
    return Shape(
        vertices=np.concatenate([rings.reshape(-1, 3), *caps]),
        faces=np.concatenate(
            [faces, fan[:, ::-1] + count * sides, fan + (count + 1) * sides]
        ).astype(np.int32),
        normals=np.concatenate([radial.reshape(-1, 3), np.repeat(normals, sides, axis=0)]),
        curvatures=np.concatenate([curvatures, np.zeros((2 * sides, 2))]),
    )
