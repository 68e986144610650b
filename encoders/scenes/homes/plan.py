"""The floor plan of a building: rooms side by side, doors between them, windows outwards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from encoders.scenes.homes.doorways import connecting
from encoders.scenes.homes.outside import entrance, outer_walls, windows_in
from encoders.scenes.homes.rooms import ROOM_TYPES
from encoders.scenes.homes.slicing import Cell, sliced
from encoders.scenes.homes.spaces import Opening, Space


@dataclass(frozen=True, eq=False)
class Plan:
    """Rooms and the openings in their walls.

    ``inner`` and ``outer`` are the thicknesses of the walls between rooms and to the outside.
    """

    spaces: tuple[Space, ...]
    openings: tuple[Opening, ...]
    inner: float
    outer: float


def draw_plan(rng: np.random.Generator) -> Plan:
    """A plan of 5 to 9 rooms of at least 4 types, every room reachable from every other."""
    inner, outer = float(rng.uniform(0.1, 0.2)), float(rng.uniform(0.26, 0.4))
    while True:
        cells = sliced(_program(rng), rng)
        spaces = tuple(_space(cell, inner, rng) for cell in cells)
        doors = connecting(spaces, inner, rng)
        if doors is not None:
            break
    walls = outer_walls(spaces)
    way_in = entrance(spaces, walls, outer, rng)
    openings = [*doors, *way_in]
    openings += windows_in(spaces, walls, way_in, outer, rng)
    return Plan(spaces, tuple(openings), inner, outer)


def _program(rng: np.random.Generator) -> list[str]:
    """The room types of a building: what a home needs most often, then some of the others."""
    kinds = [name for name, room in ROOM_TYPES.items() if rng.random() < room.chance]
    rng.shuffle(kinds)
    kinds = kinds[: int(rng.integers(6, 10))]
    while len(kinds) < 5:
        rest = [name for name in ROOM_TYPES if name not in kinds]
        kinds.append(rest[rng.integers(len(rest))])
    if len(kinds) < 9 and rng.random() < 0.35:
        kinds.append(("bedroom", "bathroom")[rng.integers(2)])
    return kinds


def _space(cell: Cell, inner: float, rng: np.random.Generator) -> Space:
    height = rng.uniform(*ROOM_TYPES[cell.kind].height)
    low = np.array([*(np.array(cell.low) + inner / 2), 0.0])
    return Space(cell.kind, low, np.array([*(np.array(cell.high) - inner / 2), height]))
