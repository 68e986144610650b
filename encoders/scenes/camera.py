"""A pinhole camera in a world whose z points up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from taskgraph.arrays import Floats


@dataclass(frozen=True, eq=False)
class Camera:
    """A camera's position, rotation and field of view.

    The camera frame is Blender's, which Taskonomy's files use: x to the right of the picture, y
    up, and the camera looks along -z.

    Attributes
    ----------
    position : (3,) array, meters
        The optical center, in the world.
    rotation : (3, 3) array
        Columns are the camera's x, y, z axes: ``world = rotation @ in_camera + position``.
    fov : float, radians
        Angle between the left and the right edge of the (square) picture.
    """

    position: Floats
    rotation: Floats
    fov: float

    @classmethod
    def looking_at(cls, position: ArrayLike, target: ArrayLike, fov: float) -> Camera:
        """Return a camera without roll whose central ray passes through ``target``."""
        position = np.asarray(position, dtype=float)
        back = position - np.asarray(target, dtype=float)
        back /= np.linalg.norm(back)
        right = np.cross([0.0, 0.0, 1.0], back)
        right /= np.linalg.norm(right)
        return cls(position, np.stack([right, np.cross(back, right), back], axis=1), fov)

    @property
    def pitch(self) -> float:
        """Return the angle of the viewing direction above the horizon, radians."""
        return float(np.arcsin(np.clip(-self.rotation[2, 2], -1.0, 1.0)))

    def directions(self, size: int, *, offsets: ArrayLike = (0.5, 0.5)) -> Floats:
        """Return unit rays of a ``size`` x ``size`` picture, in the camera frame, row by row.

        ``offsets`` is where each ray passes through its pixel (across, down; in pixels from the
        upper left corner): (0.5, 0.5) is the middle.

        Returns
        -------
        (size * size, 3) array
        """
        across, down = np.asarray(offsets, dtype=float)
        half = np.tan(self.fov / 2)
        x = (2 * (np.arange(size) + across) / size - 1) * half
        y = (1 - 2 * (np.arange(size) + down) / size) * half
        rays = np.empty((3, size, size))  # column by column, as in `Raycaster`
        rays[0], rays[1], rays[2] = x, y[:, None], -1.0
        rays /= np.sqrt(x**2 + y[:, None] ** 2 + 1)
        return rays.reshape(3, -1).T

    def to_world(self, vectors: ArrayLike) -> Floats:
        """Rotate (N, 3) vectors (not points) from the camera's frame into the world's."""
        # einsum, not a matrix product: its result does not depend on the number of threads.
        columns = np.asarray(vectors, dtype=float).T
        turned: Floats = np.einsum("ij,jn->in", self.rotation, columns).T
        return turned

    def to_camera(self, points: ArrayLike) -> Floats:
        """Return camera-frame coordinates of (N, 3) world points, meters."""
        step = np.asarray(points, dtype=float) - self.position
        turned: Floats = np.einsum("ji,nj->ni", self.rotation, step)
        return turned

    def project(self, points: ArrayLike) -> Floats:
        """Project (N, 3) world points to (across, down), in [0, 1] inside the picture.

        The inverse of `directions`: the middle of the top left pixel is (0.5 / size, 0.5 / size).
        NaN for points that are not in front of the camera.

        Returns
        -------
        (N, 2) array
        """
        x, y, z = self.to_camera(points).T
        depth = np.where(z < 0, -z, np.nan) * np.tan(self.fov / 2)
        return np.stack([(1 + x / depth) / 2, (1 - y / depth) / 2], axis=1)
