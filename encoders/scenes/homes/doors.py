"""Doors: linings through the wall, casings on it, thresholds, and leaves shut or swung open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from encoders.scenes.furniture.piece import Part
from encoders.scenes.homes.frames import around, blocks_shape, extents
from encoders.scenes.homes.plan import Plan
from encoders.scenes.homes.spaces import Opening
from encoders.scenes.homes.walls import CASING, Finish, Fixture
from encoders.scenes.solids.shapes import Shape, boxes
from taskgraph.arrays import Floats

LINING = 0.025
"""Thickness of the boards that a doorway is lined with, meters."""


def doors(plan: Plan, finishes: Sequence[Finish], rng: np.random.Generator) -> Iterator[Fixture]:
    """The fixtures of every doorway, passage and entrance of a building."""
    free = _may_swing(plan)
    for number, opening in enumerate(plan.openings):
        if opening.kind != "window":
            yield from _doorway(opening, finishes, free[number], rng)


def _may_swing(plan: Plan) -> list[bool]:
    """Whether a leaf may swing open at each opening without meeting that of another door."""
    free = []
    for i, door in enumerate(plan.openings):
        others = [o for j, o in enumerate(plan.openings) if j != i and o.kind != "window"]
        zone_low, zone_high = swing_zone(door)
        free.append(
            all(
                not set(door.rooms) & set(other.rooms)
                or (zone_low >= swing_zone(other)[1]).any()
                or (zone_high <= swing_zone(other)[0]).any()
                for other in others
            )
        )
    return free


def swing_zone(door: Opening) -> tuple[Floats, Floats]:
    """Corners (x, y) of the floor that is kept free at a doorway, on both sides of its wall.

    A leaf reaches one door's width into the room; and people stop in front of doors.
    """
    along = 1 - door.axis
    reach = float(np.clip(door.high[along] - door.low[along], 0.95, 1.1))
    low, high = door.low[:2].copy(), door.high[:2].copy()
    low[door.axis] -= reach
    high[door.axis] += reach
    low[along] -= 0.1
    high[along] += 0.1
    return low, high


def _doorway(
    door: Opening, finishes: Sequence[Finish], may_swing: bool, rng: np.random.Generator
) -> Iterator[Fixture]:
    """Lining, threshold and leaf belong to the room on the low side; each room has its casing."""
    through, along, up = extents(door)
    room = door.rooms[0] if door.rooms[0] >= 0 else door.rooms[1]
    cased = door.kind != "passage" or rng.random() < 0.5
    role = "door" if cased else "trim"
    kind = "door" if door.kind != "passage" else "trim"
    lining = around(through, along, up, LINING)
    threshold = (through, along, (-0.02, 0.0))
    width, proud = float(rng.uniform(0.05, CASING - 0.005)), float(rng.uniform(0.012, 0.02))
    parts = [
        Part(blocks_shape(door.axis, lining), role),
        Part(blocks_shape(door.axis, [threshold]), finishes[room].floor),
    ]
    if door.kind == "entrance":
        parts += _leaf(door, 0.0, rng)
    elif door.kind == "doorway" and may_swing and rng.random() < 0.65:
        parts += _leaf(door, float(rng.uniform(1.3, 1.6)), rng)
    yield Fixture(kind, room, tuple(parts))
    for side, owner in enumerate(door.rooms):
        if owner >= 0 and cased:
            face = through[side]
            thick = (face - proud, face) if side == 0 else (face, face + proud)
            outer = (along[0] - width, along[1] + width)
            casing = around(thick, outer, (0.0, up[1] + width), width)
            yield Fixture(kind, owner, (Part(blocks_shape(door.axis, casing), "door"),))


def _leaf(door: Opening, angle: float, rng: np.random.Generator) -> list[Part]:
    """A door leaf with raised panels and handles, swung open by ``angle`` radians.

    It is hinged on a jamb, flush with one face of the wall, and swings away from the other.
    """
    through, along, up = extents(door)
    gap = 0.002 if angle else 0.0
    width, height = along[1] - along[0] - 2 * (LINING + gap), up[1] - LINING - gap
    foot = 0.022 if angle else 0.0  # clears the thickest rug
    thick = float(rng.uniform(0.036, 0.046))
    body, handle = _leaf_shapes(width, foot, height, thick, rng)
    # In the leaf's own frame: x along it from the hinge, y through it from its back, z up.
    side = int(rng.integers(2)) if angle else int(door.rooms[0] >= 0)
    mirror = bool(rng.integers(2))
    hinge = along[1] - LINING - gap if mirror else along[0] + LINING + gap
    outward = -1.0 if side == 0 else 1.0
    run = np.zeros(3)
    run[1 - door.axis] = -1.0 if mirror else 1.0
    out = np.zeros(3)
    out[door.axis] = outward
    swung_run = np.cos(angle) * run + np.sin(angle) * out
    swung_out = np.cos(angle) * out - np.sin(angle) * run
    corner = np.zeros(3)
    corner[1 - door.axis], corner[door.axis] = hinge, through[side]
    turn = np.stack([swung_run, swung_out, [0.0, 0.0, 1.0]], axis=1)
    return [
        Part(_placed(shape, turn, corner), role)
        for shape, role in ((body, "door"), (handle, "metal"))
    ]


def _placed(shape: Shape, turn: Floats, offset: Floats) -> Shape:
    """A shape in the frame whose axes are the columns of ``turn``, which may mirror."""
    moved = shape.rotated(turn).moved(offset)
    if np.linalg.det(turn) > 0:
        return moved
    return Shape(moved.vertices, moved.faces[:, ::-1].copy(), moved.normals, moved.curvatures)


def _leaf_shapes(
    width: float, foot: float, top: float, thick: float, rng: np.random.Generator
) -> tuple[Shape, Shape]:
    """The leaf, from y = -thick to y = 0, and its handles on both faces."""
    blocks = [((0.0, -thick, foot), (width, 0.0, top))]
    rows, columns = int(rng.integers(0, 4)), int(rng.integers(1, 3))
    edge, raised = 0.11, 0.007
    cell = ((width - edge) / columns, (top - 0.15 - edge) / max(rows, 1))
    for row in range(rows):
        for column in range(columns):
            low = (edge + column * cell[0], 0.15 + row * cell[1])
            high = (low[0] + cell[0] - edge, low[1] + cell[1] - edge)
            blocks.append(((low[0], -thick - raised, low[1]), (high[0], raised, high[1])))
    at, level = width - 0.06, 1.03
    handles = []
    for face, away in ((0.0, 1.0), (-thick, -1.0)):
        ends = (
            sorted((face, face + away * 0.012)),
            sorted((face + away * 0.04, face + away * 0.052)),
        )
        post = sorted((face, face + away * 0.045))
        handles += [
            ((at - 0.025, ends[0][0], level - 0.09), (at + 0.025, ends[0][1], level + 0.07)),
            ((at - 0.009, post[0], level - 0.009), (at + 0.009, post[1], level + 0.009)),
            ((at - 0.12, ends[1][0], level - 0.01), (at + 0.012, ends[1][1], level + 0.01)),
        ]
    return boxes(*zip(*blocks, strict=True)), boxes(*zip(*handles, strict=True))
