"""From the whole numbers of a file to what a network is to give: the paper's scalings.

Each curve takes raw numbers (any shape, float64) and gives targets, elementwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np

from encoders.codecs.pixels import CENTER
from taskgraph.arrays import Array, Floats32

Curve = Callable[..., Array]

TOP = 65535


def log_depth(raw: Array) -> Array:
    """log(1 + d) / log(2^16) for d in steps of 1/512 m: 0 at the camera, 1 at 128 m."""
    share: Array = np.log1p(raw) / np.log(2.0**16)
    return share


def clipped(raw: Array, *, ceiling: float) -> Array:
    """The share of 65535, clipped to [0, ``ceiling``] and stretched to [-1, 1]."""
    return np.minimum(raw / TOP, ceiling) / ceiling * 2 - 1


def stretched(raw: Array, *, ceiling: float) -> Array:
    """As `clipped`, but what is above ``ceiling`` goes above 1."""
    return raw / TOP / ceiling * 2 - 1


def signed16(raw: Array) -> Array:
    """0 … 65535 to [-1, 1]."""
    return raw / TOP * 2 - 1


def signed8(raw: Array) -> Array:
    """0 … 255 to [-1, 1]."""
    return raw / 127.5 - 1


def centered(raw: Array) -> Array:
    """A component of a unit vector: 127 is 0."""
    return (raw - CENTER) / 127


def standard(raw: Array, *, mean: float, std: float) -> Array:
    """(raw - mean) / std."""
    return (raw - mean) / std


def applied(curve: Curve, raw: Array, constants: Mapping[str, float]) -> Floats32:
    """The curve of an array of uint8 or uint16: looked up in a table of all its numbers."""
    table: Floats32 = _table(
        curve, int(np.iinfo(raw.dtype).max) + 1, tuple(sorted(constants.items()))
    )
    return table[raw]


@lru_cache(maxsize=64)
def _table(curve: Curve, entries: int, constants: tuple[tuple[str, float], ...]) -> Floats32:
    numbers = np.arange(entries, dtype=np.float64)
    return np.asarray(curve(numbers, **dict(constants)), dtype=np.float32)
