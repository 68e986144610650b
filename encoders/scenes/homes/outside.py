"""The entrance and the windows in the outer walls of a floor plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from encoders.scenes.homes.doorways import DOOR_MARGIN
from encoders.scenes.homes.rooms import ROOM_TYPES
from encoders.scenes.homes.spaces import SIDES, Opening, Space, cut_box


@dataclass(frozen=True)
class OuterWall:
    """A stretch of a room's wall with no other room behind it."""

    room: int
    axis: int
    side: int
    start: float
    end: float


def outer_walls(spaces: Sequence[Space]) -> list[OuterWall]:
    """Return the stretches of wall with no part of the building in the half-plane beyond.

    A ray that leaves through a window there never hits the building again.
    """
    walls = []
    for i, space in enumerate(spaces):
        for axis, side in SIDES:
            face = (space.low, space.high)[side > 0][axis]
            # All other rooms must lie on this side of the wall's plane.
            far = [(s.low, s.high)[side > 0][axis] for s in spaces]
            if max(side * (f - face) for f in far) < 1e-6:
                along = 1 - axis
                walls.append(OuterWall(i, axis, side, space.low[along], space.high[along]))
    return walls


def entrance(
    spaces: Sequence[Space], walls: Sequence[OuterWall], outer: float, rng: np.random.Generator
) -> list[Opening]:
    """Return the door to the outside, in the hall if this has an outer wall."""
    fit = [wall for wall in walls if wall.end - wall.start > 1.0 + 2 * DOOR_MARGIN]
    if not fit:
        return []
    wall = min(fit, key=lambda wall: (ROOM_TYPES[spaces[wall.room].kind].privacy, wall.room))
    width, head = float(rng.uniform(0.88, 1.0)), float(rng.uniform(2.02, 2.12))
    room = wall.end - wall.start - 2 * DOOR_MARGIN - width
    position = wall.start + DOOR_MARGIN + room * rng.random()
    through = _through(spaces[wall.room], wall, outer)
    corners = cut_box(wall.axis, through, (position, position + width), (0.0, head))
    return [Opening("entrance", wall.axis, *corners, _rooms(wall))]


def windows_in(
    spaces: Sequence[Space],
    walls: Sequence[OuterWall],
    taken: Sequence[Opening],
    outer: float,
    rng: np.random.Generator,
) -> Iterator[Opening]:
    """Yield windows in the style of each room; a room with an outer wall has at least one."""
    lit: set[int] = set()
    for number, wall in enumerate(walls):
        space = spaces[wall.room]
        style = ROOM_TYPES[space.kind].window
        blocked = [
            (door.low[1 - wall.axis], door.high[1 - wall.axis])
            for door in taken
            if wall.room in door.rooms and door.axis == wall.axis
        ]
        # A wall may have no windows only if a later wall of the same room can have some.
        last = not any(other.room == wall.room for other in walls[number + 1 :])
        if rng.random() > style.chance and not (last and wall.room not in lit):
            continue
        lit.add(wall.room)
        sill, head = float(rng.uniform(*style.sill)), float(rng.uniform(*style.head))
        head = min(head, space.high[2] - 0.18)
        for start, end in _spans(wall, style.width, blocked, rng):
            through = _through(space, wall, outer)
            corners = cut_box(wall.axis, through, (start, end), (sill, head))
            yield Opening("window", wall.axis, *corners, _rooms(wall))


def _spans(
    wall: OuterWall,
    widths: tuple[float, float],
    blocked: Sequence[tuple[float, float]],
    rng: np.random.Generator,
) -> Iterator[tuple[float, float]]:
    """Yield evenly spread intervals for windows, away from corners and doors."""
    length = wall.end - wall.start
    width = float(min(rng.uniform(*widths), length - 0.9))
    if width < 0.45:
        return
    most = max(1, int((length - 0.4) // (width + 0.9)))
    count = int(rng.integers(1, min(most, 3) + 1))
    slack = length - 0.7 - count * width
    shift = float(rng.uniform(-0.25, 0.25)) * slack / (count + 1)
    for i in range(count):
        start = wall.start + 0.35 + slack * (i + 1) / (count + 1) + i * width + shift
        if all(start + width < low - 0.3 or start > high + 0.3 for low, high in blocked):
            yield start, start + width


def _through(space: Space, wall: OuterWall, outer: float) -> tuple[float, float]:
    face = float((space.low, space.high)[wall.side > 0][wall.axis])
    return (face, face + outer) if wall.side > 0 else (face - outer, face)


def _rooms(wall: OuterWall) -> tuple[int, int]:
    return (wall.room, -1) if wall.side > 0 else (-1, wall.room)
