"""Rounded solids: boxes with rounded edges, basins, ellipsoids, leaves and hanging cloth."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from encoders.scenes.solids.shapes import Shape
from taskgraph.arrays import Floats, Integers32

RIGHT, LEFT = np.array([0, 1, 3]), np.array([0, 3, 2])
"""The two triangles between the pairs of vertices (0, 1) and (2, 3) of a strip."""


class _BoxPatch(NamedTuple):
    """A flat side, a rounded edge or a rounded corner of a box."""

    signs: Floats
    normals: Floats
    bends: tuple[float, float]
    faces: Integers32


@lru_cache(maxsize=16)
def _rounded_parts(steps: int, covered: bool) -> tuple[Floats, Floats, Floats, Integers32]:
    """Return the signs (V, 3), normals (V, 3), curvatures (V, 2) and faces of a rounded box.

    A vertex is ``middle + signs * (half - radius) + radius * normal``. The curvatures are those
    of edge radius 1. Without ``covered``, the upper side and its edges and corners are left out.
    """
    patches = [
        patch
        for patch in [*_sides_and_edges(steps), *_corners(steps)]
        if covered or not (patch.normals[:, 2] > 1e-9).any()
    ]
    starts = np.cumsum([0, *(len(patch.signs) for patch in patches[:-1])])
    return (
        np.concatenate([patch.signs for patch in patches]),
        np.concatenate([patch.normals for patch in patches]),
        np.concatenate([np.tile(patch.bends, (len(patch.signs), 1)) for patch in patches]),
        np.concatenate(
            [_outward(patch) + start for patch, start in zip(patches, starts, strict=True)]
        ).astype(np.int32),
    )


def _outward(patch: _BoxPatch) -> Integers32:
    """Return the faces of a patch, turned so that they face the side of the normals."""
    place = 2 * patch.signs + patch.normals
    a, b, c = (place[patch.faces[:, k]] for k in range(3))
    out = (np.cross(b - a, c - a) * patch.normals[patch.faces].sum(1)).sum(1) > 0
    return np.where(out[:, None], patch.faces, patch.faces[:, ::-1])


def _sides_and_edges(steps: int) -> Iterator[_BoxPatch]:
    """Yield by axis: the two flat sides across it, and the four rounded edges along it."""
    square = np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])
    quarter = np.linspace(0, np.pi / 2, steps + 1)
    strip = np.arange(steps)[:, None] * 2
    edge = np.concatenate([strip + RIGHT, strip + LEFT])
    for axis in range(3):
        for side in (-1.0, 1.0):
            normals = np.zeros((4, 3))
            normals[:, axis] = side
            two = np.array([[0, 1, 2], [0, 2, 3]])
            yield _BoxPatch(np.insert(square, axis, side, axis=1), normals, (0, 0), two)
        for u, v in square:
            signs = np.insert(np.full((2 * steps + 2, 2), (u, v)), axis, 0.0, axis=1)
            signs[:, axis] = np.tile([-1.0, 1.0], steps + 1)
            turn = np.stack([u * np.cos(quarter), v * np.sin(quarter)], axis=1)
            normals = np.insert(np.repeat(turn, 2, axis=0), axis, 0.0, axis=1)
            yield _BoxPatch(signs, normals, (1, 0), edge)


def _corners(steps: int) -> Iterator[_BoxPatch]:
    """Yield the eight rounded corners."""
    octant, faces = _octant(steps)
    for corner in np.array(np.meshgrid(*[(-1.0, 1.0)] * 3)).reshape(3, -1).T:
        yield _BoxPatch(np.tile(corner, (len(octant), 1)), octant * corner, (1, 1), faces)


def _octant(steps: int) -> tuple[Floats, Integers32]:
    """Return points of an eighth of the unit sphere; row ``i`` has ``i + 1`` points."""
    rows = [np.linspace(0, np.pi / 2, i + 1) if i else np.zeros(1) for i in range(steps + 1)]
    polar = np.repeat(np.linspace(0, np.pi / 2, steps + 1), np.arange(1, steps + 2))
    around = np.concatenate(rows)
    points = np.stack(
        [np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], axis=1
    )
    starts = np.cumsum([0, *range(1, steps + 2)])
    up = [
        (starts[i] + j, starts[i + 1] + j, starts[i + 1] + j + 1)
        for i in range(steps)
        for j in range(i + 1)
    ]
    down = [
        (starts[i] + j, starts[i + 1] + j + 1, starts[i] + j + 1)
        for i in range(1, steps)
        for j in range(i)
    ]
    return np.where(np.abs(points) < 1e-12, 0.0, points), np.array(up + down)


def rounded_box(low: ArrayLike, high: ArrayLike, radius: float, *, steps: int = 2) -> Shape:
    """Return a box whose edges are quarter cylinders and whose corners are eighths of a sphere.

    ``radius`` (meters) is reduced to just under half of the thinnest side if it is larger.
    ``steps`` is the number of chords of a quarter circle.
    """
    return _rounded(low, high, radius, steps, True)


def basin(low: ArrayLike, high: ArrayLike, radius: float, *, steps: int = 3) -> Shape:
    """Return the inside of an open basin with rounded edges and corners.

    Parameters
    ----------
    low, high : (3,) arrays, meters
        Opposite corners of the inside; its rim is a rounded rectangle at ``high[2]``.
    radius : float, meters
    """
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    radius = min(radius, 0.49 * float((high - low)[:2].min()), 0.9 * float(high[2] - low[2]))
    # The box is higher than the basin: its upper edges, which are left out, lie above the rim.
    return _rounded(low, high + radius * np.array([0, 0, 1]), radius, steps, False).inside_out()


def _rounded(low: ArrayLike, high: ArrayLike, radius: float, steps: int, covered: bool) -> Shape:
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    half, middle = (high - low) / 2, (high + low) / 2
    radius = min(radius, 0.49 * 2 * float(half.min()))
    signs, normals, curvatures, faces = _rounded_parts(steps, covered)
    return Shape(
        middle + signs * (half - radius) + radius * normals, faces, normals, curvatures / radius
    )


@lru_cache(maxsize=16)
def _globe(sides: int, rows: int) -> tuple[Floats, Integers32]:
    """Return unit vectors in ``rows + 1`` rings of ``sides`` from pole to pole, and the faces."""
    polar = np.linspace(np.pi, 0, rows + 1)
    around = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring, height = np.sin(polar), np.cos(polar)
    ring[[0, -1]] = 0.0
    unit = np.empty((rows + 1, sides, 3))
    unit[..., 0] = ring[:, None] * np.cos(around)
    unit[..., 1] = ring[:, None] * np.sin(around)
    unit[..., 2] = height[:, None]
    i, j = np.meshgrid(np.arange(rows), np.arange(sides), indexing="ij")
    a, b = i * sides + j, i * sides + (j + 1) % sides
    lower, upper = np.stack([a, b, b + sides], -1)[1:], np.stack([a, b + sides, a + sides], -1)[:-1]
    faces = np.concatenate([lower.reshape(-1, 3), upper.reshape(-1, 3)]).astype(np.int32)
    return unit.reshape(-1, 3), faces


def ellipsoid(center: ArrayLike, radii: ArrayLike, *, sides: int = 16) -> Shape:
    """Return an ellipsoid with half axes ``radii`` (meters) along x, y, z.

    With p the distance of the tangent plane from the center, x the point and a, b, c the half
    axes, the Gaussian curvature is p^4 / (a b c)^2 and the mean curvature
    p^3 (a^2 + b^2 + c^2 - |x|^2) / 2 (a b c)^2.
    """
    radii = np.asarray(radii, dtype=float)
    unit, faces = _globe(sides, max(sides // 2, 4))
    gradient = unit / radii
    p = 1 / np.sqrt((gradient**2).sum(1))
    volume2 = float(np.prod(radii**2))
    mean = p**3 * ((radii**2).sum() - ((unit * radii) ** 2).sum(1)) / (2 * volume2)
    root = np.sqrt(np.maximum(mean**2 - p**4 / volume2, 0.0))
    return Shape(
        vertices=np.asarray(center, dtype=float) + unit * radii,
        faces=faces,
        normals=gradient * p[:, None],
        curvatures=np.stack([mean + root, mean - root], axis=1),
    )


def sphere(center: ArrayLike, radius: float, *, sides: int = 16) -> Shape:
    """Return a ball: an `ellipsoid` with three equal half axes."""
    return ellipsoid(center, (radius, radius, radius), sides=sides)


def leaf_blade(
    length: float, width: float, droop: float, *, widest: float = 0.4, rows: int = 6
) -> Shape:
    """Return a leaf: a pointed sheet on a cylinder, from the origin along y.

    Parameters
    ----------
    length, width : float, meters
        Length along the middle rib, and largest width.
    droop : float, radians
        Angle by which the tip points lower than the stalk, not zero; negative bends up.
    widest : float
        Place of the largest width, as a share of the length.
    """
    share = np.linspace(0, 1, rows + 1)
    bulge = np.sin(np.pi * share ** (np.log(0.5) / np.log(widest)))
    half = width / 2 * np.where((share == 0) | (share == 1), 0.0, bulge)
    angle = droop * share
    radius = length / droop
    side = np.array([-1.0, 1.0])
    y, z = radius * np.sin(angle), -radius * (1 - np.cos(angle))
    x = half[:, None] * side
    vertices = np.stack(np.broadcast_arrays(x, y[:, None], z[:, None]), axis=-1).reshape(-1, 3)
    normals = np.stack([np.zeros_like(angle), np.sin(angle), np.cos(angle)], axis=1)
    start = 2 * np.arange(rows)[:, None]
    faces = np.concatenate([(start + RIGHT)[1:], (start + LEFT)[:-1]]).astype(np.int32)
    bend = [max(1 / radius, 0.0), min(1 / radius, 0.0)]
    return Shape(vertices, faces, np.repeat(normals, 2, axis=0), np.tile(bend, (2 * rows + 2, 1)))


def pleats(low: ArrayLike, high: ArrayLike, folds: int, *, steps: int = 8) -> Shape:
    """Return hanging cloth whose section is a sine wave: y = middle + depth/2 * cos(k x).

    ``low`` and ``high`` are opposite corners (meters) of its box; it faces -y.
    """
    (x0, y0, z0), (x1, y1, z1) = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    k, amplitude = 2 * np.pi * folds / (x1 - x0), (y1 - y0) / 2
    x = np.linspace(0, x1 - x0, folds * steps + 1)
    wave, slope = amplitude * np.cos(k * x), -amplitude * k * np.sin(k * x)
    bend = -(k**2) * wave / (1 + slope**2) ** 1.5
    around = np.stack([x0 + x, (y0 + y1) / 2 + wave], axis=1)
    vertices = np.concatenate([np.insert(around, 2, z, axis=1) for z in (z0, z1)])
    normal = np.stack([slope, -np.ones_like(x), np.zeros_like(x)], axis=1)
    normal /= np.sqrt(1 + slope**2)[:, None]
    curvatures = np.stack([np.maximum(bend, 0), np.minimum(bend, 0)], axis=1)
    low_left, n = np.arange(len(x) - 1), len(x)
    low_right, high_left, high_right = low_left + 1, low_left + n, low_left + n + 1
    faces = np.concatenate(
        [
            np.stack(three, axis=1)
            for three in ((low_left, low_right, high_right), (low_left, high_right, high_left))
        ]
    ).astype(np.int32)
    return Shape(vertices, faces, np.tile(normal, (2, 1)), np.tile(curvatures, (2, 1)))
