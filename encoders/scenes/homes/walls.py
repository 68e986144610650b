"""Walls, floors and ceilings of rooms, with holes for doors and windows, and skirting boards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from encoders.scenes.furniture.piece import Part
from encoders.scenes.homes.floor_plan import FloorPlan
from encoders.scenes.homes.furnishing import WeightedNames
from encoders.scenes.homes.rooms import ROOM_TYPES
from encoders.scenes.homes.spaces import SIDES, Extent, Opening, Space, cut_box
from encoders.scenes.solids.shapes import Shape, boxes
from taskgraph.arrays import Floats

CASING = 0.075
"""Width of wall (meters) beside a doorway that its casing covers."""


@dataclass(frozen=True, eq=False)
class Fixture:
    """A piece of the building: its kind, its room's number, and parts in the world's frame."""

    kind: str
    room: int
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Finish:
    """The roles of a room's surfaces; ``band`` is "" for walls without a lower band."""

    floor: str
    wall: str
    ceiling: str
    band: str
    band_height: float
    skirting: float  # height, meters; 0 for none
    cornice: float  # height, meters; 0 for none


def random_finish(space: Space, rng: np.random.Generator) -> Finish:
    """Draw the surfaces of a room at random."""
    room = ROOM_TYPES[space.kind]
    floor, wall = _drawn(room.floor, rng), _drawn(room.wall, rng)
    band = _drawn(room.band, rng)
    height = float(rng.uniform(*room.band_height))
    skirting = float(rng.uniform(0.06, 0.13)) if rng.random() < 0.9 else 0.0
    cornice = float(rng.uniform(0.04, 0.09)) if rng.random() < 0.3 else 0.0
    tiled = "wall_tile" in (band, wall)
    return Finish(
        floor=floor,
        wall=wall,
        ceiling=_drawn(room.ceiling, rng),
        band="" if band == wall else band,
        band_height=height,
        skirting=0.0 if tiled else skirting,
        cornice=0.0 if tiled else cornice,
    )


def _drawn(choice: WeightedNames, rng: np.random.Generator) -> str:
    weights = np.array([weight for _, weight in choice])
    return choice[int(rng.choice(len(choice), p=weights / weights.sum()))][0]


def rectangles_shape(axis: int, at: float, facing: int, rectangles: ArrayLike) -> Shape:
    """Return rectangles in the plane ``axis = at`` with normals ``facing`` (1 or -1).

    ``rectangles`` is an (N, 4) array of (low u, high u, low v, high v), meters, where u and v are
    the other two axes in their order.
    """
    corners = np.asarray(rectangles, dtype=float)
    u, v = corners[:, [0, 1, 1, 0]], corners[:, [2, 2, 3, 3]]
    first, second = [other for other in range(3) if other != axis]
    vertices = np.full((*u.shape, 3), float(at))
    vertices[..., first], vertices[..., second] = u, v
    # u x v points along +axis, except from y: x cross z is -y.
    order = [0, 1, 2, 3] if (facing > 0) != (axis == 1) else [3, 2, 1, 0]
    starts = 4 * np.arange(len(corners), dtype=np.int32)[:, None, None]
    faces = np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32) + starts
    normals = np.zeros((4 * len(corners), 3))
    normals[:, axis] = facing
    return Shape(
        vertices=vertices[:, order].reshape(-1, 3),
        faces=faces.reshape(-1, 3),
        normals=normals,
        curvatures=np.zeros((4 * len(corners), 2)),
    )


def cut_holes(outline: ArrayLike, holes: Sequence[ArrayLike], level: float) -> Floats:
    """Return a rectangle with holes as (N, 4) rectangles (low u, high u, low v, high v).

    All are cut along the same lines, the height ``level`` (meters) among them. No corner of one
    lies inside a side of another, so that no ray can pass between them.
    """
    low_u, high_u, low_v, high_v = np.asarray(outline, dtype=float)
    across = np.unique([low_u, high_u, *(edge for hole in holes for edge in np.asarray(hole)[:2])])
    up = np.unique(
        [low_v, high_v, level, *(edge for hole in holes for edge in np.asarray(hole)[2:])]
    )
    up = up[(up >= low_v) & (up <= high_v)]
    kept = []
    for u0, u1 in pairwise(across):
        for v0, v1 in pairwise(up):
            u, v = (u0 + u1) / 2, (v0 + v1) / 2
            if not any(h[0] < u < h[1] and h[2] < v < h[3] for h in map(np.asarray, holes)):
                kept.append((u0, u1, v0, v1))
    return np.array(kept)


