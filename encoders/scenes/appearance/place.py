"""Where a pattern is evaluated, and the ways that patterns mix their colours.

Colours are held column by column in memory, which numpy works on faster than on rows of three.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Seeds = NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class Place:
    """Where, and in what, a pattern is evaluated; arrays of length N, or 1 where all rows agree.

    Attributes
    ----------
    u, v : (N,) arrays, metres
        Coordinates across the dominant axis of the normal: ``v`` is z on upright surfaces.
    level : (N,) boolean array
        Whether the surface is nearer to horizontal than to upright.
    scale : (N,) or (1,) array, metres of one period
    seed : (N,) or (1,) unsigned integers
    colors : (K, N, 3) or (K, 1, 3) array, linear light
    footprint : (N,) array, metres that a pixel covers
    """

    u: Floats
    v: Floats
    level: NDArray[np.bool_]
    scale: Floats
    seed: Seeds
    colors: Floats
    footprint: Floats

    @cached_property
    def x(self) -> Floats:
        """``u`` in periods."""
        return self.u / self.scale

    @cached_property
    def y(self) -> Floats:
        """``v`` in periods."""
        return self.v / self.scale

    @cached_property
    def width(self) -> Floats:
        """The footprint in periods."""
        return self.footprint / self.scale


def mix(first: Floats, second: Floats, share: Floats) -> Floats:
    """``first`` where ``share`` is 0, ``second`` where it is 1."""
    mixed: Floats = (first.T + share * (second - first).T).T
    return mixed


def toned(color: Floats, tone: Floats, depth: float) -> Floats:
    """Lighten and darken by ``tone`` in [0, 1], up to ``depth`` either way; 0.5 keeps it."""
    return scaled(color, 1 + np.float32(2 * depth) * (tone - np.float32(0.5)))


def scaled(color: Floats, factor: Floats) -> Floats:
    """Each of (N, 3) colours, or one (1, 3) for all, times its own one of (N,) factors."""
    product: Floats = (color.T * factor).T
    return product
