"""Hand-made buildings of a few solids."""

import numpy as np
import trimesh

from encoders.scenes.building import Building, Room
from encoders.scenes.solids.shapes import Shape

LOW, HIGH = np.array([-3.0, -4.0, 0.0]), np.array([3.0, 4.0, 2.6])


def building(*shapes):
    """Each shape is one instance of one part."""
    sizes = np.cumsum([0, *[len(shape.vertices) for shape in shapes]])
    count = len(shapes)
    return Building(
        name="test",
        vertices=np.concatenate([shape.vertices for shape in shapes]),
        normals=np.concatenate([shape.normals for shape in shapes]),
        curvatures=np.concatenate([shape.curvatures for shape in shapes]),
        faces=np.concatenate([s.faces + n for s, n in zip(shapes, sizes[:-1], strict=True)]),
        face_part=np.repeat(np.arange(count), [len(s.faces) for s in shapes]).astype(np.int32),
        part_material=np.zeros(count, np.int32),
        part_instance=np.arange(count, dtype=np.int32),
        part_origin=np.zeros((count, 3)),
        part_rotation=np.tile(np.eye(3), (count, 1, 1)),
        instance_kind=("wall",) * count,
        instance_room=np.zeros(count, np.int32),
        materials=(),
        rooms=(Room("corridor", LOW, HIGH),),
        lights=(),
    )


def ball(radius, centre=(0.0, 0.0, 0.0), subdivisions=5):
    mesh = trimesh.creation.icosphere(subdivisions=subdivisions, radius=radius)
    unit = mesh.vertices / radius
    return Shape(
        mesh.vertices + centre,
        mesh.faces.astype(np.int32),
        unit,
        np.full((len(unit), 2), 1 / radius),
    )
