"""The types of rooms: their sizes, surfaces and windows."""

from __future__ import annotations

from dataclasses import dataclass

from encoders.scenes.homes.furnishing import WeightedNames

Range = tuple[float, float]


@dataclass(frozen=True)
class WindowStyle:
    """The windows of a room type: ranges of width, sill height and head height (meters).

    ``chance`` is the probability that an outer wall has windows if the room has another one.
    """

    width: Range
    sill: Range
    head: Range
    chance: float


@dataclass(frozen=True)
class RoomType:
    """The sizes, surfaces and windows of a type of room.

    Attributes
    ----------
    short, long : ranges of the shorter and the longer side, meters.
    height : range of the ceiling's height, meters.
    chance : float
        Probability that a building has such a room.
    privacy : float
        0 for rooms that people walk through, up to 2 for rooms with a single door.
    floor, wall, ceiling : weighted roles of materials.
    band : weighted roles of the lower part of the walls; the empty string means no band.
    band_height : its range, meters.
    """

    short: Range
    long: Range
    height: Range
    chance: float
    privacy: float
    window: WindowStyle
    floor: WeightedNames
    wall: WeightedNames
    band: WeightedNames
    band_height: Range
    ceiling: WeightedNames = (("ceiling", 1.0),)


LIVING_WINDOW = WindowStyle((1.4, 2.8), (0.1, 0.85), (2.05, 2.4), 0.85)
ROOM_WINDOW = WindowStyle((0.9, 1.6), (0.75, 1.0), (2.0, 2.3), 0.6)
WORK_WINDOW = WindowStyle((0.8, 1.4), (1.05, 1.15), (2.0, 2.3), 0.6)
SMALL_WINDOW = WindowStyle((0.5, 0.8), (1.3, 1.6), (1.95, 2.25), 0.3)

LIVING_FLOOR = (("floor_wood", 6.0), ("carpet", 2.0), ("floor_stone", 1.0), ("concrete", 0.7))
QUIET_FLOOR = (("floor_wood", 4.0), ("carpet", 4.0))
WET_FLOOR = (("floor_tile", 5.0), ("floor_stone", 2.0), ("concrete", 0.4))
KITCHEN_FLOOR = (("floor_tile", 4.0), ("floor_wood", 2.5), ("floor_stone", 1.5))
LIVING_WALL = (("wall_plaster", 5.0), ("wall_paper", 3.0), ("wall_brick", 0.7))
WET_WALL = (("wall_plaster", 4.0), ("wall_tile", 1.5))
NO_BAND = (("", 1.0),)
PANELS = (("", 3.0), ("wall_panel", 1.0))
TILES = (("", 1.0), ("wall_tile", 4.0))

ROOM_TYPES: dict[str, RoomType] = {
    "living_room": RoomType(
        short=(4.6, 6.4),
        long=(5.4, 8.8),
        height=(2.5, 3.2),
        chance=0.92,
        privacy=0.4,
        window=LIVING_WINDOW,
        floor=LIVING_FLOOR,
        wall=LIVING_WALL,
        band=PANELS,
        band_height=(0.8, 1.1),
    ),
    "bedroom": RoomType(
        short=(3.4, 4.8),
        long=(4.0, 5.8),
        height=(2.4, 2.9),
        chance=0.92,
        privacy=1.1,
        window=ROOM_WINDOW,
        floor=QUIET_FLOOR,
        wall=(("wall_plaster", 4.0), ("wall_paper", 4.0)),
        band=PANELS,
        band_height=(0.8, 1.1),
    ),
    "kitchen": RoomType(
        short=(3.0, 4.3),
        long=(3.8, 5.8),
        height=(2.4, 2.9),
        chance=0.92,
        privacy=0.5,
        window=WORK_WINDOW,
        floor=KITCHEN_FLOOR,
        wall=WET_WALL,
        band=(("", 2.0), ("wall_tile", 2.0)),
        band_height=(1.3, 1.6),
    ),
    "bathroom": RoomType(
        short=(2.1, 3.0),
        long=(2.6, 3.9),
        height=(2.4, 2.7),
        chance=0.92,
        privacy=1.6,
        window=SMALL_WINDOW,
        floor=WET_FLOOR,
        wall=WET_WALL,
        band=TILES,
        band_height=(1.1, 2.1),
    ),
    "dining_room": RoomType(
        short=(3.5, 4.6),
        long=(4.2, 6.4),
        height=(2.5, 3.0),
        chance=0.62,
        privacy=0.5,
        window=LIVING_WINDOW,
        floor=LIVING_FLOOR,
        wall=LIVING_WALL,
        band=PANELS,
        band_height=(0.8, 1.1),
    ),
    "home_office": RoomType(
        short=(3.1, 4.4),
        long=(3.6, 5.4),
        height=(2.4, 2.9),
        chance=0.62,
        privacy=1.0,
        window=ROOM_WINDOW,
        floor=LIVING_FLOOR,
        wall=LIVING_WALL,
        band=NO_BAND,
        band_height=(0.8, 1.1),
    ),
    "childs_room": RoomType(
        short=(3.2, 4.4),
        long=(3.6, 5.4),
        height=(2.4, 2.9),
        chance=0.6,
        privacy=1.0,
        window=ROOM_WINDOW,
        floor=QUIET_FLOOR,
        wall=(("wall_paper", 5.0), ("wall_plaster", 3.0)),
        band=(("", 2.0), ("wall_panel", 1.0), ("wall_paper", 1.0)),
        band_height=(0.8, 1.2),
    ),
    "corridor": RoomType(
        short=(1.5, 2.3),
        long=(4.5, 11.0),
        height=(2.4, 2.8),
        chance=0.8,
        privacy=0.0,
        window=ROOM_WINDOW,
        floor=LIVING_FLOOR,
        wall=LIVING_WALL,
        band=PANELS,
        band_height=(0.8, 1.2),
    ),
    "library": RoomType(
        short=(3.5, 4.8),
        long=(4.2, 6.4),
        height=(2.6, 3.2),
        chance=0.55,
        privacy=0.9,
        window=ROOM_WINDOW,
        floor=QUIET_FLOOR,
        wall=LIVING_WALL,
        band=(("", 1.0), ("wall_panel", 1.0)),
        band_height=(0.8, 1.2),
    ),
    "laundry": RoomType(
        short=(2.2, 3.0),
        long=(2.6, 3.9),
        height=(2.4, 2.7),
        chance=0.58,
        privacy=1.5,
        window=SMALL_WINDOW,
        floor=WET_FLOOR,
        wall=WET_WALL,
        band=(("", 2.0), ("wall_tile", 1.0)),
        band_height=(1.1, 1.6),
    ),
}

SCENES: tuple[str, ...] = tuple(ROOM_TYPES)
"""The scene classes, in a fixed order."""
