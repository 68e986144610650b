"""Boxes with rounded edges, hollows, ellipsoids, leaves and folds."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from encoders.scenes.solids.shapes import Shape
from taskgraph.arrays import Floats, Integers32

RIGHT, LEFT = np.array([0, 1, 3]), np.array([0, 3, 2])
"""The two triangles between the pairs of vertices (0, 1) and (2, 3) of a strip."""


@lru_cache(maxsize=16)
def _rounded_parts(steps: int, covered: bool) -> tuple[Floats, Floats, Floats, Integers32]:
    """Corner signs (V, 3), normals (V, 3), curvatures of edge radius 1 (V, 2) and faces.

    A vertex is ``middle + signs * (half - radius) + radius * normal``. Without ``covered`` the
    upper side and the edges and corners beside it are left out.
    """
    signs: list[Floats] = []
    normals: list[Floats] = []
    curvatures: list[Floats] = []
    faces: list[Integers32] = []

    def add(
        sign: Floats, normal: Floats, bends: tuple[float, float], triangles: Integers32
    ) -> None:
        if not covered and (normal[:, 2] > 1e-9).any():
            return
        start = sum(map(len, signs))
        place = 2 * sign + normal
        a, b, c = (place[triangles[:, k]] for k in range(3))
        out = (np.cross(b - a, c - a) * normal[triangles].sum(1)).sum(1) > 0
        triangles = np.where(out[:, None], triangles, triangles[:, ::-1])
        signs.append(sign)
        normals.append(normal)
        curvatures.append(np.tile(bends, (len(sign), 1)))
        faces.append(triangles + start)

    square = np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])
    two = np.array([[0, 1, 2], [0, 2, 3]])
    quarter = np.linspace(0, np.pi / 2, steps + 1)
    strip = np.arange(steps)[:, None] * 2
    edge = np.concatenate([strip + RIGHT, strip + LEFT])
    for axis in range(3):
        for side in (-1.0, 1.0):
            sign = np.insert(square, axis, side, axis=1)
            normal = np.zeros((4, 3))
            normal[:, axis] = side
            add(sign, normal, (0, 0), two)
        for u, v in square:
            sign = np.insert(np.full((2 * steps + 2, 2), (u, v)), axis, 0.0, axis=1)
            sign[:, axis] = np.tile([-1.0, 1.0], steps + 1)
            turn = np.stack([u * np.cos(quarter), v * np.sin(quarter)], axis=1)
            add(sign, np.insert(np.repeat(turn, 2, axis=0), axis, 0.0, axis=1), (1, 0), edge)
    octant, triangles = _octant(steps)
    for corner in np.array(np.meshgrid(*[(-1.0, 1.0)] * 3)).reshape(3, -1).T:
        add(np.tile(corner, (len(octant), 1)), octant * corner, (1, 1), triangles)
    return (
        np.concatenate(signs),
        np.concatenate(normals),
        np.concatenate(curvatures),
        np.concatenate(faces).astype(np.int32),
    )


def _octant(steps: int) -> tuple[Floats, Integers32]:
    """An eighth of the unit sphere, row ``i`` of ``i + 1`` points at equal angles."""
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
    """A box whose edges are quarter cylinders and whose corners are eighths of a sphere.

    ``radius`` (meters) is at most just under half of the thinnest side and is cut down to that;
    ``steps`` is the number of chords of a quarter circle.
    """
    return _rounded(low, high, radius, steps, True)


def basin(low: ArrayLike, high: ArrayLike, radius: float, *, steps: int = 3) -> Shape:
    """The inner wall of a hollow that is open at the top, with rounded edges and corners.

    Parameters
    ----------
    low, high : (3,) arrays, meters
        Corners of the hollow; its rim is a rectangle at ``high[2]`` with rounded corners.
    radius : float, meters
    """
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    radius = min(radius, 0.49 * float((high - low)[:2].min()), 0.9 * float(high[2] - low[2]))
    # The upper side, which is left out, takes its edges with it: they stand above the rim.
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
    """Unit vectors in ``rows + 1`` rings of ``sides``, the first and last at the poles; faces."""
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
    """An ellipsoid with half axes ``radii`` (meters) along x, y, z.

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
    """A ball, as an `ellipsoid` with three equal half axes."""
    return ellipsoid(center, (radius, radius, radius), sides=sides)


def blade(
    length: float, width: float, droop: float, *, widest: float = 0.4, rows: int = 6
) -> Shape:
    """A leaf: a pointed sheet that lies on a cylinder, growing from the origin along y.

    Parameters
    ----------
    length, width : float, meters
        Along the middle rib, and at the widest place.
    droop : float, radians
        By how much the tip points lower than the stalk, not zero; negative bends upwards.
    widest : float
        Where the leaf is widest, as a share of its length.
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
    """A hanging cloth whose section is a sine wave: y = middle + depth/2 * cos(k x).

    ``low`` and ``high`` are opposite corners (meters) of the box that it fills; it faces -y.
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
