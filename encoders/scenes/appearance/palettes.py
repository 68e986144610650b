"""Palettes: random materials for roles such as ``floor_wood``."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from encoders.errors import InvalidSceneError, UnknownNameError
from encoders.scenes.appearance.materials import ROLES, Color, Material


@dataclass(frozen=True)
class Recipe:
    """A distribution of materials of one kind.

    Attributes
    ----------
    pattern : str
        See `Material`.
    choices : tuple of str
        Color sets, one of which is drawn. Each has as many sRGB colors as the pattern mixes,
        as hexadecimal ``rrggbb`` separated by blanks.
    scale : (low, high), meters
    gloss, emission, mirror : float
        See `Material`.
    spread : float
        Standard deviation of a random change of lightness (sRGB in [0, 1]) that all colors of
        a material share. That of saturation is the same, that of hue a sixth of it.
    """

    pattern: str
    choices: tuple[str, ...]
    scale: tuple[float, float] = (1.0, 1.0)
    gloss: float = 0.0
    emission: float = 0.0
    mirror: float = 0.0
    spread: float = 0.03

    def material(self, rng: np.random.Generator) -> Material:
        """Draw one material."""
        chosen = self.choices[rng.integers(len(self.choices))].split()
        lighter, turn, fuller = rng.normal(0.0, self.spread, 3)
        return Material(
            pattern=self.pattern,
            colors=tuple(_vary_color(name, lighter, turn / 6, fuller) for name in chosen),
            scale=float(rng.uniform(*self.scale)),
            gloss=self.gloss,
            emission=self.emission,
            mirror=self.mirror,
            seed=int(rng.integers(2**32)),
        )


@dataclass(frozen=True, eq=False)
class Palette:
    """One or several recipes for each of `ROLES`; where there are several, one is drawn."""

    recipes: Mapping[str, tuple[Recipe, ...]]

    def __post_init__(self) -> None:
        missing = [role for role in ROLES if not self.recipes.get(role)]
        if missing:
            raise InvalidSceneError(f"the palette has no recipe for: {', '.join(missing)}")
        unknown = [role for role in self.recipes if role not in ROLES]
        if unknown:
            raise UnknownNameError(
                f"the palette has recipes for unknown roles: {', '.join(unknown)}"
            )

    def material(self, role: str, rng: np.random.Generator) -> Material:
        """Draw a material for a role.

        Raises
        ------
        UnknownNameError
            If ``role`` is not in `ROLES`.
        """
        if role not in self.recipes:
            raise UnknownNameError(f"no role is called {role!r}; there are: {', '.join(ROLES)}")
        recipes = self.recipes[role]
        return recipes[rng.integers(len(recipes))].material(rng)

    def changed(self, **recipes: tuple[Recipe, ...]) -> Palette:
        """Return the palette with other recipes for some roles."""
        return Palette({**self.recipes, **recipes})


def srgb_to_linear(srgb: np.ndarray | float) -> np.ndarray:
    """Return linear light of sRGB values in [0, 1] (IEC 61966-2-1)."""
    value = np.asarray(srgb, dtype=float)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _vary_color(name: str, lighter: float, turn: float, fuller: float) -> Color:
    """Return linear light of a hexadecimal color with changed lightness, hue and saturation."""
    red, green, blue = (int(name[i : i + 2], 16) / 255 for i in (0, 2, 4))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    srgb = colorsys.hls_to_rgb(
        (hue + turn) % 1.0,
        min(max(lightness + lighter, 0.02), 0.97),
        min(max(saturation * (1 + 3 * fuller), 0.0), 1.0),
    )
    red, green, blue = (float(channel) for channel in np.clip(srgb_to_linear(np.array(srgb)), 0, 1))
    return red, green, blue
