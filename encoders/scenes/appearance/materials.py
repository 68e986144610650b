"""What surfaces are made of: a pattern with colors, a size, gloss and glow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from encoders.errors import InvalidSceneError, UnknownNameError
from encoders.scenes.appearance.patterns import PATTERNS
from encoders.scenes.appearance.place import Place
from taskgraph.arrays import AnyFloats, Booleans, Indices

Color = tuple[float, float, float]

ROLES: tuple[str, ...] = (
    "floor_wood",
    "floor_tile",
    "floor_stone",
    "carpet",
    "concrete",
    "wall_plaster",
    "wall_paper",
    "wall_tile",
    "wall_brick",
    "wall_panel",
    "ceiling",
    "trim",
    "door",
    "window_frame",
    "wood",
    "wood_dark",
    "wood_painted",
    "fabric",
    "fabric_pattern",
    "cushion",
    "bedding",
    "leather",
    "metal",
    "brass",
    "enamel",
    "plastic",
    "plastic_dark",
    "glass",
    "screen",
    "leaf",
    "flower",
    "soil",
    "clay",
    "paper",
    "book",
    "lampshade",
    "bulb",
    "rug",
    "picture",
    "curtain",
    "clock_face",
    "food",
)
"""The names by which parts of a building ask for a material."""


@dataclass(frozen=True)
class Material:
    """How a surface looks, apart from the light that falls on it.

    Attributes
    ----------
    pattern : str
        A key of `encoders.scenes.appearance.patterns.PATTERNS`.
    colors : tuple of (R, G, B)
        Linear light (not sRGB), each in [0, 1]; as many as the pattern takes.
    scale : float, meters
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
                f"pattern {self.pattern!r} takes {wanted} colors, got {len(self.colors)}"
            )
        if not all(0 <= channel <= 1 for color in self.colors for channel in color):
            raise InvalidSceneError(f"colors are in [0, 1], got {self.colors}")
        if not self.scale > 0:
            raise InvalidSceneError(f"a material's scale is above 0 meters, got {self.scale}")
        if not (0 <= self.gloss <= 1 and 0 <= self.mirror <= 1 and self.emission >= 0):
            raise InvalidSceneError(
                "gloss and mirror are in [0, 1] and emission is not negative, got "
                f"{self.gloss}, {self.mirror} and {self.emission}"
            )


def albedo(
    material: Material, local: ArrayLike, normal: ArrayLike, footprint: ArrayLike | None = None
) -> AnyFloats:
    """The share of light, a channel, that a surface scatters at given points.

    Parameters
    ----------
    material : Material
    local : (N, 3) array, meters
        Points in the piece's own frame.
    normal : (N, 3) array
        Unit normals in the same frame; the pattern lies in the two axes across the largest
        component (box mapping).
    footprint : (N,) array, meters, optional
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
) -> AnyFloats:
    """As `albedo`, for points of many materials at once.

    ``index`` (N,) says which of ``materials`` each point is of. Points are worked on by pattern,
    not by material: a shelf of fifty books is one call.
    """
    groups, kind_of, inner_of = _by_pattern(materials)
    kinds = kind_of[index]
    order = np.argsort(kinds.astype(np.uint8), kind="stable")  # one run of rows a pattern
    inner = inner_of[index[order]]
    covers = np.zeros(len(index)) if footprint is None else np.asarray(footprint)
    width = covers.astype(np.float32).take(order)
    u, v, level = _unfolded(np.asarray(local).T, np.asarray(normal).T, order)
    colors = np.empty((3, len(index)), dtype=np.float32)  # in that order
    end = 0
    for kind, (name, members) in enumerate(groups.items()):
        start, end = end, end + int(np.count_nonzero(kinds == kind))
        run, chosen = slice(start, end), [materials[i] for i in members]
        place = _place(chosen, inner[run], u[run], v[run], level[run], width[run])
        colors[:, run] = PATTERNS[name].color(place).T
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return np.clip(colors, 0, 1, out=colors).take(back, axis=1).T


def _by_pattern(
    materials: Sequence[Material],
) -> tuple[dict[str, list[int]], Indices, Indices]:
    """The numbers of each pattern's materials; each one's pattern, and its place among those."""
    groups: dict[str, list[int]] = {}
    for number, material in enumerate(materials):
        groups.setdefault(material.pattern, []).append(number)
    kind_of, inner_of = np.empty((2, len(materials)), dtype=np.intp)
    for kind, members in enumerate(groups.values()):
        kind_of[members], inner_of[members] = kind, np.arange(len(members))
    return groups, kind_of, inner_of


def _unfolded(
    local: AnyFloats, normal: AnyFloats, order: Indices
) -> tuple[AnyFloats, AnyFloats, Booleans]:
    """Box mapping of (3, N) points in the given order: u and v, and whether they lie level."""
    x, y, z = local.astype(np.float32).take(order, axis=1)
    across, along, up = np.abs(normal.astype(np.float32).take(order, axis=1))
    level = (up >= across) & (up >= along)
    sideways = ~level & (across > along)
    return np.where(sideways, y, x), np.where(level, y, z), level


def _place(
    materials: Sequence[Material],
    inner: Indices,
    u: AnyFloats,
    v: AnyFloats,
    level: Booleans,
    footprint: AnyFloats,
) -> Place:
    """Each row's own scale, seed and colors; those of all rows where there is one material."""
    if len(materials) == 1:
        inner = np.zeros(1, dtype=np.intp)
    colors = np.array([m.colors for m in materials], dtype=np.float32).transpose(1, 2, 0)
    return Place(
        u=u,
        v=v,
        level=level,
        scale=np.array([m.scale for m in materials], dtype=np.float32)[inner],
        seed=np.array([m.seed for m in materials], dtype=np.uint32)[inner],
        colors=colors.take(inner, axis=2).swapaxes(1, 2),
        footprint=footprint,
    )
