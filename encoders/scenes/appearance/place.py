"""Where a pattern is evaluated, and the ways that patterns mix their colors.

Colors are held column by column in memory, which numpy works on faster than on rows of three.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from taskgraph.arrays import AnyFloats, Booleans, Seeds


@dataclass(frozen=True, eq=False)
class Place:
    """Where, and in what, a pattern is evaluated; arrays of length N, or 1 where all rows agree.

    Attributes
    ----------
    u, v : (N,) arrays, meters
        Coordinates across the dominant axis of the normal: ``v`` is z on upright surfaces.
    level : (N,) boolean array
        Whether the surface is nearer to horizontal than to upright.
    scale : (N,) or (1,) array, meters of one period
    seed : (N,) or (1,) unsigned integers
    colors : (K, N, 3) or (K, 1, 3) array, linear light
    footprint : (N,) array, meters that a pixel covers
    """

    u: AnyFloats
    v: AnyFloats
    level: Booleans
    scale: AnyFloats
    seed: Seeds
    colors: AnyFloats
    footprint: AnyFloats

    @cached_property
    def x(self) -> AnyFloats:
        """``u`` in periods."""
        return self.u / self.scale

    @cached_property
    def y(self) -> AnyFloats:
        """``v`` in periods."""
        return self.v / self.scale

    @cached_property
    def width(self) -> AnyFloats:
        """The footprint in periods."""
        return self.footprint / self.scale


def mix(first: AnyFloats, second: AnyFloats, share: AnyFloats) -> AnyFloats:
    """``first`` where ``share`` is 0, ``second`` where it is 1."""
    mixed: AnyFloats = (first.T + share * (second - first).T).T
    return mixed


def toned(color: AnyFloats, tone: AnyFloats, depth: float) -> AnyFloats:
    """Lighten and darken by ``tone`` in [0, 1], up to ``depth`` either way; 0.5 keeps it."""
    return scaled(color, 1 + np.float32(2 * depth) * (tone - np.float32(0.5)))


def scaled(color: AnyFloats, factor: AnyFloats) -> AnyFloats:
    """Each of (N, 3) colors, or one (1, 3) for all, times its own one of (N,) factors."""
    product: AnyFloats = (color.T * factor).T
    return product
