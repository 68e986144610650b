"""Rugs under furniture and in the middle of rooms."""

from __future__ import annotations

import numpy as np

from encoders.scenes.furniture.piece import Piece
from encoders.scenes.homes.arrangements.placing import BUILDERS
from encoders.scenes.homes.floor import NONE, Floor
from encoders.scenes.homes.footprints import Boxes, extent, join_boxes, rotate_z
from encoders.scenes.homes.placed_piece import PlacedPiece, boxes_around, lies_flat
from taskgraph.arrays import Booleans, Floats


def lay_middle_rug(floor: Floor, kind: str, rng: np.random.Generator) -> None:
    """Add a rug on the free floor near the middle of the room."""
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
    """Add a rug near a place under furniture, and raise the furniture; return its number.

    Furniture stands on the rug entirely or not at all. With ``edge``, the place is the middle of
    the rug's back edge. None is returned if no rug fits.
    """
    standing = [i for i, placed in enumerate(floor.placed) if on_floor(floor, placed)]
    boxes = join_boxes([floor.placed[i].box for i in standing]) if standing else NONE
    has_rug = any(lies_flat(floor.placed[i].piece) for i in standing)
    for attempt in range(8):
        piece = BUILDERS["rug"](rng)
        back = rotate_z(turn, [0.0, -piece.size[1] / 2 if edge else 0.0, 0.0])[:2]
        for place in middle + back + rng.normal(0, 0.03 + 0.06 * attempt, (24, 2)):
            spot = np.array([*place, floor.space.low[2]])
            borne = _borne(floor, piece, spot, turn, boxes)
            if borne is not None and not (borne.any() and has_rug):
                floor.lift(np.array(standing)[borne].tolist(), piece.size[2])
                return floor.put(piece, spot, turn)
    return None


def on_floor(floor: Floor, placed: PlacedPiece) -> bool:
    """Return whether a piece stands directly on the floor."""
    return placed.host < 0 and bool(placed.position[2] < floor.space.low[2] + 1e-6)


def _borne(
    floor: Floor, piece: Piece, place: Floats, turn: float, standing: Boxes
) -> Booleans | None:
    """Return which boxes are entirely on a rug; None if one is partly on it, or it does not fit."""
    rug_box = boxes_around(piece, place, turn)
    if not floor.inside_room(rug_box, 0.05)[0]:
        return None
    half = rug_box.half[0, :2]
    # The usable area: the inner square of a round rug, the inside of the border of another.
    is_round = abs(piece.size[0] - piece.size[1]) < 1e-6
    firm = half * 0.59 if is_round else half - 0.13
    local = rotate_z(-turn, standing.middle - rug_box.middle)
    low, high = extent(Boxes(local, standing.half, standing.turn - turn))
    on: Booleans = np.logical_and.reduce(np.maximum(-low, high)[:, :2] < firm, axis=1)
    off = (low[:, :2] > half + 0.01).any(1) | (high[:, :2] < -half - 0.01).any(1)
    return on if (on | off).all() else None
