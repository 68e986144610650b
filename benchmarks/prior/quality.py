"""PSNR and SSIM of a restored picture against the true one."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.prior.observations import Photograph

LUMA = np.array([65.481, 128.553, 24.966]) / 255
"""Weights of red, green and blue in the Y channel of ITU-R BT.601; 16 / 255 is added."""


def psnr(picture: Photograph, truth: Photograph) -> float:
    """Return −10 log₁₀ of the mean squared error of values in [0, 1], in dB; larger is better."""
    error = float(np.mean((np.asarray(picture, np.float64) - truth) ** 2))
    return float("inf") if error == 0 else float(-10 * np.log10(error))


def ssim(picture: Photograph, truth: Photograph) -> float:
    """Return the mean structural similarity of scikit-image with its default window of 7 pixels.

    The values are at most 1; larger is better.
    """
    from skimage import metrics

    # Both in the same type; a mean over channels.
    pair = [np.asarray(each, dtype=np.float64) for each in (picture, truth)]
    similarity: Any = metrics.structural_similarity
    return float(similarity(*pair, channel_axis=0, data_range=1.0))


def luma(picture: Photograph) -> Photograph:
    """Return the Y channel, (1, H, W), of an RGB picture; a gray picture is returned unchanged."""
    if len(picture) == 1:
        return picture
    return np.tensordot(LUMA, picture, axes=1)[None] + 16 / 255


def compared(task: str, picture: Photograph) -> Photograph:
    """Return what is compared for a task: the Y channel for super-resolution, else all channels."""
    return luma(picture) if task == "superresolve" else picture
