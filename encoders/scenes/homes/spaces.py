"""The words of a floor plan: rooms, and openings in the walls between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taskgraph.arrays import Floats

Extent = tuple[float, float]

SIDES = ((1, 1), (0, -1), (1, -1), (0, 1))
"""The four walls of a room as (axis of the normal, side): north, west, south, east."""


@dataclass(frozen=True, eq=False)
class Space:
    """A room of the plan: its type and the opposite corners of its clear inside, meters."""

    kind: str
    low: Floats  # (3,)
    high: Floats  # (3,)


@dataclass(frozen=True, eq=False)
class Opening:
    """A box cut through a wall, from the inner face of one room to what lies behind the wall.

    Attributes
    ----------
    kind : str
        ``doorway`` (a door's width), ``passage`` (wide), ``entrance`` or ``window`` (both lead
        outside).
    axis : int
        0 or 1: the direction through the wall.
    low, high : (3,) arrays
        Corners of the box, meters; along ``axis`` it is as long as the wall is thick.
    rooms : tuple of int
        The room on the low side of the wall and the one on the high side; -1 is outside.
    """

    kind: str
    axis: int
    low: Floats
    high: Floats
    rooms: tuple[int, int]


def cut_box(
    axis: int, through: tuple[float, float], along: tuple[float, float], up: tuple[float, float]
) -> tuple[Floats, Floats]:
    """The low and high corners of a box from its extents through, along, and up a wall."""
    first, second = (through, along) if axis == 0 else (along, through)
    return np.array([first[0], second[0], up[0]]), np.array([first[1], second[1], up[1]])
