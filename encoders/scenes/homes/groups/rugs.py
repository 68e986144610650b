"""Rugs under furniture and in the middle of rooms."""

from __future__ import annotations

import numpy as np

from encoders.scenes.furniture.piece import Piece
from encoders.scenes.homes.floor import NONE, Floor
from encoders.scenes.homes.footprints import Boxes, extent, joined, turned
from encoders.scenes.homes.groups.placing import BUILDERS
from encoders.scenes.homes.placed import Placed, box_of, flat
from taskgraph.arrays import Booleans, Floats


def rug(floor: Floor, kind: str, rng: np.random.Generator) -> None:
    """A rug on the free floor near the middle of the room."""
    turn = 0.0 if floor.size[0] > floor.size[1] else np.pi / 2
    middle = ((floor.space.low + floor.space.high) / 2)[:2]
    lay_rug(floor, middle, turn, rng)


def lay_rug(
    floor: Floor,
    middle: Floats,
    turn: float,
    rng: np.random.Generator,
    *,
    edge: bool = False,
) -> int | None:
    """A rug near a place; what stands on it stands on it wholly, and is lifted by it.

    With ``edge`` the place is the middle of the rug's back edge, not of the rug. Returns the
    rug's number, or None where none fits.
    """
    standing = [i for i, placed in enumerate(floor.placed) if on_floor(floor, placed)]
    boxes = joined([floor.placed[i].box for i in standing]) if standing else NONE
    there = any(flat(floor.placed[i].piece) for i in standing)
    for attempt in range(8):
        piece = BUILDERS["rug"](rng)
        back = turned(turn, [0.0, -piece.size[1] / 2 if edge else 0.0, 0.0])[:2]
        for place in middle + back + rng.normal(0, 0.03 + 0.06 * attempt, (24, 2)):
            spot = np.array([*place, floor.space.low[2]])
            borne = _borne(floor, piece, spot, turn, boxes)
            if borne is not None and not (borne.any() and there):
                floor.lift(np.array(standing)[borne].tolist(), piece.size[2])
                return floor.put(piece, spot, turn)
    return None


def on_floor(floor: Floor, placed: Placed) -> bool:
    """Whether a piece stands on the floor itself."""
    return placed.host < 0 and bool(placed.position[2] < floor.space.low[2] + 1e-6)


def _borne(
    floor: Floor, piece: Piece, place: Floats, turn: float, standing: Boxes
) -> Booleans | None:
    """Which boxes stand wholly on a rug; None if one does only in part, or it does not fit."""
    rug_box = box_of(piece, place, turn)
    if not floor.inside_room(rug_box, 0.05)[0]:
        return None
    half = rug_box.half[0, :2]
    # A round rug bears what is inside its inner square, an oblong one what is off its border.
    is_round = abs(piece.size[0] - piece.size[1]) < 1e-6
    firm = half * 0.59 if is_round else half - 0.13
    local = turned(-turn, standing.middle - rug_box.middle)
    low, high = extent(Boxes(local, standing.half, standing.turn - turn))
    on: Booleans = np.logical_and.reduce(np.maximum(-low, high)[:, :2] < firm, axis=1)
    off = (low[:, :2] > half + 0.01).any(1) | (high[:, :2] < -half - 0.01).any(1)
    return on if (on | off).all() else None
