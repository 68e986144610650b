"""Colorization: from lightness to a distribution over bins of color, and back.

Lab is CIE 1976 under D65, from sRGB. The bins are squares of a grid of 10 units in the plane
(a, b), as in Zhang, Isola, Efros, "Colorful image colorization", ECCV 2016.
"""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
from numpy.typing import ArrayLike
from skimage.color import lab2rgb

from encoders.errors import InvalidDataError
from taskgraph.arrays import Floats32, Pixels

BIN = 10.0
"""Side of a bin, units of a and b."""

NEIGHBORS = 10
BIN_SPREAD = 5.0
"""A color is shared out over its nearest bins by a Gaussian of this standard deviation."""

COARSER = 4
"""Pixels of the picture to one of the target, along each side."""

_LEVELS = np.arange(256) / 255
_LINEAR = np.where(_LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4).astype(
    np.float32
)
_TO_XYZ = np.array(  # ITU-R BT.709 primaries; each row over D65's own X, Y or Z
    [
        [0.412453 / 0.95047, 0.357580 / 0.95047, 0.180423 / 0.95047],
        [0.212671, 0.715160, 0.072169],
        [0.019334 / 1.08883, 0.119193 / 1.08883, 0.950227 / 1.08883],
    ],
    dtype=np.float32,
)


def lab(linear: Floats32) -> Floats32:
    """CIE Lab (L in [0, 100], a and b within 110 of 0) of (..., 3) linear-light sRGB in [0, 1]."""
    ratio = np.einsum("...c,xc->...x", linear, _TO_XYZ)
    root = np.cbrt(ratio)
    low = ratio <= (6 / 29) ** 3
    root[low] = ratio[low] * np.float32((29 / 6) ** 2 / 3) + np.float32(4 / 29)
    x, y, z = np.moveaxis(root, -1, 0)
    out: Floats32 = np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
    return out


def lightness(rgb: Pixels) -> Floats32:
    """The input of colorization: Lab's lightness L, as ``L / 50 - 1``.

    Returns
    -------
    (..., H, W, 1) float32 array
        In [-1, 1]: black to white.
    """
    shade = np.einsum("...c,c->...", _LINEAR[rgb], _TO_XYZ[1])
    root = np.where(
        shade <= (6 / 29) ** 3, shade * np.float32((29 / 6) ** 2 / 3) + 4 / 29, np.cbrt(shade)
    )
    return np.asarray((116 * root - 66) / 50, dtype=np.float32)[..., None]


def chroma(rgb: Pixels, *, coarser: int = COARSER) -> Floats32:
    """Lab's a and b of the picture at a lower resolution: its mean light over square blocks.

    Returns
    -------
    (..., H / coarser, W / coarser, 2) float32 array

    Raises
    ------
    InvalidDataError
        If a side of the picture is not a multiple of ``coarser``.
    """
    height, width = rgb.shape[-3:-1]
    if height % coarser or width % coarser:
        raise InvalidDataError(
            f"the picture has {height} x {width} pixels, expected multiples of {coarser}; "
            "resize it first"
        )
    blocks = (height // coarser, coarser, width // coarser, coarser, 3)
    light = _LINEAR[rgb].reshape(*rgb.shape[:-3], *blocks)
    return lab(light.sum(axis=-2).sum(axis=-3) / np.float32(coarser**2))[..., 1:]


@cache
def color_bins() -> Floats32:
    """Middles of the bins that hold at least one color of sRGB.

    Along a line of constant a and b, some color on the surface of the RGB cube is reached first:
    its six faces, 256 x 256 colors each, hold every bin that any of the 2^24 colors falls into.
    There are 261; the 313 of Zhang et al. include more, at the margin of the gamut.

    Returns
    -------
    (Q, 2) float32 array
        a and b, multiples of 10, sorted by a, then b. Not to be written to.
    """
    first, second = np.meshgrid(_LINEAR, _LINEAR, indexing="ij")
    faces = [
        np.stack([first, second, np.full_like(first, level)], axis=-1)[..., order]
        for level in (0, 1)
        for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0])
    ]
    bins = np.unique(np.rint(lab(np.stack(faces))[..., 1:].reshape(-1, 2) / BIN), axis=0)
    middles: Floats32 = np.float32(BIN) * bins
    middles.flags.writeable = False
    return middles


