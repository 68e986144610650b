"""A piece of furniture at its place, and the boxes of floor that it takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from encoders.scenes.furniture.piece import Piece
from encoders.scenes.homes.footprints import Boxes, turned
from taskgraph.arrays import Floats


@dataclass(frozen=True, eq=False)
class Placed:
    """A piece, where its origin is in the world (meters), its turn about z (radians), and the
    number of the piece that it stands on (-1: the floor, a wall or the ceiling).

    Pieces of one ``suite`` (unless it is -1) are of the same materials.
    """

    piece: Piece
    position: Floats
    turn: float
    host: int = -1
    suite: int = -1

    @property
    def box(self) -> Boxes:
        """The one box around the piece, in the world."""
        return box_of(self.piece, self.position, np.array(self.turn))


def box_of(piece: Piece, positions: ArrayLike, turns: ArrayLike) -> Boxes:
    """The boxes around a piece at (N, 3) positions with (N,) turns."""
    positions = np.atleast_2d(np.asarray(positions, dtype=float))
    half = np.array(piece.size) / 2
    return Boxes(
        positions + np.array([0.0, 0.0, half[2]]),
        np.tile(half, (len(positions), 1)),
        np.broadcast_to(turns, len(positions)).astype(float),
    )


def before(piece: Piece, position: ArrayLike, turn: float | Floats, depth: float) -> Boxes:
    """The boxes of floor ``depth`` meters in front of a piece at one or more places."""
    positions = np.atleast_2d(np.asarray(position, dtype=float))
    turns = np.broadcast_to(turn, len(positions)).astype(float)
    offset = turned(turns, [0.0, -(piece.size[1] + depth) / 2, 0.0])
    half = np.array([piece.size[0] / 2, depth / 2, 0.5])
    return Boxes(positions + offset + [0, 0, 0.5], np.tile(half, (len(positions), 1)), turns)


def flat(piece: Piece) -> bool:
    """Whether people walk over a piece: other things may stand on it."""
    return piece.kind == "rug"
