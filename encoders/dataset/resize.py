"""Resize the pictures and labels of a data set, averaging over valid pixels only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from encoders.codecs.encodings import encoding_of
from encoders.codecs.pixels import CENTER, DEPTH_MISSING
from encoders.errors import InvalidDataError
from encoders.tasks.labels import DEPTH_LIMIT
from taskgraph.arrays import Array, Booleans, Floats, Floats32

DEPTHS = ("depth_zbuffer", "depth_euclidean")
"""Domains of depths, which mark invalid pixels by a number of their own."""

MASKED = ("normal", "principal_curvature", "edge_occlusion", "keypoints3d", "reshading")
"""Domains rendered from the mesh: their numbers are meaningless where the mesh has a hole."""

CHANNELS = {"principal_curvature": 2, "reshading": 1}
"""Number of channels to keep, for domains whose files have unused channels."""


@dataclass(frozen=True)
class ArrayForm:
    """The shape and the data type of one view's array of a domain."""

    shape: tuple[int, ...]
    dtype: str


def array_form(domain: str, size: int) -> ArrayForm | None:
    """Return the form of a domain's arrays at ``size`` pixels a side; None if not a picture."""
    encoding = encoding_of(domain)
    if encoding.suffix != "png":
        return None
    channels = CHANNELS.get(domain, encoding.channels)
    square = (size, size)
    shape = (*square, channels) if encoding.channels > 1 else square
    return ArrayForm(shape, "uint16" if encoding.bits == 16 else "uint8")


def is_valid(domain: str, raw: Array) -> Booleans:
    """Return the valid pixels, (..., H, W), from a picture of a domain that tells them."""
    return raw < DEPTH_LIMIT if domain in DEPTHS else raw > 127


def resized(domain: str, raw: Array, size: int, valid: Booleans | None = None) -> Array:
    """Resize a picture to ``size`` x ``size`` pixels; it keeps its integer type.

    Numbers are averaged over the valid pixels in the area of each new pixel, or interpolated
    bilinearly if the picture grows. A new pixel is valid if at least half of its area is. Averaged
    normals are scaled to length 1. Numbers of segments and classes are those of the nearest pixel.

    Parameters
    ----------
    raw : (H, H) or (H, H, 3) array
    valid : (H, H) array, optional
        The valid pixels, for the domains of `MASKED`.

    Raises
    ------
    InvalidDataError
        If the picture is not square.
    """
    if raw.ndim < 2 or raw.shape[0] != raw.shape[1]:
        raise InvalidDataError(f"is {raw.shape[1::-1]} pixels, expected a square picture")
    raw = raw[..., : CHANNELS[domain]] if domain in CHANNELS else raw
    if raw.shape[0] == size:
        return raw
    if encoding_of(domain).nearest:
        return np.asarray(Image.fromarray(raw).resize((size, size), Image.Resampling.NEAREST))
    if domain in DEPTHS:
        valid = is_valid(domain, raw)
    if domain == "normal":
        return _mean_normal(raw, size, valid)
    mean, share = _mean(raw, size, valid)
    if domain == "mask_valid":
        return np.where(mean >= 127.5, 255, 0).astype(np.uint8)
    steps = np.rint(mean)
    if domain in DEPTHS:
        steps = np.where(share >= 0.5, steps, DEPTH_MISSING)
    top = np.iinfo(raw.dtype).max
    return steps.clip(0, top).astype(raw.dtype)


def _area_mean(plane: Floats32, size: int) -> Floats:
    """Return the mean of an (H, H) plane over the area of each new pixel; bilinear if it grows."""
    if size > plane.shape[0]:
        picture = Image.fromarray(np.ascontiguousarray(plane))
        grown = picture.resize((size, size), Image.Resampling.BILINEAR)
        return np.asarray(grown, dtype=np.float64)
    return _shrunk(_shrunk(plane.astype(np.float64), size).T, size).T


def _shrunk(rows: Floats, size: int) -> Floats:
    """Return the means over equal ranges of rows, (H, W) to (size, W).

    They are differences of the rows' cumulative sum, interpolated linearly, so that a row counts
    in part where a range begins or ends within it. (Pillow's box filter counts whole rows only.)
    """
    height = len(rows)
    sums = np.concatenate([np.zeros_like(rows[:1]), np.cumsum(rows, axis=0)])
    edges = np.arange(size + 1) * height / size
    low = np.minimum(np.floor(edges).astype(int), height - 1)
    at_edges = sums[low] + (edges - low)[:, None] * rows[low]
    means: Floats = np.diff(at_edges, axis=0) * (size / height)
    return means


def _mean(raw: Array, size: int, valid: Booleans | None) -> tuple[Floats, Any]:
    """Return the mean over the valid part of each new pixel, and the valid share of its area."""
    planes = raw.reshape(*raw.shape[:2], -1).astype(np.float32)
    weight = np.ones(raw.shape[:2], np.float32) if valid is None else valid.astype(np.float32)
    share = _area_mean(weight, size)
    divisor = np.maximum(share, 1e-6)
    # Where no pixel is valid, the mean of all is used, so that no number is out of range.
    means = [
        np.where(share > 1e-6, _area_mean(p * weight, size) / divisor, _area_mean(p, size))
        for p in np.moveaxis(planes, 2, 0)
    ]
    return np.stack(means, axis=-1).reshape(size, size, *raw.shape[2:]), share


def _mean_normal(raw: Array, size: int, valid: Booleans | None) -> Array:
    """Return the mean of normals, scaled to length 1 (8-bit codes)."""
    mean, _ = _mean(raw, size, valid)
    vector = mean - CENTER
    length = np.sqrt((vector**2).sum(-1, keepdims=True))
    unit = np.where(length > 1, vector / np.maximum(length, 1), 0.0)
    steps: Array = np.rint(CENTER + 127 * unit).clip(0, 254).astype(np.uint8)
    return steps