def soft_bins(ab: ArrayLike) -> Floats32:
    """How colors are shared out over their ten nearest bins.

    ``share = exp(-d^2 / (2 * 5^2))`` with d the distance to the bin's middle, made to sum to one.
    Bins as near as the tenth count too: no order of the bins decides between them.

    Parameters
    ----------
    ab : (..., 2) array

    Returns
    -------
    (..., Q) float32 array
        Not negative, sums to one over the bins of `color_bins`.
    """
    bins, colors = color_bins(), np.asarray(ab, dtype=np.float32)
    squares = (colors[..., :1] - bins[:, 0]) ** 2 + (colors[..., 1:] - bins[:, 1]) ** 2
    tenth = np.partition(squares, NEIGHBORS - 1, axis=-1)[..., NEIGHBORS - 1, None]
    near = squares <= tenth
    squares -= squares.min(axis=-1, keepdims=True)  # so that no color is too far for a share
    shares = np.zeros_like(squares)
    shares[near] = np.exp(squares[near] / np.float32(-2 * BIN_SPREAD**2))
    shares /= shares.sum(axis=-1, keepdims=True)
    return shares


def color_target(rgb: Pixels) -> Floats32:
    """The target of colorization: `soft_bins` of the `chroma` of each block of 4 x 4 pixels.

    Returns
    -------
    (..., H / 4, W / 4, Q) float32 array
    """
    return soft_bins(chroma(rgb))


def rebalancing(prior: ArrayLike, *, mix: float = 0.5) -> Floats32:
    r"""Weights that make rare colors count in the loss.

    .. math:: w_q \propto \left((1 - \lambda) p_q + \lambda / Q\right)^{-1}, \qquad
              \sum_q p_q w_q = 1.

    A pixel is weighed by the weight of its likeliest bin.

    Parameters
    ----------
    prior : (Q,) array
        p, the share of each bin over many pictures, such as the mean of their `color_target`.
    mix : float in [0, 1]
        Lambda, the share of the uniform distribution; 1 makes all weights 1.

    Returns
    -------
    (Q,) float32 array
        Positive; larger for rarer bins.

    Raises
    ------
    InvalidDataError
        If the prior has negative entries or does not sum to one, or if ``mix`` leaves bins that
        never occur without a finite weight.

    References
    ----------
    Zhang, Isola, Efros, ECCV 2016, equation 4.
    """
    share = np.asarray(prior, dtype=np.float64)
    if share.min() < 0 or abs(share.sum() - 1) > 1e-4:
        raise InvalidDataError(
            f"the prior sums to {share.sum():.4f} and its least entry is {share.min():.4g}, "
            "expected shares that are not negative and sum to 1; divide it by its sum"
        )
    blend = (1 - mix) * share + mix / len(share)
    if blend.min() <= 0:
        raise InvalidDataError(
            f"a bin that never occurs has no finite weight at mix {mix}; give a mix above 0"
        )
    weights = 1 / blend
    return np.asarray(weights / (share * weights).sum(), dtype=np.float32)


def expected_ab(probabilities: ArrayLike, *, temperature: float = 0.38) -> Floats32:
    """The color that a distribution over bins stands for: its annealed mean.

    The mean of the bins' middles under ``p^(1 / temperature)``, made to sum to one: 1 is the plain
    mean, toward 0 it becomes the likeliest bin. 0.38 is the value of Zhang et al., equation 5.

    Parameters
    ----------
    probabilities : (..., Q) array

    Returns
    -------
    (..., 2) float32 array
        a and b.
    """
    share = np.asarray(probabilities, dtype=np.float64)
    sharp = (share / share.max(axis=-1, keepdims=True)) ** (1 / temperature)
    sharp /= sharp.sum(axis=-1, keepdims=True)
    return np.asarray(np.einsum("...q,qc->...c", sharp, color_bins()), dtype=np.float32)


def colored(light: ArrayLike, ab: ArrayLike) -> Pixels:
    """A picture to look at: lightness in [-1, 1] at full, a and b at a lower resolution.

    Parameters
    ----------
    light : (..., H, W, 1) array
        As `lightness` gives it.
    ab : (..., H / n, W / n, 2) array

    Returns
    -------
    (..., H, W, 3) uint8 array
        sRGB; colors outside its gamut are clipped.
    """
    light, ab = np.asarray(light, dtype=np.float64), np.asarray(ab, dtype=np.float64)
    times = light.shape[-3] // ab.shape[-3], light.shape[-2] // ab.shape[-2]
    fine = ab.repeat(times[0], axis=-3).repeat(times[1], axis=-2)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Conversion from CIE-LAB", UserWarning)
        picture = lab2rgb(np.concatenate([50 * (light + 1), fine], axis=-1))
    return np.asarray(np.rint(255 * np.clip(picture, 0, 1)), dtype=np.uint8)
