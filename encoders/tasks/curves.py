"""The paper's scalings, from the integers of a label's file to the targets of a network.

A curve maps stored numbers (an array of any shape, float64) to targets, elementwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np

from encoders.codecs.pixels import CENTER
from taskgraph.arrays import Array, Floats32

Curve = Callable[..., Array]

TOP = 65535
"""The largest number of a 16-bit file."""


def log_depth(raw: Array) -> Array:
    """Return log(1 + d) / log(2^16) for d in steps of 1/512 m: 0 at the camera, 1 at 128 m."""
    scaled: Array = np.log1p(raw) / np.log(2.0**16)
    return scaled


def clipped(raw: Array, *, ceiling: float) -> Array:
    """Return raw / 65535, clipped to [0, ``ceiling``] and scaled linearly to [-1, 1]."""
    return np.minimum(raw / TOP, ceiling) / ceiling * 2 - 1


def stretched(raw: Array, *, ceiling: float) -> Array:
    """Return raw / 65535, scaled, not clipped: 0 becomes -1 and ``ceiling`` becomes 1."""
    return raw / TOP / ceiling * 2 - 1


def signed16(raw: Array) -> Array:
    """Scale 0 … 65535 to [-1, 1]."""
    return raw / TOP * 2 - 1


def signed8(raw: Array) -> Array:
    """Scale 0 … 255 to [-1, 1]."""
    return raw / 127.5 - 1


def centered(raw: Array) -> Array:
    """Return a component of a unit vector from its 8-bit code, in which 127 means 0."""
    return (raw - CENTER) / 127


def standard(raw: Array, *, mean: float, std: float) -> Array:
    """Return (raw - mean) / std."""
    return (raw - mean) / std


def apply_curve(curve: Curve, raw: Array, constants: Mapping[str, float]) -> Floats32:
    """Apply a curve to an array of uint8 or uint16, through a table of all possible numbers."""
    table: Floats32 = _table(
        curve, int(np.iinfo(raw.dtype).max) + 1, tuple(sorted(constants.items()))
    )
    return table[raw]


@lru_cache(maxsize=64)
def _table(curve: Curve, entries: int, constants: tuple[tuple[str, float], ...]) -> Floats32:
    numbers = np.arange(entries, dtype=np.float64)
    return np.asarray(curve(numbers, **dict(constants)), dtype=np.float32)
