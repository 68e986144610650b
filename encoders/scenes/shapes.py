"""Solids as triangles that remember the smooth surface they stand for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Shape:
    """A triangle mesh, with the exact normal and principal curvatures at each vertex.

    The triangles are what rays hit; normals and curvatures are those of the smooth surface (a
    sphere, a cylinder, a turned profile) that they approximate. Vertices are not shared across
    a crease, so that interpolating over a triangle stays on one surface.

    Attributes
    ----------
    vertices : (V, 3) array, metres
    faces : (F, 3) integer array
        Counter-clockwise seen from outside.
    normals : (V, 3) array
        Unit vectors that point out of the solid.
    curvatures : (V, 2) array, 1/m
        Principal curvatures, the larger first; positive where the surface bulges outwards: a
        sphere of radius r has (1/r, 1/r), its inside (-1/r, -1/r), a plane (0, 0).
    """

    vertices: Floats
    faces: NDArray[np.int32]
    normals: Floats
    curvatures: Floats

    def moved(self, offset: ArrayLike) -> Shape:
        """The shape shifted by ``offset`` (metres)."""
        return replace(self, vertices=self.vertices + np.asarray(offset, dtype=float))

    def rotated(self, rotation: ArrayLike) -> Shape:
        """The shape turned by a (3, 3) rotation matrix about the origin."""
        turn = np.asarray(rotation, dtype=float)
        return replace(self, vertices=self.vertices @ turn.T, normals=self.normals @ turn.T)


def box(low: ArrayLike, high: ArrayLike) -> Shape:
    """The solid box between two opposite corners (metres); each side has its own vertices."""
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    vertices, faces, normals = [], [], []
    for axis in range(3):
        for side in (0, 1):
            corner = np.where(np.arange(3) == axis, (low, high)[side], low)
            u, v = ((axis + 1) % 3, (axis + 2) % 3) if side else ((axis + 2) % 3, (axis + 1) % 3)
            along = np.zeros((2, 3))
            along[0, u], along[1, v] = high[u] - low[u], high[v] - low[v]
            start = 4 * len(normals)
            vertices += [corner, corner + along[0], corner + along.sum(0), corner + along[1]]
            faces += [[start, start + 1, start + 2], [start, start + 2, start + 3]]
            normals.append(np.where(np.arange(3) == axis, 2 * side - 1, 0))
    return Shape(
        vertices=np.array(vertices),
        faces=np.array(faces, dtype=np.int32),
        normals=np.repeat(np.array(normals, dtype=float), 4, axis=0),
        curvatures=np.zeros((24, 2)),
    )
