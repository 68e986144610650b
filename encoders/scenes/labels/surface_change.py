"""The surface change around each pixel, from which NARF finds 3D keypoints (section IV-A)."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from encoders.scenes.labels.bits import dilate, pack, unpack
from encoders.scenes.labels.scan import Offset, Scan
from taskgraph.arrays import Booleans, Floats, Indices

SUPPORT = 0.3
"""Diameter (meters) of the ball whose surface changes determine a point's value, as in the
real data."""

LEAST_PIXELS = 5.0
"""Least width of the support in pixels, so that far points have neighbors too."""

PATCH = 2
"""Surface change is measured over patches of (2 * 2 + 1)**2 pixels."""

LEAST_CHANGE = 0.2
"""Least surface change of a point that is not flat."""

ANGLES = 16
"""Number of bins of directions over 180 degrees; 0 and 90 degrees are middles of bins."""

TURN = ((1 - (1 - LEAST_CHANGE) ** (1 / 3)) ** 2) ** 0.5 / 4
"""Least difference of two neighbors' normals in a patch with a change of `LEAST_CHANGE`.

Every pixel of a 5 x 5 patch is at most four neighbors from its middle, so that the variance of
its normals is at most (4 `TURN`)**2."""


@dataclass(frozen=True, eq=False)
class _Patch:
    """The patch around each pixel: (M,) offsets, steps between places, and (M, P) connections.

    ``held`` is whether the surface continues from each of P places to an offset.
    """

    offsets: tuple[Offset, ...]
    steps: Indices
    held: Booleans

    @classmethod
    def of(cls, scan: Scan) -> _Patch:
        """Return the squares of `PATCH` pixels to either side."""
        rings = list(scan.rings(np.hypot(PATCH, PATCH)))
        offsets = tuple(offset for ring, _ in rings for offset in ring)
        held = unpack([bits for _, maps in rings for bits in maps], scan.places(scan.depth).size)
        return cls(offsets, np.array([scan.step(offset) for offset in offsets]), held)


@dataclass(frozen=True, eq=False)
class SurfaceChanges:
    """The surface change at the P places of maps with their margins.

    Its weight in (0, 1], the bin of its direction, and the largest distance (pixels) of points
    that have the place among their neighbors; 0 on flat surfaces.
    """

    weight: Floats
    bin: Indices
    extent: Floats


def surface_changes(scan: Scan, support: Floats, scale: float) -> SurfaceChanges:
    """Compute the size and direction of the surface change at each point (section IV-A).

    The weight is 1 at obstacle borders, 0 at shadow borders, and 1 - (1 - s)**3 elsewhere, with s
    the square root of the largest eigenvalue of the covariance of the normals in the connected
    5 x 5 patch: 0 on a plane, 0.7 next to a right-angled edge. The direction is across the
    border, or the eigenvector (across the edge), as it appears in the picture. The paper projects
    it onto the plane that faces the sensor at the point of interest instead; within a support,
    which the picture shows a few degrees wide, the angles between directions are alike.

    ``support`` is sigma at each place, meters, (P,); ``scale`` as for `_extent`.
    """
    points, patch = scan.places(scan.points), _Patch.of(scan)
    weight, angle, extent = np.zeros((3, support.size))
    place = _uneven(scan)
    spread = _spread(scan, patch, place)
    large = np.flatnonzero(np.einsum("iin->n", spread) > _variance(LEAST_CHANGE))
    place = place[large]
    values, axes = np.linalg.eigh(spread[:, :, large].transpose(2, 0, 1))  # rising
    value, vector = values[:, 2], axes[:, :, 2].T
    weight[place] = 1 - (1 - np.sqrt(np.clip(value, 0.0, 1.0))) ** 3
    angle[place] = _picture_angles(points[:, place], vector)
    place = np.flatnonzero(scan.places(scan.front & ~scan.shadow))
    weight[place], angle[place] = 1.0, _border_angles(scan, patch, place)
    place = np.flatnonzero(weight > LEAST_CHANGE)
    extent[place] = _extent(points[:, place], support[place], scale)
    bins = np.floor(angle / np.pi * ANGLES + 0.5).astype(np.intp) % ANGLES
    return SurfaceChanges(weight, bins, extent)


def _extent(points: Floats, support: Floats, scale: float) -> Floats:
    """Return the largest distance (pixels) of points whose half support reaches each point.

    A step v (meters) from depth z moves the projection by at most |v| slant / (z - |v|), with
    slant the ratio of distance and depth; ``scale`` is what a pixel takes of this plane. The
    other point may be the deeper one by v, and its support wider for that.
    """
    step = 0.5 * support / max(1 - 0.5 * LEAST_PIXELS * scale, 1e-3)
    depth = -points[2]
    slant = np.sqrt((points**2).sum(0)) / depth
    pixels: Floats = step * slant / (np.maximum(depth - step, 1e-3) * scale)
    return pixels


def _variance(weight: float) -> float:
    """Return the eigenvalue of the normals' covariance for a weight."""
    return float((1 - (1 - weight) ** (1 / 3)) ** 2)


