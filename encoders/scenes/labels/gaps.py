"""How far one surface stands in front of another between neighbouring pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.scenes.camera import Camera
from encoders.scenes.cast import Caster, Hits

Floats = NDArray[np.float64]

HALVINGS = 4
"""A gap is looked for between rays 1 / 2**4 of a pixel apart."""

LEAST_GAP = 1e-3
"""Planes that agree at both rays to within this share of the depth are one surface."""

SHALLOW = 0.02
"""Planes that cross between the rays and agree at both to within this share meet in a crease."""

BEFORE = 0.9
"""How far along the way to a crease the nearer face must still be seen."""


@dataclass(frozen=True, eq=False)
class Gaps:
    """Jumps in depth between neighbouring pixels, in [-1, 1]; zero where the surface goes on.

    The size is ``1 - near / far``, with the depths (z-buffer) of the two surfaces where one hides
    the other, 1 where there is nothing behind. Positive if the first pixel of the two is nearer.

    Attributes
    ----------
    across : (H, W - 1) array
        Between each pixel and the one to its right.
    down : (H - 1, W) array
        Between each pixel and the one below.
    """

    across: Floats
    down: Floats

    @classmethod
    def between(cls, caster: Caster, camera: Camera, size: int, hits: Hits) -> Gaps:
        """Find the gaps of a view whose middle-of-pixel rays met ``hits``.

        In a picture, the inverse depth of a plane is linear. Each ray therefore stands for the
        plane of the triangle that it met, and two rays for two linear functions between them. If
        these agree, it is one surface; if they cross between the rays, the surfaces meet in a
        crease; otherwise there is a gap. Since planes stand for rounded surfaces only nearby,
        pairs of rays that do not agree are brought closer together, by casting the ray half way
        and going on with the half that holds the larger gap, before they are judged. And since
        two faces may end before they meet, deep creases are then looked at: if a ray just before
        the crease does not see the nearer face, there is a gap after all.
        """
        rays = camera.directions(size)
        rays = camera.to_world(rays / -rays[:, 2:])  # of unit depth
        planes = _planes(camera, hits)
        index = np.arange(size * size).reshape(size, size)
        first = np.concatenate([index[:, :-1].ravel(), index[:-1].ravel()])
        second = np.concatenate([index[:, 1:].ravel(), index[1:].ravel()])
        pair = _Pair(rays[first], rays[second], planes[first], planes[second])
        gap = _closed_in(caster, camera, pair)
        middle = size * (size - 1)
        return cls(gap[:middle].reshape(size, -1), gap[middle:].reshape(-1, size))


@dataclass(frozen=True, eq=False)
class _Pair:
    """Two rays of unit depth, (N, 3) each, and the planes that they met, (N, 3) each."""

    ray1: Floats
    ray2: Floats
    plane1: Floats
    plane2: Floats

    def at(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> _Pair:
        """Some of the pairs."""
        return _Pair(self.ray1[rows], self.ray2[rows], self.plane1[rows], self.plane2[rows])

    def gap(self) -> tuple[Floats, Floats]:
        """(N,) signed gaps between the planes, and (N,) how much they disagree at the worse end."""
        first, second = _share(self.plane1, self.plane2, self.ray1, self.ray2)
        size1, size2 = np.abs(first), np.abs(second)
        smaller = np.where(size1 < size2, first, second)
        apart = (first > 0) == (second > 0)
        return np.where(apart, smaller, 0.0), np.maximum(size1, size2)


def _share(plane1: Floats, plane2: Floats, *rays: Floats) -> list[Floats]:
    """Signed ``1 - near / far`` of two planes along rays; positive where the first is nearer."""
    shares = []
    for ray in rays:
        near1, near2 = np.einsum("ni,ni->n", plane1, ray), np.einsum("ni,ni->n", plane2, ray)
        shares.append((near1 - near2) / np.maximum(np.maximum(near1, near2), 1e-12))
    return shares


def _planes(camera: Camera, hits: Hits) -> Floats:
    """(N, 3) vectors m such that the plane met has inverse depth ``m . ray`` along unit depth rays.

    The points P of the plane (from the camera) have m . P = 1. Zero where nothing was met:
    infinitely far.
    """
    offset = (hits.flat * (hits.point - camera.position)).sum(1)
    # Normals face the camera, so offsets are negative; a nanometre keeps them so.
    planes: Floats = hits.flat / np.minimum(offset, -1e-9)[:, None]
    return planes


def _cast(caster: Caster, camera: Camera, rays: Floats) -> Floats:
    """(N, 3) planes that rays of unit depth meet."""
    length = np.sqrt(np.einsum("ni,ni->n", rays, rays))
    return _planes(camera, caster.hits(camera.position, rays / length[:, None]))


def _closed_in(caster: Caster, camera: Camera, pair: _Pair) -> Floats:
    """(N,) gaps of the pairs after halving the distance between their rays."""
    gap, mismatch = pair.gap()
    result = np.where(mismatch > LEAST_GAP, gap, 0.0)
    rows = np.flatnonzero((mismatch > LEAST_GAP) & ((gap != 0) | (mismatch > SHALLOW)))
    pair = pair.at(rows)
    for _ in range(HALVINGS):
        pair = _half(caster, camera, pair)
        gap, mismatch = pair.gap()
        result[rows] = np.where(np.abs(gap) > LEAST_GAP, gap, 0.0)
        doubtful = (mismatch > LEAST_GAP) & ((gap != 0) | (mismatch > SHALLOW))
        rows, pair, gap = rows[doubtful], pair.at(doubtful), gap[doubtful]
    crossing = gap == 0
    result[rows[crossing]] = _unmet(caster, camera, pair.at(crossing))
    return result


def _half(caster: Caster, camera: Camera, pair: _Pair) -> _Pair:
    """Of the halves of each pair, the one with the larger gap."""
    middle = (pair.ray1 + pair.ray2) / 2
    plane = _cast(caster, camera, middle)
    gap1, mismatch1 = _Pair(pair.ray1, middle, pair.plane1, plane).gap()
    gap2, mismatch2 = _Pair(middle, pair.ray2, plane, pair.plane2).gap()
    size1, size2 = np.abs(gap1), np.abs(gap2)
    # Of two halves without a gap, the crease or the bend is in the one that disagrees more.
    first = np.where(size1 == size2, mismatch1 >= mismatch2, size1 > size2)[:, None]
    return _Pair(
        np.where(first, pair.ray1, middle),
        np.where(first, middle, pair.ray2),
        np.where(first, pair.plane1, plane),
        np.where(first, plane, pair.plane2),
    )


def _unmet(caster: Caster, camera: Camera, pair: _Pair) -> Floats:
    """(N,) gaps of pairs whose planes cross, but whose faces may end before they do."""
    depth1 = np.einsum("ni,ni->n", pair.plane1, pair.ray1)
    depth2 = np.einsum("ni,ni->n", pair.plane2, pair.ray2)
    first = depth1 > depth2  # inverse depths: the first surface is nearer
    # Along the way from the nearer surface's ray to the other, the planes' inverse depths differ
    # by a linear function; where it vanishes is the crease.
    start = np.where(first[:, None], pair.ray1, pair.ray2)
    end = np.where(first[:, None], pair.ray2, pair.ray1)
    between = pair.plane1 - pair.plane2
    rise1, rise2 = np.einsum("ni,ni->n", between, start), np.einsum("ni,ni->n", between, end)
    crease = rise1 / np.where(rise1 == rise2, 1.0, rise1 - rise2)
    ray = start + (BEFORE * crease)[:, None] * (end - start)
    seen = np.einsum("ni,ni->n", _cast(caster, camera, ray), ray)
    near = np.einsum("ni,ni->n", np.where(first[:, None], pair.plane1, pair.plane2), ray)
    far = np.einsum("ni,ni->n", np.where(first[:, None], pair.plane2, pair.plane1), ray)
    met = np.abs(seen - near) <= np.abs(seen - far)
    size = 1 - np.minimum(depth1, depth2) / np.maximum(np.maximum(depth1, depth2), 1e-12)
    return np.where(met, 0.0, np.where(first, size, -size))
