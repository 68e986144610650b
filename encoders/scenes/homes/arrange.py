"""Furnish a room: the arrangements of its type, one after the other, then small objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from encoders.scenes.homes.arrangements import (
    cooking,
    hanging,
    lounge,
    rugs,
    sleeping,
    small_objects,
    standing,
    tables,
    washing,
)
from encoders.scenes.homes.arrangements.placing import Arrangement
from encoders.scenes.homes.floor import Floor
from encoders.scenes.homes.furnishing import FURNISHINGS, SMALL
from encoders.scenes.homes.placed_piece import PlacedPiece
from encoders.scenes.homes.spaces import Opening, Space

ARRANGEMENTS: Mapping[str, Arrangement] = {
    "sleep": sleeping.sleep,
    "lounge": lounge.lounge,
    "dine": tables.dine,
    "work": tables.work,
    "wall": standing.wall,
    "slim": standing.slim,
    "corner": standing.corner,
    "seat": lounge.seat,
    "rug": rugs.lay_middle_rug,
    "cook": cooking.cook,
    "wash": washing.wash,
    "curtains": hanging.curtains,
    "hang": hanging.hang,
    "radiators": hanging.radiators,
    "strewn": standing.strewn,
    "ceiling": hanging.ceiling,
}
"""Functions that add an arrangement to a room, by the names that `FURNISHINGS` uses."""

CROWDED = 0.42
"""Share of covered floor above which an arrangement is not repeated."""


def furnish_room(
    space: Space,
    openings: Sequence[Opening],
    rng: np.random.Generator,
    small_rng: np.random.Generator,
    *,
    clutter: float = 1.0,
) -> tuple[PlacedPiece, ...]:
    """Furnish one room.

    Parameters
    ----------
    space : Space
    openings : sequence of Opening
        Doors and windows in the walls of this room.
    rng, small_rng : numpy.random.Generator
        Random numbers for furniture, and for the small objects on it.
    clutter : float
        Factor of the expected number of small objects; furniture does not depend on it.

    Returns
    -------
    tuple of PlacedPiece
        All pieces; a piece that stands on another comes after it.
    """
    floor = Floor(space, openings)
    for furnishing in FURNISHINGS[space.kind]:
        wanted = int(rng.integers(furnishing.count[0], furnishing.count[1] + 1))
        if rng.random() >= furnishing.chance:
            continue
        for number in range(wanted):
            if number and floor.crowded > CROWDED:
                break
            kind = furnishing.classes[int(rng.integers(len(furnishing.classes)))]
            ARRANGEMENTS[furnishing.arrangement](floor, kind, rng)
    small_objects.scatter(floor, SMALL[space.kind], small_rng, clutter)
    return tuple(floor.placed)
