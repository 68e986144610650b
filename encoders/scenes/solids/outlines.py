"""Paths of straight lines and circular arcs, from which solids are turned, extruded or swept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from taskgraph.arrays import Booleans, Floats, Integers32


@dataclass(frozen=True, eq=False)
class RoundedPolyline:
    """Points along a polyline with rounded corners, in the plane or in space.

    Where a line meets an arc, or another line at a sharp corner, the path has two points at the
    same place: one for each side's tangent and bend.

    Attributes
    ----------
    points : (N, D) array, meters
    tangents : (N, D) array
        Unit vectors along the path.
    bends : (N, D) array, 1/m
        Second derivative by arc length: toward the center of the arc, 1/radius long; zero on
        straight lines.
    segments : (M, 2) integer array
        Pairs of points that a segment joins.
    """

    points: Floats
    tangents: Floats
    bends: Floats
    segments: Integers32

    @property
    def sides(self) -> Floats:
        """Return (N, 2) unit normals of a plane path, to the right of its travel."""
        return np.stack([self.tangents[:, 1], -self.tangents[:, 0]], axis=1)

    @property
    def curvatures(self) -> Floats:
        """Return a plane path's signed curvature, (N,), 1/m; positive in turns to the left."""
        curvatures: Floats = -(self.bends * self.sides).sum(1)
        return curvatures


def round_corners(
    points: ArrayLike, radii: ArrayLike = 0.0, *, closed: bool = False, steps: int = 4
) -> RoundedPolyline:
    """Return the polyline through ``points`` with rounded corners.

    Parameters
    ----------
    points : (C, D) array, meters
        Consecutive points must differ.
    radii : (C,) array or float, meters
        Radius of the arc at each corner; 0 gives a sharp corner. The ends of an open path have
        no arc. Arcs use at most half of a side between two corners, and a larger radius is
        reduced to this.
    closed : bool
        Whether the last point is followed by the first.
    steps : int
        Number of chords of each arc.
    """
    corners = np.asarray(points, dtype=float)
    count = len(corners)
    radii = np.broadcast_to(np.asarray(radii, dtype=float), count).copy()
    if not closed:
        radii[[0, -1]] = 0.0
    out = np.roll(corners, -1, axis=0) - corners
    length = np.sqrt((out**2).sum(1))
    if not closed:
        out[-1], length[-1] = out[-2], length[-2]
    ahead = out / length[:, None]
    behind, before = np.roll(ahead, 1, axis=0), np.roll(length, 1)
    if not closed:
        behind[0], before[0] = ahead[0], length[0]
    return _assembled(corners, behind, ahead, before, length, radii, closed, steps)


def _assembled(
    corners: Floats,
    behind: Floats,
    ahead: Floats,
    before: Floats,
    after: Floats,
    radii: Floats,
    closed: bool,
    steps: int,
) -> RoundedPolyline:
    """Place the end of a line, an arc and the start of a line at each corner; join them."""
    along = (behind * ahead).sum(1)
    inward = ahead - along[:, None] * behind
    across = np.sqrt((inward**2).sum(1))
    angle = np.arctan2(across, along)
    round_ = (radii > 0) & (angle > 1e-6)
    inward /= np.where(across > 1e-12, across, 1.0)[:, None]
    # An arc may use half of a side, and all of one that ends in a sharp corner or an end.
    shared = np.where(np.roll(round_, 1), 0.5, 1.0), np.where(np.roll(round_, -1), 0.5, 1.0)
    room = np.minimum(before * shared[0], after * shared[1])
    half = np.tan(np.where(round_, angle, 1.0) / 2)
    reach = np.where(round_, np.minimum(radii * half, room), 0.0)
    radius = reach / half
    turn = angle[:, None] * np.linspace(0.0, 1.0, steps + 1)
    turn = np.concatenate([turn[:, :1], turn, turn[:, -1:]], axis=1)  # lines end at 0 and at -1
    sine, cosine = np.sin(turn)[..., None], np.cos(turn)[..., None]
    inside, entry = inward[:, None], behind[:, None]
    start = (corners - reach[:, None] * behind)[:, None]
    points = start + radius[:, None, None] * (sine * entry + (1 - cosine) * inside)
    tangents = cosine * entry + sine * inside
    bends = (cosine * inside - sine * entry) / np.where(round_, radius, 1.0)[:, None, None]
    bends[:, [0, -1]] = 0.0
    tangents[:, 0], tangents[:, -1] = behind, ahead
    gap = after - reach - np.roll(reach, -1) > 1e-9
    return _joined(points, tangents, bends, round_, gap, closed)


def _joined(
    points: Floats, tangents: Floats, bends: Floats, round_: Booleans, gap: Booleans, closed: bool
) -> RoundedPolyline:
    """Join the points at each corner, (N, K, D), by the lines between corners.

    ``round_`` is whether a corner has an arc, and ``gap`` whether a line follows it.
    """
    keep = np.repeat(round_[:, None], points.shape[1], axis=1)
    linked = keep.copy()
    keep[:, [0, -1]] = True
    linked[:, [0, -2]] = False
    linked[:, -1] = gap
    if not closed:
        keep[0, :-1] = keep[-1, 1:] = False
        linked[-1] = False
    kept, first = keep.reshape(-1), np.flatnonzero(linked[keep])
    size, dimension = int(kept.sum()), points.shape[-1]
    segments = np.stack([first, (first + 1) % size], axis=1)
    used = np.zeros(size, dtype=bool)  # where an arc follows an arc, the line has no length
    used[segments] = True
    return RoundedPolyline(
        points=points.reshape(-1, dimension)[kept][used],
        tangents=tangents.reshape(-1, dimension)[kept][used],
        bends=bends.reshape(-1, dimension)[kept][used],
        segments=(np.cumsum(used) - 1)[segments].astype(np.int32),
    )


def rounded_rectangle(
    low: ArrayLike, high: ArrayLike, radius: float | ArrayLike, *, steps: int = 4
) -> RoundedPolyline:
    """Return a closed rectangle with rounded corners, counter-clockwise from the lower left."""
    (x0, y0), (x1, y1) = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    return round_corners([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], radius, closed=True, steps=steps)


def circle(center: ArrayLike, radius: float, *, steps: int = 4) -> RoundedPolyline:
    """Return a closed circle, counter-clockwise, of four arcs with ``steps`` chords each."""
    middle = np.asarray(center, dtype=float)
    return rounded_rectangle(middle - radius, middle + radius, radius, steps=steps)
