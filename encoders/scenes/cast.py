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
        self._corners = building.vertices[building.faces]  # (F, 3, 3)
        edges = self._corners[:, 1:] - self._corners[:, :1]
        cross = np.cross(edges[:, 0], edges[:, 1])
        self._area2 = np.linalg.norm(cross, axis=1)
        self._flat = cross / self._area2[:, None]

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
        blocked = self._scene.run(
            np.ascontiguousarray(start, dtype=np.float32),
            (step / np.maximum(length, 1e-9)[:, None]).astype(np.float32),
            np.maximum(length - LIFT, 0).astype(np.float32),
            query="OCCLUDED",
        )
        return np.asarray(blocked) == 0

    def _described(self, face: NDArray[np.int32], origins: Floats, rays: Floats) -> Hits:
        building, met = self.building, face >= 0
        index = np.where(met, face, 0)
        flat = self._flat[index]
        corner = self._corners[index]  # (N, 3, 3)
        slope = (flat * rays).sum(1)
        met = met & (np.abs(slope) > 1e-9)
        offset = (flat * (corner[:, 0] - origins)).sum(1)
        distance = np.where(met, offset / np.where(met, slope, 1.0), np.inf)
        point = np.where(met[:, None], origins + np.where(met, distance, 0)[:, None] * rays, 0.0)
        weights = self._weights(index, corner, point)
        front = np.where(slope < 0, 1.0, -1.0)
        corners = building.faces[index]
        normal = (weights[..., None] * building.normals[corners]).sum(1)
        normal /= np.maximum(np.sqrt((normal**2).sum(1)), 1e-12)[:, None]
        curvature = front[:, None] * (weights[..., None] * building.curvatures[corners]).sum(1)
        curvature = np.sort(curvature, axis=1)[:, ::-1]
        part = building.face_part[index]
        instance = building.part_instance[part]
        room = building.instance_room[instance]
        return Hits(
            face=np.where(met, face, -1).astype(np.int32),
            distance=distance,
            point=point,
            flat=np.where(met[:, None], front[:, None] * flat, 0.0),
            normal=np.where(met[:, None], front[:, None] * normal, 0.0),
            curvature=np.where(met[:, None], curvature, 0.0),
            part=np.where(met, part, -1).astype(np.int32),
            instance=np.where(met, instance, -1).astype(np.int32),
            room=np.where(met, room, -1).astype(np.int32),
        )

    def _weights(self, index: NDArray[np.int32], corner: Floats, point: Floats) -> Floats:
        """Barycentric weights of each point in its triangle, clipped to its inside."""
        arms = corner - point[:, None]  # (N, 3, 3)
        across = np.cross(arms[:, [1, 2, 0]], arms[:, [2, 0, 1]])  # opposite corners 0, 1, 2
        area = (across * self._flat[index][:, None]).sum(-1) / self._area2[index][:, None]
        area = np.clip(area, 0.0, 1.0)
        weights: Floats = area / np.maximum(area.sum(1, keepdims=True), 1e-12)
        return weights
