"""A small furnished room made by hand, for tests of light and rendering."""

import numpy as np

from encoders.scenes.building import Building, Light, Room
from encoders.scenes.camera import Camera
from encoders.scenes.solids.shapes import box, join

WIDE, DEEP, HIGH, WALL = 5.0, 4.2, 2.6, 0.2
WINDOW = ((1.0, 0.9), (2.8, 2.1))  # (x, z) of opposite corners, in the wall y = DEEP


def assembled(parts, rooms, lights=(), name="building_0000"):
    """A building of (shape, material, kind, origin) rows, each its own instance in room 0."""
    shapes = [shape.moved(origin) for shape, _, _, origin in parts]
    starts = np.cumsum([0] + [len(shape.vertices) for shape in shapes[:-1]])
    count = len(parts)
    return Building(
        name=name,
        vertices=np.concatenate([s.vertices for s in shapes]),
        normals=np.concatenate([s.normals for s in shapes]),
        curvatures=np.concatenate([s.curvatures for s in shapes]),
        faces=np.concatenate(
            [s.faces + start for s, start in zip(shapes, starts, strict=True)]
        ).astype(np.int32),
        face_part=np.repeat(np.arange(count), [len(s.faces) for s in shapes]).astype(np.int32),
        part_material=np.arange(count, dtype=np.int32),
        part_instance=np.arange(count, dtype=np.int32),
        part_origin=np.array([origin for *_, origin in parts], dtype=float),
        part_rotation=np.broadcast_to(np.eye(3), (count, 3, 3)),
        instance_kind=tuple(kind for _, _, kind, _ in parts),
        instance_room=np.zeros(count, dtype=np.int32),
        materials=tuple(material for _, material, _, _ in parts),
        rooms=rooms,
        lights=tuple(lights),
    )


def _shell():
    (left, sill), (right, lintel) = WINDOW
    w, d, h, t = WIDE, DEEP, HIGH, WALL
    frame = 0.05
    return [
        (box([-t, -t, -0.1], [w + t, d + t, 0]), "floor_wood", "floor"),
        (box([-t, -t, h], [w + t, d + t, h + 0.1]), "ceiling", "ceiling"),
        (box([-t, -t, 0], [0, d + t, h]), "wall_plaster", "wall"),
        (box([w, -t, 0], [w + t, d + t, h]), "wall_plaster", "wall"),
        (box([0, -t, 0], [w, 0, h]), "wall_plaster", "wall"),
        (box([0, d, 0], [left, d + t, h]), "wall_plaster", "wall"),
        (box([right, d, 0], [w, d + t, h]), "wall_plaster", "wall"),
        (box([left, d, 0], [right, d + t, sill]), "wall_plaster", "wall"),
        (box([left, d, lintel], [right, d + t, h]), "wall_plaster", "wall"),
        (
            join(
                [
                    box([left - frame, d - 0.02, sill - frame], [right + frame, d, sill]),
                    box([left - frame, d - 0.02, lintel], [right + frame, d, lintel + frame]),
                    box([left - frame, d - 0.02, sill], [left, d, lintel]),
                    box([right, d - 0.02, sill], [right + frame, d, lintel]),
                    box([1.88, d + 0.05, sill], [1.92, d + 0.1, lintel]),
                ]
            ),
            "window_frame",
            "window",
        ),
        (box([0, d - 0.015, 0], [w, d, 0.09]), "trim", "trim"),
        (box([0, 0, 0], [0.015, d, 0.09]), "trim", "trim"),
    ]


def _table(x, y):
    legs = [
        (box([i - 0.03, j - 0.03, 0], [i + 0.03, j + 0.03, 0.7]), "wood", "dining_table", (x, y, 0))
        for i in (-0.6, 0.6)
        for j in (-0.35, 0.35)
    ]
    top = (box([-0.7, -0.45, 0.7], [0.7, 0.45, 0.74]), "wood", "dining_table", (x, y, 0))
    return [*legs, top]


