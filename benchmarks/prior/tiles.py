"""Overlapping tiles of a large picture, and their blending."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from benchmarks.prior.observations import Photograph
from taskgraph.arrays import Floats32


@dataclass(frozen=True)
class Tile:
    """A rectangle of a picture, in pixels."""

    top: int
    left: int
    height: int
    width: int

    def of(self, values: np.ndarray) -> np.ndarray:
        """Return this part of a (..., H, W) array."""
        rows = slice(self.top, self.top + self.height)
        return values[..., rows, self.left : self.left + self.width]

    def scaled(self, factor: int) -> Tile:
        """Return the same part of a picture with ``factor`` times more rows and columns."""
        return Tile(*(factor * each for each in (self.top, self.left, self.height, self.width)))


def starts(size: int, side: int, overlap: int) -> list[int]:
    """Return where tiles of ``side`` begin, evenly spaced, with at least ``overlap`` in common."""
    if size <= side:
        return [0]
    count = math.ceil((size - overlap) / (side - overlap))
    return [round(number * (size - side) / (count - 1)) for number in range(count)]


def tiles_of(height: int, width: int, side: int, overlap: int) -> list[Tile]:
    """Return the tiles that cover a picture, row by row; one if it is not larger than a tile."""
    tall, wide = min(side, height), min(side, width)
    places = itertools.product(starts(height, side, overlap), starts(width, side, overlap))
    return [Tile(top, left, tall, wide) for top, left in places]


def ramp(length: int, overlap: int) -> Floats32:
    """Return the weights of a tile's rows or columns: rising to 1 within the overlap at each end.

    All are above 0, so that a blended picture has a value everywhere.
    """
    from_end = np.minimum(np.arange(length), np.arange(length)[::-1]) + 1
    return np.minimum(1, from_end / (overlap + 1)).astype(np.float32)


class BlendedTiles:
    """The weighted mean of overlapping tiles, over a picture that shows where no tile is."""

    def __init__(self, background: Photograph, overlap: int) -> None:
        self.background, self.overlap = background, overlap
        self._sum = np.zeros(background.shape, dtype=np.float32)
        self._weight = np.zeros(background.shape[1:], dtype=np.float32)

    def add(self, tile: Tile, picture: Photograph) -> None:
        """Blend a finished tile in."""
        weight = np.outer(ramp(tile.height, self.overlap), ramp(tile.width, self.overlap))
        tile.of(self._sum)[...] += weight * picture
        tile.of(self._weight)[...] += weight

    def picture(self) -> Photograph:
        """Return the blended picture."""
        weight = np.where(self._weight > 0, self._weight, 1)
        return np.where(self._weight > 0, self._sum / weight, self.background)

    def with_tile(self, tile: Tile, picture: Photograph) -> Photograph:
        """Return the picture as it would be with one more tile; the canvas is unchanged."""
        copy = BlendedTiles(self.background, self.overlap)
        copy._sum, copy._weight = self._sum.copy(), self._weight.copy()
        copy.add(tile, picture)
        return copy.picture()
