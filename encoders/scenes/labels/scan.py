"""A view as a range image: its points, its borders, and where its surface is connected."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.scenes.labels.geometry import depth_zbuffer, normal
from encoders.scenes.labels.sight import Sight

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Offset = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Scan:
    """A range image with its borders, after section III of the NARF paper (see `narf`).

    A border is where one surface hides another by at least a given jump in depth. The paper
    guesses borders from the distances between neighbouring points; here they are the known
    `Gaps`. As there, the near side is an obstacle border and the far side a shadow border.

    Attributes
    ----------
    points, normals : (H, W, 3) arrays
        In the camera's frame; zero where nothing is seen.
    depth : (H, W) array
        Metres, z-buffer; infinite where nothing is seen.
    front, shadow : (H, W) boolean arrays
        Pixels at the near and at the far side of a border; thin things can be both.
    links : (3, 3, H + 2 R, W + 2 R) boolean array
        ``links[1 + i, 1 + j, R + y, R + x]``: whether the surface goes on from the pixel (y, x)
        to its neighbour i rows down and j columns across. To a diagonal neighbour it does if it
        does along one of the two ways around the square.
    margin : int
        R, the farthest that `rings` looks, in pixels.
    """

    points: Floats
    normals: Floats
    depth: Floats
    front: Booleans
    shadow: Booleans
    links: Booleans
    margin: int

    @classmethod
    def of(cls, sight: Sight, *, jump: float, margin: int) -> Scan:
        """The range image of a view whose borders are jumps of at least ``jump`` metres."""
        depth = np.nan_to_num(depth_zbuffer(sight), nan=np.inf)
        seen = np.isfinite(depth)
        right, front, shadow = _borders(depth, sight.gaps.across, jump)
        below, *sides = (found.T for found in _borders(depth.T, sight.gaps.down.T, jump))
        return cls(
            points=sight.grid(sight.rays / -sight.rays[:, 2:])
            * np.where(seen, depth, 0.0)[..., None],
            normals=normal(sight),
            depth=depth,
            front=front | sides[0],
            shadow=shadow | sides[1],
            links=_links(np.pad(right, margin), np.pad(below, margin)),
            margin=margin,
        )

    def rings(self, radius: float) -> Iterator[tuple[list[Offset], Booleans]]:
        """The pixels around each pixel, and which of them are on the same surface.

        The surface is followed from pixel to pixel along the straight line; "no border in
        between" in the paper.

        Yields
        ------
        list of M offsets (rows down, columns across); (M, H, W) boolean array
            Square ring after square ring, from the pixel itself outwards: those offsets of the
            ring that are no longer than ``radius`` pixels, and
            whether each pixel is connected to the one there.
        """
        height, width = self.depth.shape
        offsets, reached = [(0, 0)], np.isfinite(self.depth)[None]
        yield offsets, reached
        for length in range(1, int(radius) + 1):
            inner = {offset: row for row, offset in enumerate(offsets)}
            offsets = _ring(length, radius)
            ring = np.empty((len(offsets), height, width), dtype=bool)
            for row, (down, across) in enumerate(offsets):
                # Rounding half to even is symmetric about zero: turned offsets, turned lines.
                y, x = (round(part * (length - 1) / length) for part in (down, across))
                link = self.links[1 + down - y, 1 + across - x]
                np.logical_and(
                    reached[inner[y, x]],
                    link[
                        self.margin + y : self.margin + y + height,
                        self.margin + x : self.margin + x + width,
                    ],
                    out=ring[row],
                )
            reached = ring
            yield offsets, reached


def _borders(depth: Floats, gap: Floats, jump: float) -> tuple[Booleans, Booleans, Booleans]:
    """Of (H, W) depths and the (H, W - 1) gaps to the right, as three (H, W) arrays.

    Whether the surface goes on to the right, and whether a pixel is at the near side or at the
    far side of a border with its left or right neighbour.
    """
    on, near, far = (np.zeros(depth.shape, dtype=bool) for _ in range(3))
    size = np.abs(gap)
    nearer = np.where(gap > 0, depth[:, :-1], depth[:, 1:])
    # 1 - near / far = size, so far - near = near * size / (1 - size).
    metres = np.where(np.isfinite(nearer), nearer, 0.0) * size / np.maximum(1 - size, 1e-9)
    first, second = (gap > 0) & (metres >= jump), (gap < 0) & (metres >= jump)
    seen = np.isfinite(depth)
    on[:, :-1] = seen[:, :-1] & seen[:, 1:] & ~first & ~second
    near[:, :-1], far[:, 1:] = first, first
    near[:, 1:] |= second
    far[:, :-1] |= second
    return on, near, far


def _links(right: Booleans, below: Booleans) -> Booleans:
    """`Scan.links` from padded maps of where the surface goes on to the right and below."""
    links = np.zeros((3, 3, *right.shape), dtype=bool)
    links[1, 2], links[1, 0, :, 1:] = right, right[:, :-1]
    links[2, 1], links[0, 1, 1:] = below, below[:-1]
    for i in (0, 2):
        for j in (0, 2):
            rows, columns = links[i, 1], links[1, j]
            # The margin is unlinked, so what rolls over the edge is always False.
            links[i, j] = (rows & np.roll(columns, 1 - i, axis=0)) | (
                columns & np.roll(rows, 1 - j, axis=1)
            )
    return links


def _ring(length: int, radius: float) -> list[Offset]:
    """The offsets at Chebyshev distance ``length``, no longer than ``radius``."""
    around = range(-length, length + 1)
    return [
        (i, j)
        for i in around
        for j in around
        if max(abs(i), abs(j)) == length and math.hypot(i, j) <= radius
    ]
