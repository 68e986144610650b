"""What surfaces are made of: a pattern with colours, a size, gloss and glow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from encoders.errors import InvalidSceneError, UnknownNameError
from encoders.scenes.looks.patterns import PATTERNS
from encoders.scenes.looks.place import Place

Floats = NDArray[np.floating[Any]]
Color = tuple[float, float, float]

ROLES: tuple[str, ...] = (
    "floor_wood", "floor_tile", "floor_stone", "carpet", "concrete",
    "wall_plaster", "wall_paper", "wall_tile", "wall_brick", "wall_panel",
    "ceiling", "trim", "door", "window_frame",
    "wood", "wood_dark", "wood_painted", "fabric", "fabric_pattern", "cushion", "bedding",
    "leather", "metal", "brass", "enamel", "plastic", "plastic_dark", "glass", "screen",
    "leaf", "flower", "soil", "clay",
    "paper", "book", "lampshade", "bulb", "rug", "picture", "curtain", "clock_face", "food",
)  # fmt: skip
"""The names by which parts of a building ask for a material."""


@dataclass(frozen=True)
class Material:
    """How a surface looks, apart from the light that falls on it.

    Attributes
    ----------
    pattern : str
        A key of `encoders.scenes.looks.patterns.PATTERNS`.
    colors : tuple of (R, G, B)
        Linear light (not sRGB), each in [0, 1]; as many as the pattern takes.
    scale : float, metres
        One period of the pattern.
    gloss : float in [0, 1]
        0 is dull; the highlight grows stronger and narrower.
    emission : float
        Radiance given off, as a multiple of the albedo; 0 for all but lamps and screens.
    mirror : float in [0, 1]
        The share of the light that is mirrored, seen from straight ahead: 0.04 for varnish,
        nearly 1 for polished metal.
    seed : int in [0, 2**32)
        What tells two surfaces of one kind apart.
    """

    pattern: str
    colors: tuple[Color, ...]
    scale: float = 1.0
    gloss: float = 0.0
    emission: float = 0.0
    mirror: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.pattern not in PATTERNS:
            raise UnknownNameError(
                f"no pattern is called {self.pattern!r}; there are: {', '.join(PATTERNS)}"
            )
        wanted = PATTERNS[self.pattern].colors
        if len(self.colors) != wanted:
            raise InvalidSceneError(
                f"pattern {self.pattern!r} takes {wanted} colours, got {len(self.colors)}"
            )
        if not all(0 <= channel <= 1 for color in self.colors for channel in color):
            raise InvalidSceneError(f"colours are in [0, 1], got {self.colors}")
        if not self.scale > 0:
            raise InvalidSceneError(f"a material's scale is above 0 metres, got {self.scale}")
        if not (0 <= self.gloss <= 1 and 0 <= self.mirror <= 1 and self.emission >= 0):
            raise InvalidSceneError(
                "gloss and mirror are in [0, 1] and emission is not negative, got "
                f"{self.gloss}, {self.mirror} and {self.emission}"
            )


def albedo(
    material: Material, local: ArrayLike, normal: ArrayLike, footprint: ArrayLike | None = None
) -> Floats:
    """The share of light, a channel, that a surface scatters at given points.

    Parameters
    ----------
    material : Material
    local : (N, 3) array, metres
        Points in the piece's own frame.
    normal : (N, 3) array
        Unit normals in the same frame; the pattern lies in the two axes across the largest
        component (box mapping).
    footprint : (N,) array, metres, optional
        What a pixel covers there: detail below it fades to its mean. 0 where not given.

    Returns
    -------
    (N, 3) array in [0, 1], linear light
    """
    local = np.asarray(local)
    return albedos([material], np.zeros(len(local), dtype=np.intp), local, normal, footprint)


def albedos(
    materials: Sequence[Material],
    index: NDArray[np.integer],
    local: ArrayLike,
    normal: ArrayLike,
    footprint: ArrayLike | None = None,
) -> Floats:
    """As `albedo`, for points of many materials at once.

    ``index`` (N,) says which of ``materials`` each point is of. Points are worked on by pattern,
    not by material: a shelf of fifty books is one call.
    """
    position = np.asarray(local, dtype=np.float32)
    facing = np.abs(np.asarray(normal, dtype=np.float32))
    covers = np.zeros(len(position)) if footprint is None else np.asarray(footprint)
    names = [material.pattern for material in materials]
    known = list(dict.fromkeys(names))
    kind = np.array([known.index(name) for name in names], dtype=np.intp)[index]
    result = np.empty((len(position), 3), dtype=np.float32)
    for number, name in enumerate(known):
        rows = np.flatnonzero(kind == number)
        members = [i for i, other in enumerate(names) if other == name]
        inner = np.searchsorted(members, index[rows]) if len(members) > 1 else np.array([0])
        chosen = [materials[i] for i in members]
        place = _place(chosen, inner, position[rows], facing[rows], covers[rows])
        result[rows] = PATTERNS[name].color(place)
    return np.clip(result, 0, 1, out=result)


def _place(
    materials: Sequence[Material],
    inner: NDArray[np.intp],
    position: Floats,
    facing: Floats,
    covers: Floats,
) -> Place:
    """Box mapping, and each row's own scale, seed and colours."""
    level = (facing[:, 2] >= facing[:, 0]) & (facing[:, 2] >= facing[:, 1])
    sideways = ~level & (facing[:, 0] > facing[:, 1])
    return Place(
        u=np.where(sideways, position[:, 1], position[:, 0]),
        v=np.where(level, position[:, 1], position[:, 2]),
        level=level,
        scale=np.array([m.scale for m in materials], dtype=np.float32)[inner],
        seed=np.array([m.seed for m in materials], dtype=np.uint32)[inner],
        colors=np.array([m.colors for m in materials], dtype=np.float32)[inner].swapaxes(0, 1),
        footprint=covers.astype(np.float32),
    )
