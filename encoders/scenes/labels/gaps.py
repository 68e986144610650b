"""Gaps: jumps in depth between the surfaces of neighboring pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.scenes.camera import Camera
from encoders.scenes.raycast import Hits, Raycaster
from taskgraph.arrays import Booleans, Floats, Indices

HALVINGS = 4
"""Pairs of rays are brought to a distance of 1 / 2**4 pixel to find gaps."""

LEAST_GAP = 1e-3
"""Largest relative difference of depth, at both rays, of planes that are one surface."""

ROUNDING = 1e-9
"""Largest relative difference of depth of planes that are equal."""

SHALLOW = 0.02
"""Planes that cross between the rays, with a smaller difference at both, meet in a crease."""

BEFORE = 0.9
"""Share of the way to a crease up to which the nearer face must be visible."""


@dataclass(frozen=True, eq=False)
class Gaps:
    """Jumps in depth between neighboring pixels, in [-1, 1]; zero within one surface.

    The size is ``1 - near / far``, from the z-buffer depths of two surfaces at the place where
    one hides the other; it is 1 without a surface behind. It is positive if the first pixel is
    nearer.

    Attributes
    ----------
    across : (H, W - 1) array
        Gaps between each pixel and its right neighbor.
    down : (H - 1, W) array
        Gaps between each pixel and its neighbor below.
    """

    across: Floats
    down: Floats

    @classmethod
    def between(cls, raycaster: Raycaster, camera: Camera, size: int, hits: Hits) -> Gaps:
        """Find the gaps of a view from the ``hits`` of the pixels' middles.

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
        rays = np.ascontiguousarray(camera.to_world(rays / -rays[:, 2:]).T)  # of unit depth
        index = np.arange(size * size).reshape(size, size)
        pairs = np.stack(
            [
                np.concatenate([index[:, :-1].ravel(), index[:-1].ravel()]),
                np.concatenate([index[:, 1:].ravel(), index[1:].ravel()]),
            ]
        )
        # Rays that hit the same triangle, or nothing, have no gap.
        differ = np.flatnonzero(hits.face[pairs[0]] != hits.face[pairs[1]])
        pairs, gap = pairs[:, differ], np.zeros(pairs.shape[1])
        # Offsets of visible sides are negative; a nanometer keeps them negative.
        offset = np.einsum("ni,ni->n", hits.flat, hits.point - camera.position)
        planes = np.ascontiguousarray((hits.flat / np.minimum(offset, -1e-9)[:, None]).T)
        gap[differ] = _closed_in(raycaster, camera, _Pair(rays[:, pairs], planes[:, pairs]))
        middle = size * (size - 1)
        return cls(gap[:middle].reshape(size, -1), gap[middle:].reshape(-1, size))


@dataclass(frozen=True, eq=False)
class _Pair:
    """Pairs of rays of unit depth, (3, 2, ...), and the planes that they hit, (3, 2, ...)."""

    rays: Floats
    planes: Floats

    def at(self, rows: Booleans | Indices) -> _Pair:
        """Return the (3, 2, N) pairs of these numbers."""
        return _Pair(self.rays[:, :, rows], self.planes[:, :, rows])

    def gap(self) -> tuple[Floats, Floats]:
        """Return (...) signed gaps between the planes, and (...) their largest difference.

        A gap is the smaller ``1 - near / far`` of the two rays; it is positive if the first
        plane is nearer. Planes that differ only by rounding, such as those of two triangles of
        one face, have no gap.
        """
        near = _inverse_depth(self.planes[:, :, None], self.rays[:, None])  # plane, ray, ...
        share = (near[0] - near[1]) / np.maximum(np.maximum(near[0], near[1]), 1e-12)
        size = np.abs(share)
        smaller = np.where(size[0] < size[1], share[0], share[1])
        apart, mismatch = (share[0] > 0) == (share[1] > 0), np.maximum(size[0], size[1])
        return np.where(apart & (mismatch > ROUNDING), smaller, 0.0), mismatch


def _inverse_depth(planes: Floats, rays: Floats) -> Floats:
    """Return the inverse depths of planes along rays of unit depth, (3, ...) each."""
    return np.asarray(planes[0] * rays[0] + planes[1] * rays[1] + planes[2] * rays[2])


