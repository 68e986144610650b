"""A piece of furniture at its place, and the boxes around it and before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from encoders.scenes.furniture.piece import Piece
from encoders.scenes.homes.footprints import Boxes, rotate_z
from taskgraph.arrays import Floats


@dataclass(frozen=True, eq=False)
class PlacedPiece:
    """A piece with its position in the world (meters) and its rotation about z (radians).

    ``host`` is the number of the piece that it stands on; -1 is the floor, a wall or the ceiling.
    Pieces with the same ``suite`` (unless it is -1) have the same materials.
    """

    piece: Piece
    position: Floats
    turn: float
    host: int = -1
    suite: int = -1

    @property
    def box(self) -> Boxes:
        """Return the box around the piece, in the world's frame."""
        return boxes_around(self.piece, self.position, np.array(self.turn))


def boxes_around(piece: Piece, positions: ArrayLike, turns: ArrayLike) -> Boxes:
    """Return the boxes around a piece at (N, 3) positions with (N,) rotations."""
    positions = np.atleast_2d(np.asarray(positions, dtype=float))
    half = np.array(piece.size) / 2
    return Boxes(
        positions + np.array([0.0, 0.0, half[2]]),
        np.tile(half, (len(positions), 1)),
        np.broadcast_to(turns, len(positions)).astype(float),
    )


def floor_in_front(piece: Piece, position: ArrayLike, turn: float | Floats, depth: float) -> Boxes:
    """Return boxes of floor, ``depth`` meters deep, in front of a piece at some places."""
    positions = np.atleast_2d(np.asarray(position, dtype=float))
    turns = np.broadcast_to(turn, len(positions)).astype(float)
    offset = rotate_z(turns, [0.0, -(piece.size[1] + depth) / 2, 0.0])
    half = np.array([piece.size[0] / 2, depth / 2, 0.5])
    return Boxes(positions + offset + [0, 0, 0.5], np.tile(half, (len(positions), 1)), turns)


def lies_flat(piece: Piece) -> bool:
    """Return whether a piece lies flat on the floor, so that other pieces may stand on it."""
    return piece.kind == "rug"
