"""What the labels of one view are computed from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from encoders.errors import InvalidSceneError
from encoders.scenes.camera import Camera
from encoders.scenes.labels.gaps import Gaps
from encoders.scenes.raycast import Caster, Hits
from taskgraph.arrays import Array, Floats, Pixels


@dataclass(frozen=True, eq=False)
class Sight:
    """A view of a building: the ray through the middle of each pixel, and the picture.

    Attributes
    ----------
    caster : Caster
        The building, and what finds where rays meet it.
    camera : Camera
    size : int
        Pixels along each side of the picture; H = W = ``size`` in the shapes of all labels.
    hits : Hits
        What the middles of the pixels see, row by row from the top left.
    rgb : (size, size, 3) uint8 array
        The picture of the view; labels from geometry do not look at it.
    """

    caster: Caster
    camera: Camera
    size: int
    hits: Hits
    rgb: Pixels

    @classmethod
    def of(cls, caster: Caster, camera: Camera, size: int, rgb: Pixels) -> Sight:
        """Cast the rays of a view whose picture is ``rgb``.

        Raises
        ------
        InvalidSceneError
            If the picture is not ``size`` x ``size`` pixels of 8-bit RGB.
        """
        if rgb.shape != (size, size, 3) or rgb.dtype != np.uint8:
            raise InvalidSceneError(
                f"the picture has shape {rgb.shape} and type {rgb.dtype}, "
                f"expected ({size}, {size}, 3) and uint8; render it at the size of its labels"
            )
        return cls(caster, camera, size, caster.view(camera, size), rgb)

    def grid(self, values: Array) -> Array:
        """Values a ray, (size * size, ...), as a map (size, size, ...)."""
        return values.reshape(self.size, self.size, *values.shape[1:])

    @cached_property
    def rays(self) -> Floats:
        """(size * size, 3) unit rays through the middles of the pixels, in the camera frame."""
        return self.camera.directions(self.size)

    @cached_property
    def gaps(self) -> Gaps:
        """The jumps in depth between neighboring pixels; found once, at the first use."""
        return Gaps.between(self.caster, self.camera, self.size, self.hits)
