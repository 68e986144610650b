"""Tasks whose label is the picture itself: restored, colored, or put in order."""

from __future__ import annotations

from functools import partial

import numpy as np

from encoders.codecs import colors, corruptions
from encoders.codecs.jigsaw import ORDERS, jigsaw, tile_orders
from encoders.tasks.fits import fit_frequencies
from encoders.tasks.sample import Made, Sample, as_given
from encoders.tasks.task import Label
from taskgraph.arrays import Floats32


def noisy(sample: Sample) -> Floats32:
    """The pictures with noise (`encoders.codecs.corruptions.noisy`), (B, 1, 3, S, S)."""
    rows = zip(sample.rgb, sample.rngs(), strict=True)
    return _planes(np.stack([corruptions.noisy(rgb, rng) for rgb, rng in rows]))[:, None]


PIECE = 2
"""Sides of a jigsaw's piece, as given to a network, to one of the picture."""


def with_hole(sample: Sample) -> Floats32:
    """The pictures without their middle (`encoders.codecs.corruptions.masked`), (B, 1, 3, S, S)."""
    return _planes(corruptions.masked(sample.rgb))[:, None]


def lightness(sample: Sample) -> Floats32:
    """The pictures without their color (`encoders.codecs.colors.lightness`), (B, 1, 1, S, S)."""
    return _planes(colors.lightness(sample.rgb))[:, None]


def shuffled_tiles(sample: Sample) -> Floats32:
    """Nine pieces of each picture in the order that `ORDER` asks for, (B, 9, 3, S/2, S/2).

    A piece shows less than a third of the picture's side: at half of it, no detail is lost, and
    nine of them cost little more than two pictures. (Taskonomy's are 64 pixels of 256.)
    """
    pieces = []
    for rgb, rng in zip(sample.rgb, sample.rngs(), strict=True):
        number = int(rng.integers(ORDERS))  # the first number drawn, as in `_order`
        chosen = tile_orders()[number : number + 1]
        pieces.append(jigsaw(rgb, rng, size=sample.size // PIECE, orders=chosen)[0])
    return _planes(np.stack(pieces))


def _order(sample: Sample) -> Made:
    numbers = [rng.integers(ORDERS) for rng in sample.rngs()]
    return np.array(numbers, dtype=np.int64), np.ones(len(sample), dtype=bool)


def _restored(sample: Sample) -> Made:
    return as_given(sample)[:, 0], sample.everywhere()


def _colored(sample: Sample) -> Made:
    return _planes(colors.color_target(sample.rgb)), sample.everywhere(colors.COARSER)


def _planes(pictures: Floats32) -> Floats32:
    """(..., H, W, C) to (..., C, H, W)."""
    return np.ascontiguousarray(np.moveaxis(pictures, -1, -3))


RESTORED = Label(_restored)
"""The picture itself, in [-1, 1]."""

COLORED = Label(_colored, fit=partial(fit_frequencies, make=_colored))
"""How the colors of 4 x 4 pixels are shared out over bins, and how often each bin occurs."""

ORDER = Label(_order)
"""Which of the `ORDERS` the tiles are in."""
