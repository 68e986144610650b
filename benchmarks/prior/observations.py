"""Observations of a photograph: with noise, masked, at a lower resolution, or as JPEG."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from benchmarks.prior.resampling import Downsampler
from taskgraph.arrays import AnyFloats

Photograph = AnyFloats
"""(C, H, W) array in [0, 1], with one channel or three."""


@dataclass(frozen=True, eq=False)
class Observation:
    """The measured values of a picture, and how a picture gives such values.

    Attributes
    ----------
    values : (C, h, w) array
        What was measured.
    shape : tuple of int
        Channels, height and width of the picture to restore.
    measure : function
        From (B, C, H, W) pictures to the (B, C, h, w) values that they would give; gradients flow
        through it.
    known : (H, W) array of bool, optional
        For inpainting: which pixels were measured.
    """

    values: Photograph
    shape: tuple[int, int, int]
    measure: Callable[[Tensor], Tensor]
    known: np.ndarray | None = None

    def completed(self, picture: Photograph) -> Photograph:
        """Return a restored picture, with the measured values of the pixels that are known."""
        return picture if self.known is None else np.where(self.known, self.values, picture)


def as_they_are(pictures: Tensor) -> Tensor:
    """Return the pictures; the measurement where noise or JPEG changed the values."""
    return pictures


def whole(values: Photograph) -> Observation:
    """Return the observation of every pixel; its values may be wrong."""
    return Observation(values, _shape(values), as_they_are)


def masked(picture: Photograph, known: np.ndarray) -> Observation:
    """Return the observation of the pixels where ``known`` is true; the others become 0."""
    mask = torch.from_numpy(known.astype(np.float32))

    def measure(pictures: Tensor) -> Tensor:
        """Set the unknown pixels to 0."""
        return pictures * mask

    return Observation((picture * known).astype(np.float32), _shape(picture), measure, known)


def smaller(values: Photograph, factor: int) -> Observation:
    """Return the observation of a picture with ``factor`` times more rows and columns."""
    channels, height, width = _shape(values)
    down = Downsampler(height * factor, width * factor, factor)
    return Observation(values, (channels, height * factor, width * factor), down)


def _shape(values: Photograph) -> tuple[int, int, int]:
    channels, height, width = values.shape
    return channels, height, width


def degraded(task: str, truth: Photograph, seed: int, **how: float) -> Observation:
    """Return the observation of a picture for a task of `benchmarks.prior.fit_settings.TASKS`.

    Parameters
    ----------
    truth : (C, H, W) array in [0, 1]
    seed : int
        Seed of the noise or of the mask.
    how
        ``sigma``: standard deviation of the noise, by default 25 / 255; the noisy picture is
        clipped to [0, 1]. ``missing``: share of pixels that are unknown, by default 0.5.
        ``factor``: of super-resolution, by default 4. ``quality``: of the JPEG file, by default 10.
    """
    rng = np.random.default_rng(seed)
    if task == "denoise":
        noise = rng.normal(0, how.get("sigma", 25 / 255), truth.shape)
        return whole(np.clip(truth + noise, 0, 1).astype(np.float32))
    if task == "inpaint":
        return masked(truth, rng.random(truth.shape[1:]) >= how.get("missing", 0.5))
    if task == "superresolve":
        factor = int(how.get("factor", 4))
        down = Downsampler(truth.shape[1], truth.shape[2], factor)
        return smaller(down(torch.from_numpy(truth)).numpy().clip(0, 1), factor)
    return whole(jpeg(truth, int(how.get("quality", 10))))


def jpeg(picture: Photograph, quality: int) -> Photograph:
    """Return a picture after it was written as JPEG of a quality from 1 to 95, and read again."""
    file = io.BytesIO()
    to_image(picture).save(file, "JPEG", quality=quality)
    return from_image(Image.open(file))


def to_image(picture: Photograph) -> Image.Image:
    """Return a (C, H, W) picture in [0, 1] as an image of 8 bits."""
    levels = np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    return Image.fromarray(levels[0] if len(levels) == 1 else levels.transpose(1, 2, 0))


def from_image(image: Image.Image) -> Photograph:
    """Return a gray or RGB image of 8 bits as a (C, H, W) array in [0, 1]."""
    levels = np.asarray(image, dtype=np.float32) / 255
    return levels[None] if levels.ndim == 2 else np.ascontiguousarray(levels.transpose(2, 0, 1))
