"""Restorations without a network: scikit-image, Pillow, SciPy, and BM3D."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.prior.observations import Observation, Photograph
from encoders.errors.extras import extra_installed

Baseline = Callable[[Observation, float], Photograph]
"""From an observation and a strength to a restored picture."""

NONE = (0.0,)
"""The strengths of a method that has none."""


def median(observation: Observation, side: float) -> Photograph:
    """Return the median over windows of ``side`` x ``side`` pixels."""
    from scipy.ndimage import median_filter

    values: Photograph = median_filter(observation.values, size=(1, int(side), int(side)))
    return values


def total_variation(observation: Observation, weight: float) -> Photograph:
    """Return scikit-image's `denoise_tv_chambolle`."""
    from skimage import restoration

    method: Any = restoration.denoise_tv_chambolle
    values: Photograph = method(observation.values, weight=weight, channel_axis=0)
    return values


def nonlocal_means(observation: Observation, sigma: float) -> Photograph:
    """Return scikit-image's `denoise_nl_means` with patches of 5 pixels, 13 pixels around.

    ``sigma`` is the noise's standard deviation as the method takes it; its cut-off is 0.8 sigma.
    """
    from skimage.restoration import denoise_nl_means

    gray = len(observation.values) == 1  # scikit-image takes an axis of one channel for rows
    values: Photograph = denoise_nl_means(
        observation.values[0] if gray else observation.values,
        patch_size=5,
        patch_distance=6,
        h=0.8 * sigma,
        sigma=sigma,
        fast_mode=False,
        channel_axis=None if gray else 0,
    )
    return values.reshape(observation.values.shape)


def bm3d(observation: Observation, sigma: float) -> Photograph:
    """Return BM3D of the package ``bm3d`` (color: in its opponent space), for this sigma.

    The package is free for noncommercial use only. Sources: Dabov et al. (2007); Mäkinen et al.
    (2020).
    """
    with extra_installed("bench"):
        from bm3d import bm3d as gray
        from bm3d import bm3d_rgb

    values = observation.values.astype(np.float64)
    if len(values) == 1:
        return np.asarray(gray(values[0], sigma)).reshape(values.shape)
    return np.asarray(bm3d_rgb(values.transpose(1, 2, 0), sigma)).transpose(2, 0, 1)


def resized(observation: Observation, method: Image.Resampling) -> Photograph:
    """Return the measured values at the size of the picture, resampled by Pillow."""
    _, height, width = observation.shape
    channels = [
        np.asarray(Image.fromarray(each).resize((width, height), method))
        for each in observation.values.astype(np.float32)
    ]
    return np.stack(channels)


def bicubic(observation: Observation, _: float) -> Photograph:
    """Return the bicubic enlargement."""
    return resized(observation, Image.Resampling.BICUBIC)


def lanczos(observation: Observation, _: float) -> Photograph:
    """Return the enlargement with a Lanczos kernel of three lobes."""
    return resized(observation, Image.Resampling.LANCZOS)


def cubic(observation: Observation, _: float) -> Photograph:
    """Fill unknown pixels by piecewise cubic interpolation of the known ones.

    Beyond the convex hull of the known pixels the nearest one is taken.
    """
    from scipy.interpolate import CloughTocher2DInterpolator, NearestNDInterpolator

    known = _known(observation)
    places, unknown = np.argwhere(known), np.argwhere(~known)
    filled = observation.values.copy()
    for channel in filled:
        values = channel[known]
        cubic_values = CloughTocher2DInterpolator(places, values)(unknown)
        nearest = NearestNDInterpolator(places, values)(unknown)
        channel[~known] = np.where(np.isnan(cubic_values), nearest, cubic_values)
    return filled


def biharmonic(observation: Observation, _: float) -> Photograph:
    """Fill unknown pixels with scikit-image's `inpaint_biharmonic`."""
    from skimage.restoration import inpaint_biharmonic

    values: Photograph = inpaint_biharmonic(
        observation.values.astype(np.float64), ~_known(observation), channel_axis=0
    )
    return values


def local_median(observation: Observation, side: float) -> Photograph:
    """Fill unknown pixels with the median of the known ones in a window of ``side`` pixels.

    Windows without a known pixel are widened.
    """
    known, filled = _known(observation), observation.values.copy()
    for row, column in np.argwhere(~known):
        reach = int(side) // 2
        while True:
            rows = slice(max(0, row - reach), row + reach + 1)
            columns = slice(max(0, column - reach), column + reach + 1)
            near = known[rows, columns]
            if near.any():
                break
            reach += 1
        filled[:, row, column] = np.median(observation.values[:, rows, columns][:, near], axis=1)
    return filled


def unchanged(observation: Observation, _: float) -> Photograph:
    """Return the measured values."""
    return observation.values


def _known(observation: Observation) -> np.ndarray:
    assert observation.known is not None
    return observation.known


SIGMAS = tuple(level / 255 for level in (5, 10, 15, 20, 25, 30, 35))
WEIGHTS = (0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.16, 0.2)
_FILTERS: dict[str, tuple[Baseline, tuple[float, ...]]] = {
    "median": (median, (3.0, 5.0)),
    "TV": (total_variation, WEIGHTS),
    "NLM": (nonlocal_means, SIGMAS),
    "BM3D": (bm3d, tuple(level / 255 for level in (15, 25, 35, 50))),
}

BASELINES: Mapping[str, Mapping[str, tuple[Baseline, tuple[float, ...]]]] = {
    "denoise": {"unchanged": (unchanged, NONE), **_FILTERS},
    "inpaint": {
        "median": (local_median, (3.0, 5.0)),
        "cubic": (cubic, NONE),
        "biharmonic": (biharmonic, NONE),
    },
    "superresolve": {"bicubic": (bicubic, NONE), "Lanczos": (lanczos, NONE)},
    "dejpeg": {"unchanged": (unchanged, NONE), **_FILTERS},
}
"""By task and name: the function, and the strengths of which validation chooses one."""
