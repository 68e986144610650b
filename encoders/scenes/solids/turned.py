"""Solids made of a path: turned about an axis or extruded upwards."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from encoders.scenes.solids.outlines import Path, filleted
from encoders.scenes.solids.shapes import Shape
from taskgraph.arrays import Floats, Integers32

AXIS = 1e-3
"""Meters from the axis below which a cone's curvature (infinite at its tip) no longer grows."""


def _surface(
    along: Floats, around: Floats, along2: Floats, mixed: Floats, around2: Floats
) -> tuple[Floats, Floats]:
    """Normals and principal curvatures from a parametrization's derivatives, each (N, 3).

    With the fundamental forms E, F, G and L, M, N the mean curvature is
    H = (E N - 2 F M + G L) / 2 (E G - F^2), the Gaussian K = (L N - M^2) / (E G - F^2), and the
    principal curvatures are H +- sqrt(H^2 - K); the sign is turned so that bulges are positive.
    The normal is ``around x along``.
    """
    normal = np.cross(around, along)
    normal /= np.sqrt((normal**2).sum(1, keepdims=True))
    e, f, g = (along * along).sum(1), (along * around).sum(1), (around * around).sum(1)
    l, m, n = (-(second * normal).sum(1) for second in (along2, mixed, around2))  # noqa: E741
    area = e * g - f * f
    mean, gauss = (e * n - 2 * f * m + g * l) / (2 * area), (l * n - m * m) / area
    root = np.sqrt(np.maximum(mean**2 - gauss, 0.0))
    return normal, np.stack([mean + root, mean - root], axis=1)


