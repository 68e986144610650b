"""The jigsaw puzzle: nine pieces of a picture in one of a hundred orders, which is to be told.

After Noroozi and Favaro, "Unsupervised learning of visual representations by solving jigsaw
puzzles", ECCV 2016, as Taskonomy has it: 3 x 3 tiles, of each a random crop, 100 orders.
"""

from __future__ import annotations

from functools import cache
from itertools import permutations

import numpy as np
from numpy.random import Generator

from encoders.codecs.corruptions import signed
from encoders.errors import InvalidDataError
from taskgraph.arrays import Floats32, Integers, Pixels

SIDE = 3
TILES = SIDE * SIDE
ORDERS = 100
CROP = 0.9
"""Side of a piece as a share of its tile's."""


@cache
def tile_orders(count: int = ORDERS) -> Pixels:
    """Orders of nine tiles that differ in as many places as possible.

    Beginning with 0, 1, ..., 8, the permutation with the largest sum of Hamming distances to all
    chosen ones is added; of several, that with the largest distance to its nearest; of several,
    the first by the alphabet. Nothing is drawn at random. The hundred have a mean distance of
    8.08, which is the most that is possible.

    Returns
    -------
    (count, 9) uint8 array
        ``orders[k, place]`` is the tile that order k puts at a place. Not to be written to.

    Raises
    ------
    InvalidDataError
        If ``count`` is not between 1 and 9! = 362,880.
    """
    every = np.array(list(permutations(range(TILES))), dtype=np.uint8)
    if not 1 <= count <= len(every):
        raise InvalidDataError(f"{count} orders of nine tiles, expected 1 to {len(every)}")
    chosen = np.zeros(count, dtype=np.intp)
    total, least = np.zeros(len(every), dtype=np.int64), np.full(len(every), TILES + 1)
    columns = np.ascontiguousarray(every.T)
    for k in range(1, count):
        distance = np.zeros(len(every), dtype=np.uint8)
        for column in columns:
            distance += column != column[chosen[k - 1]]
        total += distance
        np.minimum(least, distance, out=least)
        total[chosen[k - 1]] = -1  # never again
        best = np.flatnonzero(total == total.max())
        chosen[k] = best[least[best].argmax()]
    orders = every[chosen]
    orders.flags.writeable = False
    return orders


def jigsaw(
    rgb: Pixels,
    rng: Generator,
    *,
    size: int,
    crop: float = CROP,
    orders: Pixels | None = None,
) -> tuple[Floats32, Integers]:
    """Cut pictures into nine pieces each, and shuffle them by an order drawn at random.

    A tile is a ninth of the picture, ``H // 3`` by ``W // 3`` pixels; up to two rows and columns
    at the lower and the right edge belong to none. A piece is a crop of its tile, from a place
    drawn at random, enlarged bilinearly (between pixel middles) to ``size``.

    Parameters
    ----------
    rgb : (H, W, 3) or (B, H, W, 3) uint8 array
    size : int
        Pixels along each side of a piece; at least those of its crop, for nothing is averaged.
    crop : float in (0, 1]
        Side of the crop as a share of the tile's, rounded to pixels.
    orders : (K, 9) integer array, optional
        Default: `tile_orders`.

    Returns
    -------
    (9, size, size, 3) or (B, 9, size, size, 3) float32 array
        In [-1, 1]: at each place, the piece of the tile that the order puts there.
    () or (B,) int64 array
        Which order, from 0: the class to be told.

    Raises
    ------
    InvalidDataError
        If the pieces would be shrunk, or be empty.
    """
    orders = tile_orders() if orders is None else orders
    batch = rgb.reshape(-1, *rgb.shape[-3:])
    tile = np.array(batch.shape[1:3]) // SIDE
    inner = np.rint(crop * tile).astype(int)
    if inner.min() < 1 or inner.max() > min(size, *tile):
        raise InvalidDataError(
            f"pieces of {inner[0]} x {inner[1]} pixels from tiles of {tile[0]} x {tile[1]} cannot "
            f"be enlarged to {size}; give a crop in (0, 1] and a larger size or a smaller picture"
        )
    label = rng.integers(len(orders), size=len(batch))
    corner = rng.integers(tile - inner + 1, size=(len(batch), TILES, 2))
    which = orders[label].astype(int)  # (B, 9): the tile at each place
    corner += np.stack(np.divmod(which, SIDE), axis=-1) * tile
    pieces = _enlarged(batch, corner, inner, size)
    shape = rgb.shape[:-3]
    return pieces.reshape(*shape, *pieces.shape[1:]), label.reshape(shape)


def _enlarged(batch: Pixels, corner: Integers, inner: Integers, size: int) -> Floats32:
    """(B, 9, size, size, 3) crops of ``inner`` pixels at (B, 9, 2) corners, in [-1, 1]."""
    rows = corner[..., 0, None] + np.arange(inner[0])  # (B, 9, h)
    columns = corner[..., 1, None] + np.arange(inner[1])  # (B, 9, w)
    pictures = np.arange(len(batch))[:, None, None, None]
    crops = signed(batch[pictures, rows[..., None], columns[..., None, :]])  # (B, 9, h, w, 3)
    # Rows, then columns; columns and channels share an axis, which keeps the inner loops long.
    tall = _stretched(crops.reshape(-1, inner[0], inner[1] * 3), size, axis=1)
    wide = _stretched(tall, size, axis=2, channels=3)
    return wide.reshape(len(batch), TILES, size, size, 3)


def _stretched(crops: Floats32, size: int, *, axis: int, channels: int = 1) -> Floats32:
    """Enlarge an axis, which runs through the channels of each pixel, to ``size`` pixels."""
    inner = crops.shape[axis] // channels
    place = np.clip((np.arange(size) + 0.5) * inner / size - 0.5, 0, inner - 1)
    low = np.floor(place).astype(np.intp)
    share = np.repeat((place - low).astype(np.float32), channels)
    channel = np.tile(np.arange(channels), size)
    start = crops.take(np.repeat(low, channels) * channels + channel, axis=axis)
    high = np.minimum(low + 1, inner - 1)
    step: Floats32 = crops.take(np.repeat(high, channels) * channels + channel, axis=axis)
    step -= start
    step *= share if axis == crops.ndim - 1 else share[:, None]
    step += start
    return step
