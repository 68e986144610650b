"""Points at which patterns are evaluated, and functions that mix their colors.

Colors are stored column by column in memory: numpy is faster on them than on rows of three.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from taskgraph.arrays import AnyFloats, Booleans, Seeds


@dataclass(frozen=True, eq=False)
class PatternPoints:
    """N points of a pattern with the material's scale, seed and colors at each of them.

    Attributes
    ----------
    u, v : (N,) arrays, meters
        Coordinates in the surface's plane: ``v`` is z on vertical surfaces.
    level : (N,) boolean array
        Whether the surface is closer to horizontal than to vertical.
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
        """Return ``u`` in periods."""
        return self.u / self.scale

    @cached_property
    def y(self) -> AnyFloats:
        """Return ``v`` in periods."""
        return self.v / self.scale

    @cached_property
    def width(self) -> AnyFloats:
        """Return the footprint in periods."""
        return self.footprint / self.scale


def mix(first: AnyFloats, second: AnyFloats, share: AnyFloats) -> AnyFloats:
    """Return ``first`` where ``share`` is 0, ``second`` where it is 1, and a mix between."""
    mixed: AnyFloats = (first.T + share * (second - first).T).T
    return mixed


def vary_brightness(color: AnyFloats, tone: AnyFloats, depth: float) -> AnyFloats:
    """Change brightness by ``tone`` in [0, 1], up to a share ``depth``; 0.5 changes nothing."""
    return scale_colors(color, 1 + np.float32(2 * depth) * (tone - np.float32(0.5)))


def scale_colors(color: AnyFloats, factor: AnyFloats) -> AnyFloats:
    """Multiply (N, 3) colors, or one (1, 3) color, by (N,) factors."""
    product: AnyFloats = (color.T * factor).T
    return product