def _uneven(scan: Scan) -> Indices:
    """Return the places away from borders with neighbors in the patch that differ by `TURN`."""
    normals, turns = scan.places(scan.normals), 0
    for offset in ((0, 1), (1, 0)):
        step = scan.step(offset)
        apart = normals[:, step:] - normals[:, :-step]
        turn = pack(np.einsum("in,in->n", apart, apart) > TURN**2) & scan.links[offset]
        turns |= turn | turn << step
    sideways = dilate(turns, range(1, PATCH + 1))
    around = dilate(sideways, [scan.step((rows, 0)) for rows in range(1, PATCH + 1)])
    even = np.isfinite(scan.depth) & ~scan.front & ~scan.shadow
    count = normals.shape[1]
    return np.flatnonzero(unpack([around & pack(scan.places(even))], count)[0])


def _spread(scan: Scan, patch: _Patch, place: Indices) -> Floats:
    """Return the covariance (3, 3, N) of the normals in the connected patches around N places."""
    held = patch.held[:, place]  # (M, N)
    around = place + patch.steps[:, None]
    normals = [axis.take(around) * held for axis in scan.places(scan.normals)]
    count = held.sum(0)
    mean = [normal.sum(0) / count for normal in normals]
    spread = np.empty((3, 3, len(place)))
    for i, j in itertools.combinations_with_replacement(range(3), 2):
        squares = np.einsum("mn,mn->n", normals[i], normals[j]) / count
        spread[i, j] = spread[j, i] = squares - mean[i] * mean[j]
    return spread


def _border_angles(scan: Scan, patch: _Patch, place: Indices) -> Floats:
    """Return the directions across borders at N places, radians counter-clockwise from right.

    This is the direction of the mean offset to the unconnected pixels behind, within the patch.
    For a surface with borders on both sides (a pole) it is the axis through both. Offsets are
    added as complex numbers with twice the angle, so that opposite directions do not cancel.
    """
    depths = scan.places(scan.depth, fill=np.nan)
    behind = ~patch.held[:, place] & (depths[place + patch.steps[:, None]] > depths[place])
    ways = np.array([complex(j, -i) for i, j in patch.offsets])
    toward = (ways[:, None] * behind).sum(0)
    axis = ((ways**2 / np.maximum(np.abs(ways), 1.0))[:, None] * behind).sum(0)
    angles: Floats = np.angle(toward**2 / np.maximum(np.abs(toward), 1e-12) + axis) / 2
    return angles


def _picture_angles(points: Floats, directions: Floats) -> Floats:
    """Return the angles in the picture of (3, N) directions, counter-clockwise from right."""
    x, y = directions[:2] - points[:2] / points[2] * directions[2]
    angles: Floats = np.arctan2(y, x)
    return angles
