"""Rooms of a few boxes and balls whose labels are known in closed form."""

import numpy as np

from encoders.scenes.building import Room
from encoders.scenes.camera import Camera
from encoders.scenes.labels.raycast_view import RaycastView
from encoders.scenes.raycast import Raycaster
from encoders.scenes.solids.shapes import Shape, box
from tests.encoders.scenes.room import assembled

LOW, HIGH = np.zeros(3), np.array([5.0, 4.0, 2.6])


def hollow(low=LOW, high=HIGH):
    """An empty room: a box seen from inside."""
    solid = box(low, high)
    return Shape(solid.vertices, solid.faces[:, ::-1], -solid.normals, solid.curvatures)


def ball(center, radius, steps=96):
    """A ball of meridians and parallels, with the normals and curvatures of the sphere."""
    turn, tilt = np.meshgrid(
        np.linspace(0, 2 * np.pi, steps + 1), np.linspace(0, np.pi, steps // 2 + 1)
    )
    normals = np.stack([np.sin(tilt) * np.cos(turn), np.sin(tilt) * np.sin(turn), np.cos(tilt)], -1)
    index = np.arange(normals[..., 0].size).reshape(tilt.shape)
    a, b, c, d = index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]
    faces = np.concatenate([np.stack(t, -1).reshape(-1, 3) for t in ((a, b, c), (a, c, d))])
    normals = normals.reshape(-1, 3)
    corners = normals[faces]
    area = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    return Shape(
        np.asarray(center) + radius * normals,
        faces[area > 1e-9].astype(np.int32),  # at the poles, one of a cell's two has no area
        normals,
        np.full((len(normals), 2), 1 / radius),
    )


def building(*shapes, low=LOW, high=HIGH):
    """A building of one room whose instances are the shapes, in order: a wall, then cabinets."""
    kinds = ["wall", *("cabinet" for _ in shapes[1:])]
    parts = [(shape, None, kind, (0, 0, 0)) for shape, kind in zip(shapes, kinds, strict=True)]
    return assembled(parts, (Room("library", np.asarray(low, float), np.asarray(high, float)),))


def look(shapes, position, target, *, fov=1.1, size=64, low=LOW, high=HIGH):
    """Return the view of a camera on the shapes."""
    camera = Camera.looking_at(position, target, fov)
    black = np.zeros((size, size, 3), dtype=np.uint8)
    return RaycastView.of(Raycaster(building(*shapes, low=low, high=high)), camera, size, black)
