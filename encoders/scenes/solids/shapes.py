"""Triangle meshes with the exact normals and curvatures of the surfaces that they approximate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from taskgraph.arrays import Floats, Integers32


@dataclass(frozen=True, eq=False)
class Shape:
    """A triangle mesh, with the exact normal and principal curvatures at each vertex.

    Rays hit the triangles. Normals and curvatures are those of the smooth surface (a sphere, a
    cylinder, a turned profile) that the triangles approximate. Vertices are not shared across a
    crease, so that interpolation over a triangle stays on one surface.

    Attributes
    ----------
    vertices : (V, 3) array, meters
    faces : (F, 3) integer array
        Counter-clockwise seen from outside.
    normals : (V, 3) array
        Unit vectors that point out of the solid.
    curvatures : (V, 2) array, 1/m
        Principal curvatures, the larger first; positive where the surface bulges outwards: a
        sphere of radius r has (1/r, 1/r), its inside (-1/r, -1/r), a plane (0, 0).
    """

    vertices: Floats
    faces: Integers32
    normals: Floats
    curvatures: Floats

    def moved(self, offset: ArrayLike) -> Shape:
        """Return the shape moved by ``offset`` (meters)."""
        return replace(self, vertices=self.vertices + np.asarray(offset, dtype=float))

    def rotated(self, rotation: ArrayLike) -> Shape:
        """Return the shape rotated about the origin by a (3, 3) matrix."""
        turn = np.asarray(rotation, dtype=float)
        return replace(
            self,
            vertices=np.einsum("ij,nj->ni", turn, self.vertices),
            normals=np.einsum("ij,nj->ni", turn, self.normals),
        )

    def inside_out(self) -> Shape:
        """Return the same surface seen from inside: normals and curvatures change their signs."""
        return Shape(self.vertices, self.faces[:, ::-1], -self.normals, -self.curvatures[:, ::-1])


def join(shapes: Sequence[Shape]) -> Shape:
    """Join several shapes into one mesh; no vertices are merged."""
    starts = np.cumsum([0, *(len(shape.vertices) for shape in shapes[:-1])])
    return Shape(
        vertices=np.concatenate([shape.vertices for shape in shapes]),
        faces=np.concatenate(
            [shape.faces + np.int32(start) for shape, start in zip(shapes, starts, strict=True)]
        ),
        normals=np.concatenate([shape.normals for shape in shapes]),
        curvatures=np.concatenate([shape.curvatures for shape in shapes]),
    )


def copies(shape: Shape, offsets: ArrayLike, rotations: ArrayLike | None = None) -> Shape:
    """Return copies of a shape, each rotated by its (3, 3) matrix and then moved.

    Parameters
    ----------
    shape : Shape
    offsets : (N, 3) array, meters
    rotations : (N, 3, 3) array, optional
        Without them no copy is rotated.
    """
    offsets = np.asarray(offsets, dtype=float)
    count, size = len(offsets), len(shape.vertices)
    if rotations is None:
        vertices = np.broadcast_to(shape.vertices, (count, size, 3))
        normals = np.broadcast_to(shape.normals, (count, size, 3))
    else:
        turns = np.asarray(rotations, dtype=float)
        vertices = np.einsum("nij,vj->nvi", turns, shape.vertices)
        normals = np.einsum("nij,vj->nvi", turns, shape.normals)
    starts = np.arange(count, dtype=np.int32)[:, None, None] * np.int32(size)
    return Shape(
        vertices=(vertices + offsets[:, None]).reshape(-1, 3),
        faces=(shape.faces + starts).reshape(-1, 3),
        normals=normals.reshape(-1, 3),
        curvatures=np.tile(shape.curvatures, (count, 1)),
    )


def axis_rotation(axis: int, angle: ArrayLike) -> Floats:
    """Return right-handed rotations by ``angle`` (radians) about axis 0 (x), 1 (y) or 2 (z).

    Returns
    -------
    (..., 3, 3) array
        The leading axes are those of ``angle``.
    """
    angle = np.asarray(angle, dtype=float)
    first, second = (axis + 1) % 3, (axis + 2) % 3
    turn = np.zeros((*angle.shape, 3, 3))
    turn[..., axis, axis] = 1.0
    turn[..., first, first] = turn[..., second, second] = np.cos(angle)
    turn[..., second, first] = np.sin(angle)
    turn[..., first, second] = -np.sin(angle)
    return turn


def _unit_box() -> tuple[Floats, Integers32, Floats]:
    """Return the unit cube: vertices (24, 3), four a side, faces (12, 3) and normals (24, 3)."""
    vertices: list[Floats] = []
    faces: list[list[int]] = []
    normals: list[Integers32] = []
    for axis in range(3):
        for side in (0, 1):
            corner = np.where(np.arange(3) == axis, side, 0)
            u, v = ((axis + 1) % 3, (axis + 2) % 3) if side else ((axis + 2) % 3, (axis + 1) % 3)
            along = np.eye(3)[[u, v]]
            start = 4 * len(normals)
            vertices += [corner, corner + along[0], corner + along.sum(0), corner + along[1]]
            faces += [[start, start + 1, start + 2], [start, start + 2, start + 3]]
            normals.append(np.where(np.arange(3) == axis, 2 * side - 1, 0))
    sides = np.repeat(np.array(normals, dtype=float), 4, axis=0)
    return np.array(vertices, dtype=float), np.array(faces, dtype=np.int32), sides


_CORNERS, _FACES, _NORMALS = _unit_box()


def box(low: ArrayLike, high: ArrayLike) -> Shape:
    """Return the solid box between two opposite corners (meters)."""
    return boxes(np.asarray(low)[None], np.asarray(high)[None])


def boxes(low: ArrayLike, high: ArrayLike) -> Shape:
    """Return N boxes between (N, 3) lower and (N, 3) upper corners, as one shape."""
    low, high = np.asarray(low, dtype=float)[:, None], np.asarray(high, dtype=float)[:, None]
    count = len(low)
    starts = np.arange(count, dtype=np.int32)[:, None, None] * np.int32(24)
    return Shape(
        vertices=np.where(_CORNERS > 0, high, low).reshape(-1, 3),
        faces=(_FACES + starts).reshape(-1, 3),
        normals=np.tile(_NORMALS, (count, 1)),
        curvatures=np.zeros((24 * count, 2)),
    )


def open_box(low: ArrayLike, high: ArrayLike) -> Shape:
    """Return the outside of a box without its upper side, such as around a basin."""
    solid = box(low, high)
    return Shape(solid.vertices[:20], solid.faces[:10], solid.normals[:20], solid.curvatures[:20])


def tapered_box(foot: ArrayLike, head: ArrayLike, bottom: float, top: float) -> Shape:
    """Return a box whose upper and lower sides are different rectangles, such as a splayed leg.

    Parameters
    ----------
    foot, head : (2, 2) arrays, meters
        Lower and upper (x, y) corners of the rectangles at the heights ``bottom`` and ``top``.
        The sides between them are flat for any two rectangles.
    """
    low, high = np.asarray(foot, dtype=float), np.asarray(head, dtype=float)
    x, y, z = _CORNERS.astype(int).T
    both = np.stack([low, high])
    vertices = np.stack([both[z, x, 0], both[z, y, 1], np.where(z > 0, top, bottom)], axis=1)
    normals = np.zeros((6, 3))
    out = np.array([-1.0, 1.0])
    for axis in (0, 1):  # a side leans by the offset of its upper edge from its lower one
        normals[2 * axis : 2 * axis + 2, axis] = out * (top - bottom)
        normals[2 * axis : 2 * axis + 2, 2] = out * (low - high)[:, axis]
    normals[4:, 2] = out
    normals /= np.sqrt((normals**2).sum(1, keepdims=True))
    return Shape(vertices, _FACES, np.repeat(normals, 4, axis=0), np.zeros((24, 2)))
