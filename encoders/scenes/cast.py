"""Rays against a building, through Embree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene
from numpy.typing import NDArray

from encoders.scenes.building import Building
from encoders.scenes.camera import Camera

Floats = NDArray[np.float64]

LIFT = 1e-3
"""Metres by which a ray starts off the surface it leaves, so as not to hit it again."""


@dataclass(frozen=True, eq=False)
class Hits:
    """What N rays met first; rows of rays that met nothing hold -1, infinity, or zeros.

    Attributes
    ----------
    face : (N,) integer array
        The triangle, -1 where the ray left the building (through a window).
    distance : (N,) array, metres
        Along the unit ray to the triangle; infinite where nothing was met.
    point : (N, 3) array, metres, in the world.
    flat : (N, 3) array
        Unit normal of the triangle, on the side that the ray came from.
    normal : (N, 3) array
        Unit normal of the smooth surface, on the same side.
    curvature : (N, 2) array, 1/m
        Principal curvatures, the larger first, positive where the surface bulges towards the ray.
    part, instance, room : (N,) integer arrays
        Into the building's tables; -1 where nothing was met.
    """

    face: NDArray[np.int32]
    distance: Floats
    point: Floats
    flat: Floats
    normal: Floats
    curvature: Floats
    part: NDArray[np.int32]
    instance: NDArray[np.int32]
    room: NDArray[np.int32]

    @property
    def valid(self) -> NDArray[np.bool_]:
        """(N,) whether the ray met anything."""
        return self.face >= 0


class Caster:
    """Finds what rays meet in a building.

    Embree finds the triangle in single precision; where the ray meets it is then computed from
    the triangle's plane in double precision, so that labels are exact.
    """

    def __init__(self, building: Building) -> None:
        self.building = building
        self._scene = EmbreeScene()
        # Embree keeps the buffers that it is given: they live as long as the scene does.
        self._vertices = building.vertices.astype(np.float32)
        self._faces = np.ascontiguousarray(building.faces, dtype=np.int32)
        self._mesh = TriangleMesh(self._scene, self._vertices, self._faces)
        corners = building.vertices[building.faces]  # (F, 3, 3)
        across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        area2 = np.linalg.norm(across, axis=1, keepdims=True)
        self._flat = across / area2
        self._offset = (self._flat * corners[:, 0]).sum(1)  # the plane: flat . x = offset
        # Barycentric weights are affine: weight_k = slope_k . (x - corner_0) + [k = 0].
        sides = corners[:, [2, 0, 1]] - corners[:, [1, 2, 0]]  # opposite corners 0, 1, 2
        self._slopes = np.cross(self._flat[:, None], sides) / area2[:, None]
        self._anchor = corners[:, 0]
        self._normals = building.normals[building.faces]  # (F, 3, 3)
        self._curvatures = building.curvatures[building.faces]  # (F, 3, 2)
        self._part_room = building.instance_room[building.part_instance]

    def hits(self, origins: Floats, directions: Floats) -> Hits:
        """What (N, 3) unit rays from (N, 3) or (3,) origins meet first."""
        origins = np.broadcast_to(origins, directions.shape)
        face = self._scene.run(
            np.ascontiguousarray(origins, dtype=np.float32),
            np.ascontiguousarray(directions, dtype=np.float32),
        )
        return self._described(face, origins, directions)

    def view(self, camera: Camera, size: int, *, offsets: tuple[float, float] = (0.5, 0.5)) -> Hits:
        """What the ``size * size`` pixels of a camera see, row by row."""
        rays = camera.to_world(camera.directions(size, offsets=offsets))
        return self.hits(camera.position, rays)

    def blocked(self, start: Floats, end: Floats) -> NDArray[np.bool_]:
        """Whether anything stands between (N, 3) points and (N, 3) or (3,) others.

        Lift points off their own surface first (by `LIFT` along ``flat``).
        """
        step = np.broadcast_to(end, start.shape) - start
        length = np.sqrt((step**2).sum(1))
        free = self._scene.run(
            np.ascontiguousarray(start, dtype=np.float32),
            (step / np.maximum(length, 1e-9)[:, None]).astype(np.float32),
            np.maximum(length - LIFT, 0).astype(np.float32),
            query="OCCLUDED",
        )
        blocked: NDArray[np.bool_] = np.asarray(free) == 0
        return blocked

    def _described(self, face: NDArray[np.int32], origins: Floats, rays: Floats) -> Hits:
        building = self.building
        index = np.maximum(face, 0)
        flat = self._flat[index]
        slope = np.einsum("ni,ni->n", flat, rays)
        met = (face >= 0) & (np.abs(slope) > 1e-9)
        ahead = self._offset[index] - np.einsum("ni,ni->n", flat, origins)
        distance = np.where(met, ahead / np.where(met, slope, 1.0), np.inf)
        seen = met[:, None]
        point = np.where(seen, origins + np.where(met, distance, 0)[:, None] * rays, 0.0)
        weights = self._weights(index, point)
        front = np.where(met, np.where(slope < 0, 1.0, -1.0), 0.0)[:, None]
        normal = np.einsum("nk,nki->ni", weights, self._normals[index])
        length = np.sqrt(np.einsum("ni,ni->n", normal, normal))
        curvature = front * np.einsum("nk,nki->ni", weights, self._curvatures[index])
        part = building.face_part[index]
        return Hits(
            face=np.where(met, face, -1).astype(np.int32),
            distance=distance,
            point=point,
            flat=front * flat,
            normal=front / np.maximum(length, 1e-12)[:, None] * normal,
            curvature=np.stack([curvature.max(1), curvature.min(1)], axis=1),
            part=np.where(met, part, -1).astype(np.int32),
            instance=np.where(met, building.part_instance[part], -1).astype(np.int32),
            room=np.where(met, self._part_room[part], -1).astype(np.int32),
        )

    def _weights(self, index: NDArray[np.int32], point: Floats) -> Floats:
        """Barycentric weights of each point in its triangle, clipped to its inside."""
        weights: Floats = np.einsum("nki,ni->nk", self._slopes[index], point - self._anchor[index])
        weights[:, 0] += 1
        np.clip(weights, 0.0, 1.0, out=weights)
        weights /= np.maximum(weights.sum(1, keepdims=True), 1e-12)
        return weights
