"""A sample of a task, with everything that is needed to draw an answer about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from encoders.codecs.colors import colored
from encoders.draw.tiles import as_tile
from encoders.tasks import Task
from taskgraph.arrays import Array, Pixels

FOV = 1.15
"""Field of view (radians) assumed for a photograph: about that of the training views."""


@dataclass(frozen=True, eq=False)
class Canvas:
    """A sample of a task, with everything that is needed to draw an answer about it.

    Attributes
    ----------
    task : Task
    inputs : (n, C, S, S) float array in [-1, 1]
        The pictures that the network gets.
    tile : int
        Side of the tiles to draw, pixels.
    constants : mapping
        The constants that the task's targets are standardized with.
    names : sequence of str
        Names of the classes, in the order of their numbers; may be empty.
    fov : float
        Field of view of the first picture, radians.
    """

    task: Task
    inputs: Array
    tile: int
    constants: Mapping[str, Any] = field(default_factory=dict)
    names: Sequence[str] = ()
    fov: float = FOV

    def picture(self) -> Image.Image:
        """Return the first input picture as a tile."""
        return as_tile(as_pixels(self.inputs[0]), self.tile)

    def name(self, number: int) -> str:
        """Return the name of a class; ``class 3`` if it has none."""
        known = number < len(self.names)
        return self.names[number].replace("_", " ") if known else f"class {number}"

    def in_units(self, standardized: ArrayLike) -> Array:
        """Undo the standardization of numbers, (C,) or (C, H, W)."""
        values = np.asarray(standardized, dtype=np.float64)
        shape = (-1,) + (1,) * (values.ndim - 1)
        mean, std = (
            np.asarray(self.constants.get(key, default), dtype=np.float64).reshape(shape)
            for key, default in (("mean", 0.0), ("std", 1.0))
        )
        restored: Array = values * std + mean
        return restored


def as_pixels(picture: ArrayLike) -> Pixels:
    """Return (H, W, 3) uint8 of a picture in [-1, 1]: (3, H, W) colors, or (1, H, W) lightness."""
    planes = np.moveaxis(np.asarray(picture), 0, -1)
    if planes.shape[-1] == 1:
        return colored(planes, np.zeros((*planes.shape[:2], 2)))
    return np.rint((planes + 1) * 127.5).clip(0, 255).astype(np.uint8)
