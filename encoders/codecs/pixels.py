"""Conversion between physical values and the whole numbers of pictures.

Each ``store_…`` raises ValueError for values that could not be restored; values above the range of
an encoding are stored as its largest value.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from taskgraph.arrays import Array

DEPTH_STEPS = 512
"""Steps per meter of both depths."""

DEPTH_MISSING = 65535
"""Raw depth of a pixel without a surface, such as the sky in a window; it is restored as NaN."""

CENTER = 127
"""Raw value of zero in a normal or a curvature."""

CURVATURE_STEPS = 127 / 20
"""Steps per 1/m of curvature: radii below 5 cm are stored as 5 cm.

Taskonomy publishes that 127 is zero, but not the steps. Ours are linear, so that they differ from
any other linear scale by a factor only.
"""


def store_depth(meters: ArrayLike) -> Array:
    """Store distances (meters) in steps of 1/512 m up to 128 m; NaN, infinity: `DEPTH_MISSING`."""
    meters = np.asarray(meters, dtype=float)
    if (meters < 0).any():
        raise ValueError("it holds negative distances")
    known = np.isfinite(meters)
    steps = np.minimum(np.rint(np.where(known, meters, 0.0) * DEPTH_STEPS), DEPTH_MISSING - 1)
    return np.where(known, steps, DEPTH_MISSING).astype(np.uint16)


def restore_depth(raw: Array) -> Array:
    """Return meters, float32; NaN without a surface."""
    meters = raw.astype(np.float32) / np.float32(DEPTH_STEPS)
    return np.where(raw == DEPTH_MISSING, np.float32(np.nan), meters)


def store_normal(vectors: ArrayLike) -> Array:
    """Store (H, W, 3) vectors of length 1, or 0 without a surface, in 127 steps to either side."""
    vectors = _finite(vectors)
    if (np.abs(vectors) > 1 + 1e-6).any():
        raise ValueError("it holds vectors that are longer than 1")
    raw: Array = np.rint(CENTER + 127 * vectors).clip(0, 254).astype(np.uint8)
    return raw


def restore_normal(raw: Array) -> Array:
    """Return vectors, float32, of length 1 to within the steps."""
    return (raw.astype(np.float32) - CENTER) / np.float32(127)


def store_curvature(curvature: ArrayLike) -> Array:
    """Store (H, W, 2) principal curvatures, 1/m, as red and green; blue is `CENTER`."""
    curvature = _finite(curvature)
    if curvature.ndim != 3 or curvature.shape[2] != 2:
        raise ValueError(f"its shape is {curvature.shape}, expected (H, W, 2)")
    raw = np.full((*curvature.shape[:2], 3), CENTER, dtype=np.uint8)
    raw[..., :2] = np.rint(CENTER + CURVATURE_STEPS * curvature).clip(0, 254)
    return raw


def restore_curvature(raw: Array) -> Array:
    """Return (H, W, 2) curvatures, 1/m, float32."""
    return (raw[..., :2].astype(np.float32) - CENTER) / np.float32(CURVATURE_STEPS)


def store_map(value: ArrayLike) -> Array:
    """Store numbers in [0, 1] in 65,535 steps."""
    return _share(value, 65535).astype(np.uint16)


def restore_map(raw: Array) -> Array:
    """Return numbers in [0, 1], float32."""
    return raw.astype(np.float32) / np.float32(65535)


def store_gray(value: ArrayLike) -> Array:
    """Store (H, W) numbers in [0, 1] in 255 steps, as a picture of three equal channels."""
    return np.repeat(_share(value, 255).astype(np.uint8)[..., None], 3, axis=-1)


def restore_gray(raw: Array) -> Array:
    """Return (H, W) numbers in [0, 1], float32."""
    return raw[..., 0].astype(np.float32) / np.float32(255)


def restore_byte(raw: Array) -> Array:
    """Return 8-bit numbers as numbers in [0, 1], float32."""
    return raw.astype(np.float32) / np.float32(255)


def store_numbers(numbers: ArrayLike) -> Array:
    """Store whole numbers from 0 to 255 unchanged."""
    numbers = np.asarray(numbers)
    if numbers.dtype.kind not in "iu" or (numbers < 0).any() or (numbers > 255).any():
        raise ValueError("expected whole numbers from 0 to 255")
    return numbers.astype(np.uint8)


def store_mask(valid: ArrayLike) -> Array:
    """Store True as 255, False as 0."""
    return np.where(np.asarray(valid, dtype=bool), 255, 0).astype(np.uint8)


def restore_mask(raw: Array) -> Array:
    """Return True for values above 127."""
    return raw > 127


def store_probabilities(probabilities: ArrayLike) -> Array:
    """Store (C,) probabilities, float32; all zero without a label."""
    values = _finite(probabilities)
    total = float(values.sum())
    if values.ndim != 1 or (values < 0).any() or (total != 0 and abs(total - 1) > 1e-3):
        raise ValueError("expected a row of probabilities that sum to 1, or of zeros")
    return values.astype(np.float32)


def restore_probabilities(raw: Array) -> Array:
    """Return (C,) probabilities, float32."""
    return raw.astype(np.float32).reshape(-1)


def _share(value: ArrayLike, top: int) -> Array:
    value = _finite(value)
    if (value < 0).any():
        raise ValueError("it holds negative numbers")
    steps: Array = np.rint(np.minimum(value, 1.0) * top)
    return steps


def _finite(value: ArrayLike) -> Array:
    array = np.asarray(value, dtype=float)
    if not np.isfinite(array).all():
        raise ValueError("it holds numbers that are not finite")
    return array
