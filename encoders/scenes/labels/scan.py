"""A view as a range image: its points, its borders, and where its surface is connected."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from encoders.scenes.labels.bits import pack, shift
from encoders.scenes.labels.geometry import depth_zbuffer, normal
from encoders.scenes.labels.raycast_view import RaycastView
from taskgraph.arrays import Array, Booleans, Floats

Offset = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Scan:
    """A range image with its borders, after section III of the NARF paper (see `narf`).

    At a border, one surface hides another with at least a given jump in depth. The paper
    estimates borders from the distances between neighboring points; here they are the exact
    `Gaps`. As in the paper, the near side is an obstacle border, the far side a shadow border.

    Attributes
    ----------
    points, normals : (H, W, 3) arrays
        In the camera's frame; zero without a surface.
    depth : (H, W) array
        Z-buffer depth, meters; infinite without a surface.
    front, shadow : (H, W) boolean arrays
        Pixels at the near and at the far side of a border; thin things can be both.
    links : dict
        By offset (rows down, columns across) to one of the eight neighbors: a map (`bits`) of
        whether the surface continues to that neighbor. It continues to a diagonal neighbor if
        it does along one of the two paths of two steps.
    margin : int
        R, the largest radius of `rings`, pixels.
    """

    points: Floats
    normals: Floats
    depth: Floats
    front: Booleans
    shadow: Booleans
    links: dict[Offset, int]
    margin: int

    @classmethod
    def of(cls, view: RaycastView, *, jump: float, margin: int) -> Scan:
        """Return the range image of a view; borders are jumps of at least ``jump`` meters."""
        depth = np.nan_to_num(depth_zbuffer(view), nan=np.inf)
        seen = np.isfinite(depth)
        right, front, shadow = _borders(depth, view.gaps.across, jump)
        below, *sides = (borders.T for borders in _borders(depth.T, view.gaps.down.T, jump))
        return cls(
            points=view.grid(view.rays / -view.rays[:, 2:]) * np.where(seen, depth, 0.0)[..., None],
            normals=normal(view),
            depth=depth,
            front=front | sides[0],
            shadow=shadow | sides[1],
            links=_links(right, below, margin),
            margin=margin,
        )

    @property
    def stride(self) -> int:
        """Return the number of places in a row of a map with its margin."""
        return int(self.depth.shape[1]) + 2 * self.margin

    def step(self, offset: Offset) -> int:
        """Return the number of places from a pixel to an offset (rows down, columns across)."""
        return offset[0] * self.stride + offset[1]

    def places(self, maps: Array, fill: float = 0) -> Array:
        """Return (H, W, ...) values as (..., P) places of a map with a margin of ``fill``."""
        height, width, margin = *self.depth.shape, self.margin
        wide = np.full((*maps.shape[2:], height + 2 * margin, self.stride), fill, dtype=maps.dtype)
        wide[..., margin : margin + height, margin : margin + width] = np.moveaxis(
            maps, (0, 1), (-2, -1)
        )
        return wide.reshape(*maps.shape[2:], -1)

    def rings(self, radius: float) -> Iterator[tuple[tuple[Offset, ...], list[int]]]:
        """Yield the pixels around each pixel, and which of them are on the same surface.

        The surface is followed from pixel to pixel along the straight line, as "no border in
        between" in the paper.

        Yields
        ------
        M offsets (rows down, columns across); M maps (`bits`)
            One square ring after the other, from the pixel itself outwards: the offsets of at
            most ``radius`` pixels, and whether each pixel is connected to the pixel there.
        """
        offsets: tuple[Offset, ...] = ((0, 0),)
        reached = [pack(self.places(np.isfinite(self.depth)))]
        yield offsets, reached
        for length in range(1, int(radius) + 1):
            inner = dict(zip(offsets, reached, strict=True))
            lines = _ring(length, int(radius**2 + 1e-9))
            reached = [
                inner[before] & shift(self.links[last], self.step(before))
                for _, before, last in lines
            ]
            offsets = tuple(offset for offset, _, _ in lines)
            yield offsets, reached


def _borders(depth: Floats, gap: Floats, jump: float) -> tuple[Booleans, Booleans, Booleans]:
    """Find borders from (H, W) depths and (H, W - 1) gaps; return three (H, W) arrays.

    They are: whether the surface continues to the right, and whether a pixel is at the near side
    or at the far side of a border with its left or right neighbor.
    """
    on, near, far = (np.zeros(depth.shape, dtype=bool) for _ in range(3))
    size = np.abs(gap)
    nearer = np.where(gap > 0, depth[:, :-1], depth[:, 1:])
    # 1 - near / far = size, so far - near = near * size / (1 - size).
    meters = np.where(np.isfinite(nearer), nearer, 0.0) * size / np.maximum(1 - size, 1e-9)
    first, second = (gap > 0) & (meters >= jump), (gap < 0) & (meters >= jump)
    seen = np.isfinite(depth)
    on[:, :-1] = seen[:, :-1] & seen[:, 1:] & ~first & ~second
    near[:, :-1], far[:, 1:] = first, first
    near[:, 1:] |= second
    far[:, :-1] |= second
    return on, near, far


def _links(right: Booleans, below: Booleans, margin: int) -> dict[Offset, int]:
    """Return `Scan.links` from maps of whether the surface continues to the right and below."""
    stride = right.shape[1] + 2 * margin
    onward = {(0, 1): pack(np.pad(right, margin)), (1, 0): pack(np.pad(below, margin))}
    links = {**onward, (0, -1): onward[0, 1] << 1, (-1, 0): onward[1, 0] << stride}
    for i in (-1, 1):
        for j in (-1, 1):
            rows, columns = links[i, 0], links[0, j]
            links[i, j] = rows & shift(columns, i * stride) | columns & shift(rows, j)
    return links


@functools.cache
def _ring(length: int, square: int) -> tuple[tuple[Offset, Offset, Offset], ...]:
    """Return straight lines to the offsets at Chebyshev distance ``length``.

    Each is its end, the pixel before the end, and the last step. Lines longer than the root of
    ``square`` are left out.
    """
    lines = []
    around = range(-length, length + 1)
    for i, j in itertools.product(around, around):
        if max(abs(i), abs(j)) == length and i * i + j * j <= square:
            # Rounding half to even is symmetric about zero: rotated offsets, rotated lines.
            y, x = (round(part * (length - 1) / length) for part in (i, j))
            lines.append(((i, j), (y, x), (i - y, j - x)))
    return tuple(lines)
