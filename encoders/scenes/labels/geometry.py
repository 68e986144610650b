"""Depth, normals, curvature and shading, computed from the hits of the rays."""

from __future__ import annotations

import numpy as np

from encoders.scenes.labels.raycast_view import RaycastView
from taskgraph.arrays import Booleans, Floats

HALF_LIGHT = 8.0
"""Constant of the fall-off of `reshading`, square meters: light halves at sqrt(8) m."""


def mask(view: RaycastView) -> Booleans:
    """Return (H, W) booleans: whether a pixel shows a surface of the building."""
    return view.grid(view.hits.valid)


def depth_euclidean(view: RaycastView) -> Floats:
    """Return the distance along each ray, meters, (H, W); NaN outside the mask."""
    return _known(view, view.hits.distance)


def depth_zbuffer(view: RaycastView) -> Floats:
    """Return the distance from the camera's plane, meters, (H, W); NaN outside the mask.

    It is ``depth_euclidean`` times the cosine between the ray and the camera's axis.
    """
    return _known(view, -view.rays[:, 2] * view.hits.distance)


def normal(view: RaycastView) -> Floats:
    """Return unit normals of the smooth surface in the camera's frame; 0 outside the mask.

    (H, W, 3): x to the right of the picture, y up, z toward the camera. Normals are those of the
    visible side: a wall straight ahead has (0, 0, 1). At the silhouette of a rounded surface the
    interpolated normal may point slightly away from the camera.
    """
    return view.grid(_camera_normals(view))


def principal_curvature(view: RaycastView) -> Floats:
    """Return the principal curvatures, 1/m, the larger first, (H, W, 2); 0 outside the mask.

    They are positive where the surface bulges toward the camera: a ball of radius r has
    (1/r, 1/r), the inside of a tube (0, -1/r), a plane (0, 0).
    """
    return view.grid(view.hits.curvature)


def reshading(view: RaycastView) -> Floats:
    """Return the shading of a matt white world with one lamp at the camera, (H, W) in [0, 1].

    It is zero outside the mask. With n the `normal`, l the unit vector to the camera and r
    the distance in meters,

        shading = max(0, n . l) * 8 / (8 + r**2).

    There are no shadows, as the lamp is at the camera. The fall-off is that of the real
    data, whose renderer calls it inverse square with a lamp distance of 8; the real data's gain
    (a lamp of energy 2.5), which clips near surfaces, is left out, so no value is clipped here.
    """
    slope = -(_camera_normals(view) * view.rays).sum(-1)
    distance = np.where(view.hits.valid, view.hits.distance, np.inf)
    return view.grid(np.maximum(slope, 0.0) * HALF_LIGHT / (HALF_LIGHT + distance**2))


def _camera_normals(view: RaycastView) -> Floats:
    """Return (N, 3) normals in the camera's frame."""
    normals: Floats = np.einsum("ji,nj->ni", view.camera.rotation, view.hits.normal)
    return normals


def _known(view: RaycastView, values: Floats) -> Floats:
    """Return (N,) values as a map; NaN without a hit."""
    return view.grid(np.where(view.hits.valid, values, np.nan))
