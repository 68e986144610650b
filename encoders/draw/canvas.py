"""What is known of a sample when an answer about it is drawn, and its pictures as tiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from encoders.codecs.colors import colored
from encoders.scenes.contact_sheets.panels import enlarged
from encoders.tasks import Task
from taskgraph.arrays import Array, Pixels

FOV = 1.15
"""Field of view (radians) that is assumed of a photograph: about that of the training views."""


@dataclass(frozen=True, eq=False)
class Canvas:
    """One sample of a task.

    Attributes
    ----------
    task : Task
    given : (n, C, S, S) float array in [-1, 1]
        What the network is given.
    tile : int
        Pixels along each side of what is drawn.
    constants : mapping
        What the task's targets are standardized with.
    names : sequence of str
        Of the classes, in the order of their numbers; may be empty.
    fov : float
        Field of view of the first picture, radians.
    """

    task: Task
    given: Array
    tile: int
    constants: Mapping[str, Any] = field(default_factory=dict)
    names: Sequence[str] = ()
    fov: float = FOV

    def picture(self) -> Image.Image:
        """The first picture."""
        return enlarged(as_pixels(self.given[0]), self.tile)

    def name(self, number: int) -> str:
        """A class in words."""
        known = number < len(self.names)
        return self.names[number].replace("_", " ") if known else f"class {number}"

    def in_units(self, standardized: ArrayLike) -> Array:
        """Numbers, or channels first, in the units that they were standardized from."""
        values = np.asarray(standardized, dtype=np.float64)
        shape = (-1,) + (1,) * (values.ndim - 1)
        mean, std = (
            np.asarray(self.constants.get(key, default), dtype=np.float64).reshape(shape)
            for key, default in (("mean", 0.0), ("std", 1.0))
        )
        found: Array = values * std + mean
        return found


def as_pixels(picture: ArrayLike) -> Pixels:
    """(3, H, W) colors or (1, H, W) lightness (`codecs.colors`) in [-1, 1] to (H, W, 3)."""
    planes = np.moveaxis(np.asarray(picture), 0, -1)
    if planes.shape[-1] == 1:
        return colored(planes, np.zeros((*planes.shape[:2], 2)))
    return np.rint((planes + 1) * 127.5).clip(0, 255).astype(np.uint8)


def montage(
    pictures: Sequence[Pixels], tile: int, frames: Sequence[tuple[int, int, int]] = ()
) -> Image.Image:
    """Pictures in as square a grid as holds them, each with a frame of its color, if any."""
    across = int(np.ceil(np.sqrt(len(pictures))))
    cell, whole = tile // across, Image.new("RGB", (tile, tile), "white")
    line = max(2, tile // 48) if frames else 0
    down = -(-len(pictures) // across)
    top = (tile - down * cell) // 2
    for k, pixels in enumerate(pictures):
        corner = (k % across * cell, top + k // across * cell)
        if frames:
            whole.paste(frames[k], (*corner, corner[0] + cell - 1, corner[1] + cell - 1))
        inner = enlarged(pixels, cell - 1 - 2 * line)
        whole.paste(inner, (corner[0] + line, corner[1] + line))
    return whole
