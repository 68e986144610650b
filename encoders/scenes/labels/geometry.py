"""Depth, normals, curvature and shading, straight from what the rays met."""

from __future__ import annotations

import numpy as np

from encoders.scenes.labels.sight import Sight
from taskgraph.arrays import Booleans, Floats

HALF_LIGHT = 8.0
"""Square meters in the fall-off of `reshading`: at a distance of sqrt(8) m light is halved."""


def mask(sight: Sight) -> Booleans:
    """Where the picture shows a surface, (H, W); not where it looks out of the building."""
    return sight.grid(sight.hits.valid)


def depth_euclidean(sight: Sight) -> Floats:
    """Meters from the camera to the surface along each ray, (H, W); NaN outside the mask."""
    return _known(sight, sight.hits.distance)


def depth_zbuffer(sight: Sight) -> Floats:
    """Meters from the camera's plane to the surface, (H, W); NaN outside the mask.

    ``depth_euclidean`` times the cosine between the ray and the camera's axis.
    """
    return _known(sight, -sight.rays[:, 2] * sight.hits.distance)


def normal(sight: Sight) -> Floats:
    """Unit normal of the smooth surface in the camera's frame, (H, W, 3); 0 outside the mask.

    x to the right of the picture, y up, z toward the camera. The side of the triangle that is
    seen: a wall straight ahead has (0, 0, 1). Where a rounded surface turns away, its
    interpolated normal may point past a right angle to the ray, by no more than its triangles do.
    """
    return sight.grid(_camera_normals(sight))


def principal_curvature(sight: Sight) -> Floats:
    """Principal curvatures of the smooth surface, 1/m, the larger first; 0 outside the mask.

    (H, W, 2). Positive where the surface bulges toward the camera: a ball of radius r has
    (1/r, 1/r), the inside of a tube (0, -1/r), a plane (0, 0).
    """
    return sight.grid(sight.hits.curvature)


def reshading(sight: Sight) -> Floats:
    """How bright a matt white world looks in the light of one lamp at the camera, (H, W).

    In [0, 1]; zero outside the mask. With n the `normal`, l the unit vector to the camera and r
    the distance in meters,

        shading = max(0, n . l) * 8 / (8 + r**2).

    There are no shadows: the lamp sees what the camera sees. The fall-off is that of the real
    data, whose renderer calls it inverse square with a lamp distance of 8; the real data's gain
    (a lamp of energy 2.5), which clips what is near, is left out, so nothing is clipped here.
    """
    slope = -(_camera_normals(sight) * sight.rays).sum(-1)
    distance = np.where(sight.hits.valid, sight.hits.distance, np.inf)
    return sight.grid(np.maximum(slope, 0.0) * HALF_LIGHT / (HALF_LIGHT + distance**2))


def _camera_normals(sight: Sight) -> Floats:
    """(N, 3) normals in the camera's frame."""
    normals: Floats = np.einsum("ji,nj->ni", sight.camera.rotation, sight.hits.normal)
    return normals


def _known(sight: Sight, values: Floats) -> Floats:
    """(N,) values as a map, NaN where the ray met nothing."""
    return sight.grid(np.where(sight.hits.valid, values, np.nan))