def _planes(raycaster: Raycaster, camera: Camera, faces: NDArray[np.integer]) -> Floats:
    """Return (3, N) vectors m such that a triangle's plane has inverse depth ``m . ray``.

    Rays have unit depth. Points P of the plane, relative to the camera, have m . P = 1. Without
    a hit (the triangle is -1), m is zero: the plane is infinitely far.
    """
    met = np.flatnonzero(faces >= 0)
    planes = np.zeros((3, len(faces)))
    corners = raycaster.building.vertices[raycaster.building.faces[faces[met]]] - camera.position
    first, second, third = corners.transpose(1, 2, 0)
    (x1, y1, z1), (x2, y2, z2) = second - first, third - first
    across = np.stack([y1 * z2 - z1 * y2, z1 * x2 - x1 * z2, x1 * y2 - y1 * x2])
    planes[:, met] = across / _inverse_depth(across, first)
    return planes


def _cast(raycaster: Raycaster, camera: Camera, rays: Floats) -> Floats:
    """Return the (3, N) planes that (3, N) rays of unit depth hit."""
    unit = np.ascontiguousarray((rays / np.sqrt(_inverse_depth(rays, rays))).T)
    return _planes(raycaster, camera, raycaster.distances(camera.position, unit)[0])


def _closed_in(raycaster: Raycaster, camera: Camera, pair: _Pair) -> Floats:
    """Return (N,) gaps of the pairs after repeatedly halving the distance of their rays."""
    gap, mismatch = pair.gap()
    result = np.where(mismatch > LEAST_GAP, gap, 0.0)
    rows = np.flatnonzero((mismatch > LEAST_GAP) & ((gap != 0) | (mismatch > SHALLOW)))
    pair = pair.at(rows)
    for _ in range(HALVINGS):
        pair, gap, mismatch = _half(raycaster, camera, pair)
        result[rows] = np.where(np.abs(gap) > LEAST_GAP, gap, 0.0)
        doubtful = np.flatnonzero((mismatch > LEAST_GAP) & ((gap != 0) | (mismatch > SHALLOW)))
        rows, pair, gap = rows[doubtful], pair.at(doubtful), gap[doubtful]
    crossing = np.flatnonzero(gap == 0)
    result[rows[crossing]] = _crease_gaps(raycaster, camera, pair.at(crossing))
    return result


def _half(raycaster: Raycaster, camera: Camera, pair: _Pair) -> tuple[_Pair, Floats, Floats]:
    """Return the half of each pair with the larger gap, its gap and its difference."""
    (start, end), (near, far) = pair.rays.swapaxes(0, 1), pair.planes.swapaxes(0, 1)
    middle = (start + end) / 2
    rays = np.stack([start, middle, end], axis=1)
    planes = np.stack([near, _cast(raycaster, camera, middle), far], axis=1)
    halves = _Pair(rays[:, [[0, 1], [1, 2]]], planes[:, [[0, 1], [1, 2]]])  # (3, 2, half, N)
    gap, mismatch = halves.gap()
    size = np.abs(gap)
    # Without a gap, the crease or bend is in the half with the larger difference.
    first = np.where(size[0] == size[1], mismatch[0] >= mismatch[1], size[0] > size[1])
    rays, planes = (
        np.where(first, of[:, :, 0], of[:, :, 1]) for of in (halves.rays, halves.planes)
    )
    return (
        _Pair(rays, planes),
        np.where(first, gap[0], gap[1]),
        np.where(first, mismatch[0], mismatch[1]),
    )


def _crease_gaps(raycaster: Raycaster, camera: Camera, pair: _Pair) -> Floats:
    """Return (N,) gaps of pairs whose planes cross, if a face ends before the crossing."""
    depth1, depth2 = _inverse_depth(pair.planes, pair.rays)
    first = depth1 > depth2  # inverse depths: the first surface is nearer
    # Along the way from the nearer surface's ray to the other, the planes' inverse depths differ
    # by a linear function; where it vanishes is the crease.
    start, end = np.where(first, pair.rays, pair.rays[:, ::-1]).swapaxes(0, 1)
    nearer, farther = np.where(first, pair.planes, pair.planes[:, ::-1]).swapaxes(0, 1)
    rise1, rise2 = (_inverse_depth(nearer - farther, ray) for ray in (start, end))
    crease = rise1 / np.where(rise1 == rise2, 1.0, rise1 - rise2)
    ray = start + BEFORE * crease * (end - start)
    seen = _inverse_depth(_cast(raycaster, camera, ray), ray)
    near, far = _inverse_depth(nearer, ray), _inverse_depth(farther, ray)
    met = np.abs(seen - near) <= np.abs(seen - far)
    size = 1 - np.minimum(depth1, depth2) / np.maximum(np.maximum(depth1, depth2), 1e-12)
    return np.where(met, 0.0, np.where(first, size, -size))
