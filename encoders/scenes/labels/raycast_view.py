"""The input of all labels of a view: its rays' hits and its picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from encoders.errors import InvalidSceneError
from encoders.scenes.camera import Camera
from encoders.scenes.labels.gaps import Gaps
from encoders.scenes.raycast import Hits, Raycaster
from taskgraph.arrays import Array, Floats, Pixels


@dataclass(frozen=True, eq=False)
class RaycastView:
    """A view of a building: the hits of the rays through the pixels' middles, and the picture.

    Attributes
    ----------
    raycaster : Raycaster
        Intersects rays with the building.
    camera : Camera
    size : int
        Pixels along each side of the picture; H = W = ``size`` in the shapes of all labels.
    hits : Hits
        Hits of the rays through the middles of the pixels, row by row from the top left.
    rgb : (size, size, 3) uint8 array
        The picture of the view; labels from geometry do not use it.
    """

    raycaster: Raycaster
    camera: Camera
    size: int
    hits: Hits
    rgb: Pixels

    @classmethod
    def of(cls, raycaster: Raycaster, camera: Camera, size: int, rgb: Pixels) -> RaycastView:
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
        return cls(raycaster, camera, size, raycaster.view(camera, size), rgb)

    def grid(self, values: Array) -> Array:
        """Return values of rays, (size * size, ...), as a map (size, size, ...)."""
        return values.reshape(self.size, self.size, *values.shape[1:])

    @cached_property
    def rays(self) -> Floats:
        """Return (size * size, 3) unit rays through the pixels' middles, in the camera frame."""
        return self.camera.directions(self.size)

    @cached_property
    def gaps(self) -> Gaps:
        """Return the jumps in depth between neighboring pixels (cached)."""
        return Gaps.between(self.raycaster, self.camera, self.size, self.hits)