def lathe(profile: Path, *, sides: int = 24, stretch: tuple[float, float] = (1.0, 1.0)) -> Shape:
    """The surface of revolution of a plane path about the z axis.

    Parameters
    ----------
    profile : Path
        Of (radius, height); its right is the outside, so a vase runs from the middle of its foot
        outwards and up, and then down again inside.
    sides : int
        Flat sides around the axis.
    stretch : (float, float)
        Scale of x and y: other than (1, 1) gives oval sections, with their own curvatures.

    Returns
    -------
    Shape
        Exact but at a sharp tip, where the curvature is infinite; see `AXIS`.
    """
    radius, height = profile.points.T
    faces = bands(profile.segments, sides)
    faces = faces[(radius < 1e-9)[faces // sides].sum(1) < 2]  # no triangles on the axis
    vertices = _spread(radius, height, sides, 0, stretch)
    if stretch != (1.0, 1.0):
        return Shape(vertices, faces, *_stretched(profile, sides, stretch))
    out, up = profile.sides.T
    bend = profile.curvatures
    # Where a dome closes over the axis, both directions bend as the profile does.
    dome = (radius < 1e-9) & (np.abs(out) < 1e-6)
    around = np.where(dome, bend, out / np.maximum(radius, AXIS))
    kappa = np.stack([np.maximum(bend, around), np.minimum(bend, around)], axis=1)
    normals = _spread(out, up, sides, 0, stretch)
    return Shape(vertices, faces, normals, np.repeat(kappa, sides, axis=0))


def _spread(
    r: Floats, z: Floats | float, sides: int, quarter: int, stretch: tuple[float, float]
) -> Floats:
    """(N * sides, 3): (r, z) turned about the axis, or its derivative by the angle."""
    unit = _ring(sides) if quarter == 0 else _ring(sides)[:, ::-1] * (-1, 1)
    full = np.empty((len(r), sides, 3))
    full[..., :2] = r[:, None, None] * (unit * stretch)
    full[..., 2] = np.reshape(z, (-1, 1))
    return full.reshape(-1, 3)


def _stretched(profile: Path, sides: int, stretch: tuple[float, float]) -> tuple[Floats, Floats]:
    """Normals and curvatures of a lathe with oval sections."""
    radius = np.maximum(profile.points[:, 0], AXIS)
    (tr, tz), (br, bz) = profile.tangents.T, profile.bends.T
    derivatives = [(tr, tz, 0), (radius, 0.0, 1), (br, bz, 0), (tr, 0.0, 1), (-radius, 0.0, 0)]
    normals, curvatures = _surface(
        *(_spread(r, z, sides, quarter, stretch) for r, z, quarter in derivatives)
    )
    for ring in np.flatnonzero((profile.points[:, 0] < 1e-9) & (np.abs(tz) < 1e-6)):
        kappa = sorted(profile.curvatures[ring] / np.square(stretch))
        curvatures[ring * sides : (ring + 1) * sides] = kappa[::-1]
    return normals, curvatures


@lru_cache(maxsize=32)
def _ring(sides: int) -> Floats:
    """(sides, 2) points of the unit circle, counter-clockwise."""
    angle = np.linspace(0.0, 2 * np.pi, sides, endpoint=False)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def bands(segments: Integers32, sides: int) -> Integers32:
    """Triangles between the rings of ``sides`` vertices that each segment joins."""
    here = np.arange(sides, dtype=np.int32)
    there = (here + 1) % sides
    low, high = sides * segments[:, :1], sides * segments[:, 1:]  # (M, 1)
    a, b, c, d = low + here, low + there, high + there, high + here  # (M, sides)
    faces = np.stack([np.stack([a, b, c], -1), np.stack([a, c, d], -1)], axis=2)
    return faces.reshape(-1, 3).astype(np.int32)


@lru_cache(maxsize=32)
def _rod_faces(sides: int) -> Integers32:
    """Triangles of one rod: a band, then two discs as fans, on four rings of vertices."""
    fan = np.stack([np.zeros(sides - 2), np.arange(1, sides - 1), np.arange(2, sides)], axis=1)
    band = bands(np.array([[0, 1]], dtype=np.int32), sides)
    return np.concatenate([band, fan[:, ::-1] + 2 * sides, fan + 3 * sides]).astype(np.int32)


def rods(
    starts: ArrayLike,
    ends: ArrayLike,
    radii: ArrayLike,
    end_radii: ArrayLike | None = None,
    *,
    sides: int = 10,
) -> Shape:
    """N straight round bars with flat ends, as one shape.

    Parameters
    ----------
    starts, ends : (N, 3) arrays, meters
        Of the middle lines.
    radii, end_radii : (N,) arrays or floats, meters
        At the start and at the end; without ``end_radii`` the bars are cylinders.
    sides : int
    """
    starts, ends = np.asarray(starts, dtype=float), np.asarray(ends, dtype=float)
    count = len(starts)
    low = np.broadcast_to(np.asarray(radii, dtype=float), count)
    high = low if end_radii is None else np.broadcast_to(np.asarray(end_radii, float), count)
    axis = ends - starts
    length = np.sqrt((axis**2).sum(1))
    axis = axis / length[:, None]
    turns = np.stack([upright(direction) for direction in axis])  # (N, 3, 3)
    radial = np.einsum("sk,nik->nsi", _ring(sides), turns[:, :, :2])
    slant = np.sqrt(length**2 + (low - high) ** 2)
    side = (length / slant)[:, None, None] * radial
    side = side + ((low - high) / slant)[:, None, None] * axis[:, None]
    rings = [
        starts[:, None] + low[:, None, None] * radial,
        ends[:, None] + high[:, None, None] * radial,
    ]
    cap = np.broadcast_to(axis[:, None], radial.shape)
    kappa = np.zeros((count, 4, sides, 2))
    kappa[:, 0, :, 0] = (length / slant / np.maximum(low, AXIS))[:, None]
    kappa[:, 1, :, 0] = (length / slant / np.maximum(high, AXIS))[:, None]
    offset = np.arange(count, dtype=np.int32)[:, None, None] * np.int32(4 * sides)
    return Shape(
        vertices=np.stack([*rings, *rings], axis=1).reshape(-1, 3),
        faces=(_rod_faces(sides) + offset).reshape(-1, 3),
        normals=np.stack([side, side, -cap, cap], axis=1).reshape(-1, 3),
        curvatures=kappa.reshape(-1, 2),
    )


def rod(
    start: ArrayLike,
    end: ArrayLike,
    radius: float,
    end_radius: float | None = None,
    *,
    sides: int = 10,
) -> Shape:
    """A straight round bar between two points, tapered if ``end_radius`` is given."""
    return rods(np.asarray(start)[None], np.asarray(end)[None], radius, end_radius, sides=sides)


def frustum(
    low_radius: float, high_radius: float, bottom: float, top: float, *, sides: int = 20
) -> Shape:
    """A closed, upright piece of a cone between two flat discs."""
    return rod((0, 0, bottom), (0, 0, top), low_radius, high_radius, sides=sides)


def cylinder(
    radius: float, bottom: float, top: float, *, sides: int = 20, edge: float = 0.0
) -> Shape:
    """A closed, upright cylinder; ``edge`` is the radius (meters) that rounds its two rims."""
    if edge == 0:
        return frustum(radius, radius, bottom, top, sides=sides)
    profile = filleted([(0, bottom), (radius, bottom), (radius, top), (0, top)], edge, steps=2)
    return lathe(profile, sides=sides)


def upright(direction: ArrayLike) -> Floats:
    """The (3, 3) rotation that takes the z axis to a direction the shortest way."""
    vector = np.asarray(direction, dtype=float)
    x, y, z = (vector / np.sqrt((vector**2).sum())).tolist()
    if z < -1 + 1e-12:
        return np.diag([1.0, -1.0, -1.0])
    k = 1 / (1 + z)
    return np.array([[1 - k * x * x, -k * x * y, x], [-k * x * y, 1 - k * y * y, y], [-x, -y, z]])


def prism(outline: Path, bottom: float, top: float) -> Shape:
    """A closed plane path raised from one height to another, with flat ends.

    ``outline`` runs counter-clockwise, and all of it can be seen from the mean of its points.
    """
    count = len(outline.points)
    first, second = outline.segments.T
    heights = np.repeat([bottom, top, bottom, top], count)
    around = np.concatenate(
        [np.tile(outline.points, (4, 1)), np.tile(outline.points.mean(0), 2).reshape(2, 2)]
    )
    vertices = np.column_stack([around, np.append(heights, [bottom, top])])
    normals = np.zeros_like(vertices)
    normals[: 2 * count, :2] = np.tile(outline.sides, (2, 1))
    normals[2 * count : 3 * count, 2] = normals[-2, 2] = -1.0
    normals[3 * count : 4 * count, 2] = normals[-1, 2] = 1.0
    curvatures = np.zeros((len(vertices), 2))
    bend = np.tile(outline.curvatures, 2)
    curvatures[: 2 * count] = np.stack([np.maximum(bend, 0), np.minimum(bend, 0)], axis=1)
    middle = np.full_like(first, 4 * count)
    faces = [
        np.stack([first, second, second + count], 1),
        np.stack([first, second + count, first + count], 1),
        np.stack([middle, second + 2 * count, first + 2 * count], 1),
        np.stack([middle + 1, first + 3 * count, second + 3 * count], 1),
    ]
    return Shape(vertices, np.concatenate(faces).astype(np.int32), normals, curvatures)
