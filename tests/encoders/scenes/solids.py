"""Hand-made buildings of a few solids."""

import numpy as np
import trimesh

from encoders.scenes.building import Room
from encoders.scenes.solids.shapes import Shape
from tests.encoders.scenes.room import assembled

LOW, HIGH = np.array([-3.0, -4.0, 0.0]), np.array([3.0, 4.0, 2.6])


def building(*shapes):
    """Return a building in which each shape is one instance of one part, a wall."""
    parts = [(shape, None, "wall", (0, 0, 0)) for shape in shapes]
    return assembled(parts, (Room("corridor", LOW, HIGH),), name="test")


def ball(radius, center=(0.0, 0.0, 0.0), subdivisions=5):
    mesh = trimesh.creation.icosphere(subdivisions=subdivisions, radius=radius)
    unit = mesh.vertices / radius
    return Shape(
        mesh.vertices + center,
        mesh.faces.astype(np.int32),
        unit,
        np.full((len(unit), 2), 1 / radius),
    )
