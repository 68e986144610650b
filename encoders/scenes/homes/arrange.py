"""Furnishing a room as people do: each wish of its type is an arrangement of several pieces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from encoders.scenes.homes.floor import Floor
from encoders.scenes.homes.furnishing import SMALL, WISHES
from encoders.scenes.homes.groups import (
    cooking,
    hanging,
    lounge,
    rugs,
    sleeping,
    smalls,
    standing,
    tables,
    washing,
)
from encoders.scenes.homes.groups.placing import Group
from encoders.scenes.homes.placed import Placed
from encoders.scenes.homes.spaces import Opening, Space

GROUPS: Mapping[str, Group] = {
    "sleep": sleeping.sleep,
    "lounge": lounge.lounge,
    "dine": tables.dine,
    "work": tables.work,
    "wall": standing.wall,
    "slim": standing.slim,
    "corner": standing.corner,
    "seat": lounge.seat,
    "rug": rugs.rug,
    "cook": cooking.cook,
    "wash": washing.wash,
    "curtains": hanging.curtains,
    "hang": hanging.hang,
    "radiators": hanging.radiators,
    "strewn": standing.strewn,
    "ceiling": hanging.ceiling,
}
"""How each wish of a room type is fulfilled."""

CROWDED = 0.42
"""Share of the floor above which no further furniture is brought in."""


def arrange(
    space: Space,
    openings: Sequence[Opening],
    rng: np.random.Generator,
    small_rng: np.random.Generator,
    *,
    clutter: float = 1.0,
) -> tuple[Placed, ...]:
    """Furnish one room.

    Parameters
    ----------
    space : Space
    openings : sequence of Opening
        Those in the walls of this room.
    rng, small_rng : numpy.random.Generator
        For furniture, and for the small things on it; ``clutter`` multiplies the expected number
        of the latter and changes nothing of the former.

    Returns
    -------
    tuple of Placed
        A piece that stands on another comes after it.
    """
    floor = Floor(space, openings)
    for wish in WISHES[space.kind]:
        wanted = int(rng.integers(wish.count[0], wish.count[1] + 1))
        if rng.random() >= wish.chance:
            continue
        for number in range(wanted):
            if number and floor.crowded > CROWDED:
                break
            kind = wish.what[int(rng.integers(len(wish.what)))]
            GROUPS[wish.how](floor, kind, rng)
    smalls.scatter(floor, SMALL[space.kind], small_rng, clutter)
    return tuple(floor.placed)