def _furniture():
    sofa = [
        (box([-0.95, -0.4, 0.08], [0.95, 0.4, 0.42]), "fabric", "couch", (0.55, 1.6, 0)),
        (box([-0.95, 0.2, 0.42], [0.95, 0.4, 0.8]), "fabric", "couch", (3.9, 3.75, 0)),
        (box([-0.95, -0.5, 0.08], [0.95, 0.4, 0.42]), "fabric", "couch", (3.9, 3.75, 0)),
        (box([-0.2, -0.1, 0.42], [0.2, 0.05, 0.75]), "cushion", "couch", (3.4, 3.85, 0)),
        (box([-0.2, -0.1, 0.42], [0.2, 0.05, 0.75]), "fabric_pattern", "couch", (4.4, 3.85, 0)),
    ][1:]
    shelf = [
        (box([-0.15, -0.5, 0], [0.15, -0.47, 1.8]), "wood", "bookshelf", (0.17, 2.0, 0)),
        (box([-0.15, 0.47, 0], [0.15, 0.5, 1.8]), "wood", "bookshelf", (0.17, 2.0, 0)),
    ]
    for z in (0.1, 0.5, 0.9, 1.3, 1.77):
        shelf.append(
            (box([-0.15, -0.47, z], [0.15, 0.47, z + 0.03]), "wood", "bookshelf", (0.17, 2.0, 0))
        )
    books = [
        (
            box([-0.1, 0, 0], [0.1, 0.035, 0.2 + 0.06 * ((7 * k) % 5) / 5]),
            "book",
            "book",
            (0.2, 1.56 + 0.037 * k, z + 0.031),
        )
        for z in (0.5, 0.9, 1.3)
        for k in range(9 + int(4 * z))
    ]
    lamp = [
        (box([-0.15, -0.15, 0], [0.15, 0.15, 0.03]), "brass", "floor_lamp", (4.7, 2.8, 0)),
        (box([-0.015, -0.015, 0], [0.015, 0.015, 1.4]), "brass", "floor_lamp", (4.7, 2.8, 0)),
        (box([-0.18, -0.18, 1.4], [0.18, 0.18, 1.7]), "lampshade", "floor_lamp", (4.7, 2.8, 0)),
    ]
    rest = [
        (box([-1.0, -0.7, 0], [1.0, 0.7, 0.012]), "rug", "rug", (3.2, 2.4, 0)),
        (box([-0.4, 0, 0], [0.4, 0.03, 0.5]), "picture", "picture", (4.0, 4.17, 1.3)),
        (box([-0.05, -0.05, 0], [0.05, 0.05, 0.28]), "glass", "vase", (2.2, 1.8, 0.741)),
        (box([-0.09, -0.09, 0], [0.09, 0.09, 0.12]), "clay", "potted_plant", (2.6, 1.75, 0.741)),
        (box([-0.14, -0.14, 0.12], [0.14, 0.14, 0.34]), "leaf", "potted_plant", (2.6, 1.75, 0.741)),
        (box([-0.5, -0.03, 0], [0.5, 0.03, 0.6]), "screen", "tv", (0.5, 3.7, 0.9)),
        (box([-0.12, -0.12, -0.14], [0.12, 0.12, 0]), "lampshade", "ceiling_lamp", (2.5, 2.1, 2.6)),
    ]
    return _table(2.3, 1.9) + sofa + shelf + books + lamp + rest


def furnished(domain, seed=0):
    """The test room in a domain."""
    rng = np.random.default_rng(seed)
    rows = [(*row, (0.0, 0.0, 0.0)) if len(row) == 3 else row for row in _shell() + _furniture()]
    drawn = {}
    parts = []
    for shape, role, kind, origin in rows:
        key = role if role not in ("book",) else len(parts)
        if key not in drawn:
            drawn[key] = domain.palette.material(role, rng)
        parts.append((shape, drawn[key], kind, origin))
    power = np.array(domain.lighting.lamp)
    lights = [
        Light(np.array([2.5, 2.1, 2.53]), 1.3 * power, 0.1, 0),
        Light(np.array([4.7, 2.8, 1.55]), 0.8 * power, 0.1, 0),
    ]
    room = Room("living_room", np.zeros(3), np.array([WIDE, DEEP, HIGH]))
    return assembled(parts, (room,), lights)


def standing():
    """A camera in a corner of the test room that sees its window."""
    return Camera.looking_at([0.8, 0.25, 1.55], [3.0, 3.3, 0.95], np.deg2rad(75))
