"""Tasks that a picture sets itself: restoring it from noise, or from a hole in its middle.

Inputs are made from the picture when it is loaded, as Taskonomy's are. All functions take one
picture (H, W, 3) or a batch (B, H, W, 3) of 8-bit sRGB and return 32-bit floats. What colors and
puzzles need is in `encoders.codecs.colors` and `encoders.codecs.jigsaw`.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from taskgraph.arrays import Booleans, Floats32, Pixels

NOISE_VARIANCE = 0.01
"""Variance of the noise that denoising removes, for pictures in [0, 1]."""


def signed(rgb: Pixels) -> Floats32:
    """The picture in [-1, 1]: ``2 rgb / 255 - 1``; the target of all the tasks here.

    Returns
    -------
    (..., H, W, 3) float32 array
    """
    return np.asarray(rgb, dtype=np.float32) / np.float32(127.5) - np.float32(1)


def noisy(rgb: Pixels, rng: Generator, *, variance: float = NOISE_VARIANCE) -> Floats32:
    """The input of denoising: ``2 clip(rgb / 255 + n, 0, 1) - 1`` with Gaussian noise n.

    The noise is drawn for each pixel and channel by itself.

    Parameters
    ----------
    rgb : (..., H, W, 3) uint8 array
    variance : float
        Of the noise, in units of a picture in [0, 1].

    Returns
    -------
    (..., H, W, 3) float32 array
        In [-1, 1].
    """
    picture = rng.standard_normal(rgb.shape, dtype=np.float32)
    picture *= np.float32(2 * variance**0.5)
    picture += signed(rgb)
    return np.clip(picture, -1, 1, out=picture)


def hole(height: int, width: int) -> Booleans:
    """Where in-painting hides the picture: rows H/4 to 3H/4 and columns W/4 to 3W/4.

    Returns
    -------
    (H, W) bool array
        A quarter of the picture where both sides are multiples of 4; H/4 is rounded down.
    """
    inside = np.zeros((height, width), dtype=bool)
    inside[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4] = True
    return inside


def masked(rgb: Pixels) -> Floats32:
    """The input of in-painting: the picture in [-1, 1], with 0 (gray) in the `hole`.

    Returns
    -------
    (..., H, W, 3) float32 array
        In [-1, 1].
    """
    picture = signed(rgb)
    picture[..., hole(*rgb.shape[-3:-1]), :] = 0
    return picture