def room_surfaces(plan: FloorPlan, number: int, finish: Finish) -> Iterator[Fixture]:
    """Yield the walls, floor and ceiling of one room, then its skirting boards and cornice."""
    space = plan.spaces[number]
    flat = [[space.low[0], space.high[0], space.low[1], space.high[1]]]
    for axis, side in SIDES:
        parts = _wall(plan, number, axis, side, finish)
        yield Fixture("wall", number, parts)
    yield Fixture(
        "floor", number, (Part(rectangles_shape(2, space.low[2], 1, flat), finish.floor),)
    )
    yield Fixture(
        "ceiling", number, (Part(rectangles_shape(2, space.high[2], -1, flat), finish.ceiling),)
    )
    strips = _strips(plan, number, finish)
    if strips:
        yield Fixture("trim", number, (Part(boxes(*zip(*strips, strict=True)), "trim"),))


def openings_of(plan: FloorPlan, number: int, axis: int, side: int) -> list[Opening]:
    """Return the openings in the wall with normal ``axis`` on a room's low or high side."""
    at = 0 if side > 0 else 1  # a room lies on the low side of its own high wall
    return [door for door in plan.openings if door.axis == axis and door.rooms[at] == number]


def _wall(plan: FloorPlan, number: int, axis: int, side: int, finish: Finish) -> tuple[Part, ...]:
    space, along = plan.spaces[number], 1 - axis
    holes = [
        (door.low[along], door.high[along], door.low[2], door.high[2])
        for door in openings_of(plan, number, axis, side)
    ]
    outline = (space.low[along], space.high[along], space.low[2], space.high[2])
    level = finish.band_height if finish.band else 0.0
    panels = cut_holes(outline, holes, level)
    at = float((space.low, space.high)[side > 0][axis])
    lower = panels[:, 3] <= level
    parts = [Part(rectangles_shape(axis, at, -side, panels[~lower]), finish.wall)]
    if lower.any():
        parts.append(Part(rectangles_shape(axis, at, -side, panels[lower]), finish.band))
    return tuple(parts)


def _strips(plan: FloorPlan, number: int, finish: Finish) -> list[tuple[Floats, Floats]]:
    """Return the boxes of skirting boards (with gaps at doorways) and of cornices."""
    space = plan.spaces[number]
    strips = []
    for axis, side in SIDES:
        along = 1 - axis
        doors = [d for d in openings_of(plan, number, axis, side) if d.low[2] == 0.0]
        at = float((space.low, space.high)[side > 0][axis])
        whole = (float(space.low[along]), float(space.high[along]))
        if finish.skirting:
            for stretch in _between(whole, doors, along):
                up = (0.0, finish.skirting)
                strips.append(cut_box(axis, _inward(at, side, 0.015), stretch, up))
        if finish.cornice:
            top = float(space.high[2])
            up = (top - finish.cornice, top)
            strips.append(cut_box(axis, _inward(at, side, finish.cornice), whole, up))
    return strips


def _inward(at: float, side: int, depth: float) -> Extent:
    """Return the interval from a wall's face to ``depth`` meters inside the room."""
    return (at - depth, at) if side > 0 else (at, at + depth)


def _between(whole: Extent, doors: Sequence[Opening], along: int) -> Iterator[Extent]:
    """Yield the stretches of a wall between doors and their casings."""
    start = whole[0]
    for door in sorted(doors, key=lambda door: float(door.low[along])):
        yield start, float(door.low[along]) - CASING
        start = float(door.high[along]) + CASING
    yield start, whole[1]
