"""Tasks whose label is the picture itself: restoring it, coloring it, ordering its tiles."""

from __future__ import annotations

from functools import partial

import numpy as np

from encoders.codecs import colors, corruptions
from encoders.codecs.jigsaw import ORDERS, jigsaw, tile_orders
from encoders.tasks.fits import fit_frequencies
from encoders.tasks.sample import Sample, TargetsAndMask, scaled_pictures
from encoders.tasks.task import Label
from taskgraph.arrays import Floats32


def noisy_pictures(sample: Sample) -> Floats32:
    """Return the pictures with noise, (B, 1, 3, S, S) (`encoders.codecs.corruptions.noisy`)."""
    rows = zip(sample.rgb, sample.rngs(), strict=True)
    return _planes(np.stack([corruptions.noisy(rgb, rng) for rgb, rng in rows]))[:, None]


PIECE = 2
"""The picture's side divided by the side of a jigsaw tile, as given to a network."""


def pictures_with_hole(sample: Sample) -> Floats32:
    """Return the pictures without their middle, (B, 1, 3, S, S) (`encoders.codecs.corruptions`)."""
    return _planes(corruptions.masked(sample.rgb))[:, None]


def lightness_pictures(sample: Sample) -> Floats32:
    """Return the lightness of the pictures, (B, 1, 1, S, S) (`encoders.codecs.colors`)."""
    return _planes(colors.lightness(sample.rgb))[:, None]


def shuffled_tiles(sample: Sample) -> Floats32:
    """Return nine tiles of each picture, in the order that `ORDER` is the label of.

    Returns (B, 9, 3, S/2, S/2). A tile shows less than a third of the picture's side, so that S/2
    pixels lose no detail; nine tiles cost little more than two pictures. (Taskonomy's tiles have
    64 pixels for pictures of 256.)
    """
    pieces = []
    for rgb, rng in zip(sample.rgb, sample.rngs(), strict=True):
        number = int(rng.integers(ORDERS))  # the first number drawn, which is that of `_order`
        chosen = tile_orders()[number : number + 1]
        pieces.append(jigsaw(rgb, rng, size=sample.size // PIECE, orders=chosen)[0])
    return _planes(np.stack(pieces))


def _order(sample: Sample) -> TargetsAndMask:
    numbers = [rng.integers(ORDERS) for rng in sample.rngs()]
    return np.array(numbers, dtype=np.int64), np.ones(len(sample), dtype=bool)


def _restored(sample: Sample) -> TargetsAndMask:
    return scaled_pictures(sample)[:, 0], sample.everywhere()


def _colored(sample: Sample) -> TargetsAndMask:
    return _planes(colors.color_target(sample.rgb)), sample.everywhere(colors.DOWNSAMPLING)


def _planes(pictures: Floats32) -> Floats32:
    """Move the channels first: (..., H, W, C) to (..., C, H, W)."""
    return np.ascontiguousarray(np.moveaxis(pictures, -1, -3))


RESTORED = Label(_restored)
"""Label: the picture itself, in [-1, 1]."""

COLORED = Label(_colored, fit=partial(fit_frequencies, make=_colored))
"""Label: for each 4 x 4 pixels, the shares of the color bins. Its fit is each bin's frequency."""

ORDER = Label(_order)
"""Label: the number of the permutation that the tiles are in, below `ORDERS`."""
