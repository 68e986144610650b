"""Array pictures at another size: averages that leave out what is missing, or nearest numbers."""

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

NUMBERS = ("segment_unsup2d", "segment_unsup25d", "segment_semantic")
DEPTHS = ("depth_zbuffer", "depth_euclidean")
MASKED = ("normal", "principal_curvature", "edge_occlusion", "keypoints3d", "reshading")
"""Domains that come from the mesh: where it has a hole, they hold nothing."""

CHANNELS = {"principal_curvature": 2, "reshading": 1}
"""Channels that are kept, where a file has more than say anything."""


@dataclass(frozen=True)
class Kept:
    """What is kept of a domain's file: the shape for pictures of side ``size``, and the type."""

    shape: tuple[int, ...]
    dtype: str


def kept(domain: str, size: int) -> Kept | None:
    """Shape and type of a domain's arrays; None where the files are not pictures."""
    encoding = encoding_of(domain)
    if encoding.suffix != "png":
        return None
    channels = CHANNELS.get(domain, encoding.channels)
    square = (size, size)
    shape = (*square, channels) if encoding.channels > 1 else square
    return Kept(shape, "uint16" if encoding.bits == 16 else "uint8")


def is_valid(domain: str, raw: Array) -> Booleans:
    """(..., H, W) whether a pixel saw anything, from a picture of one of the mask's domains."""
    return raw < DEPTH_LIMIT if domain in DEPTHS else raw > 127


def resized(domain: str, raw: Array, size: int, valid: Booleans | None = None) -> Array:
    """A raw picture at ``size`` x ``size`` pixels, in the same whole numbers.

    Measures are averaged over the area of each new pixel (bilinear where it grows), over valid
    pixels only; a new pixel is valid if at least half of its area is. Averaged normals are made
    as long as one again. Numbers of segments and classes are those of the nearest pixel.

    Parameters
    ----------
    raw : (H, H) or (H, H, 3) array
    valid : (H, H) array, optional
        For the domains of `MASKED`; depths know their own.

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
    if domain in NUMBERS:
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


def _area(plane: Floats32, size: int) -> Floats:
    """Mean of one (H, H) plane over the area of each new pixel; bilinear where it grows."""
    if size > plane.shape[0]:
        picture = Image.fromarray(np.ascontiguousarray(plane))
        grown = picture.resize((size, size), Image.Resampling.BILINEAR)
        return np.asarray(grown, dtype=np.float64)
    return _shrunk(_shrunk(plane.astype(np.float64), size).T, size).T


def _shrunk(rows: Floats, size: int) -> Floats:
    """(H, W) to (size, W): differences of the rows' running sum, between whole rows linear.

    (Pillow's box filter counts a pixel whole or not at all.)
    """
    height = len(rows)
    sums = np.concatenate([np.zeros_like(rows[:1]), np.cumsum(rows, axis=0)])
    edges = np.arange(size + 1) * height / size
    low = np.minimum(np.floor(edges).astype(int), height - 1)
    at = sums[low] + (edges - low)[:, None] * rows[low]
    means: Floats = np.diff(at, axis=0) * (size / height)
    return means


def _mean(raw: Array, size: int, valid: Booleans | None) -> tuple[Floats, Any]:
    """Mean over the valid part of each new pixel, and how large a share that is."""
    planes = raw.reshape(*raw.shape[:2], -1).astype(np.float32)
    weight = np.ones(raw.shape[:2], np.float32) if valid is None else valid.astype(np.float32)
    share = _area(weight, size)
    whole = np.maximum(share, 1e-6)
    # Where nothing is valid, the plain mean stands in: a mask hides it, but it is no surprise.
    means = [
        np.where(share > 1e-6, _area(p * weight, size) / whole, _area(p, size))
        for p in np.moveaxis(planes, 2, 0)
    ]
    return np.stack(means, axis=-1).reshape(size, size, *raw.shape[2:]), share


def _mean_normal(raw: Array, size: int, valid: Booleans | None) -> Array:
    """Mean direction: opposite normals in one pixel would otherwise shorten each other."""
    mean, _ = _mean(raw, size, valid)
    vector = mean - CENTER
    length = np.sqrt((vector**2).sum(-1, keepdims=True))
    unit = np.where(length > 1, vector / np.maximum(length, 1), 0.0)
    steps: Array = np.rint(CENTER + 127 * unit).clip(0, 254).astype(np.uint8)
    return steps
