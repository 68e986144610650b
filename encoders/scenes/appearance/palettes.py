"""Palettes: how a role, such as ``floor_wood``, becomes a material."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from encoders.errors import InvalidSceneError, UnknownNameError
from encoders.scenes.appearance.materials import ROLES, Color, Material


@dataclass(frozen=True)
class Recipe:
    """Materials of one kind, to be drawn from.

    Attributes
    ----------
    pattern : str
        As for `Material`.
    choices : tuple of str
        Sets of colors to choose from; each names as many sRGB colors as the pattern takes, as
        hexadecimal ``rrggbb`` with blanks between.
    scale : (low, high), meters
    gloss, emission, mirror : float
        As for `Material`.
    spread : float
        Standard deviation of the drawn change of lightness (in sRGB, of 1), common to a
        material's colors; hue turns by a sixth of it, saturation changes by it.
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
            colors=tuple(_varied(name, lighter, turn / 6, fuller) for name in chosen),
            scale=float(rng.uniform(*self.scale)),
            gloss=self.gloss,
            emission=self.emission,
            mirror=self.mirror,
            seed=int(rng.integers(2**32)),
        )


@dataclass(frozen=True, eq=False)
class Palette:
    """A recipe, or several to choose among, for every one of `ROLES`."""

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
        """The palette with other recipes for some roles."""
        return Palette({**self.recipes, **recipes})


def linear(srgb: np.ndarray | float) -> np.ndarray:
    """Light from sRGB values in [0, 1] (IEC 61966-2-1)."""
    value = np.asarray(srgb, dtype=float)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _varied(name: str, lighter: float, turn: float, fuller: float) -> Color:
    """A color name as linear light, its lightness, hue and saturation changed."""
    red, green, blue = (int(name[i : i + 2], 16) / 255 for i in (0, 2, 4))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    srgb = colorsys.hls_to_rgb(
        (hue + turn) % 1.0,
        min(max(lightness + lighter, 0.02), 0.97),
        min(max(saturation * (1 + 3 * fuller), 0.0), 1.0),
    )
    red, green, blue = (float(channel) for channel in np.clip(linear(np.array(srgb)), 0, 1))
    return red, green, blue
