"""Upright boxes turned about the vertical, and whether they meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from encoders.scenes.furniture.piece import Piece
from taskgraph.arrays import Booleans, Floats


@dataclass(frozen=True, eq=False)
class Boxes:
    """N boxes: the middle of each, half its size along its own axes, and its turn.

    Attributes
    ----------
    middle, half : (N, 3) arrays, meters
    turn : (N,) array, radians
        About z, counter-clockwise seen from above.
    """

    middle: Floats
    half: Floats
    turn: Floats

    def __len__(self) -> int:
        return len(self.turn)

    def only(self, mask: Booleans) -> Boxes:
        """The boxes that a mask picks."""
        return Boxes(self.middle[mask], self.half[mask], self.turn[mask])

    def grown(self, margin: float) -> Boxes:
        """The boxes with ``margin`` meters more on each of their four sides."""
        return Boxes(self.middle, self.half + np.array([margin, margin, 0.0]), self.turn)


def aligned(low: ArrayLike, high: ArrayLike) -> Boxes:
    """Boxes along the axes, from (N, 3) low and high corners."""
    low, high = np.atleast_2d(low).astype(float), np.atleast_2d(high).astype(float)
    return Boxes((low + high) / 2, (high - low) / 2, np.zeros(len(low)))


def joined(groups: Sequence[Boxes]) -> Boxes:
    """All boxes of several groups, in order."""
    return Boxes(
        np.concatenate([boxes.middle for boxes in groups]),
        np.concatenate([boxes.half for boxes in groups]),
        np.concatenate([boxes.turn for boxes in groups]),
    )


def turned(turn: ArrayLike, vectors: ArrayLike) -> Floats:
    """(…, 3) vectors turned about z by (…,) radians."""
    c, s = np.cos(turn), np.sin(turn)
    x, y, z = np.moveaxis(np.asarray(vectors, dtype=float), -1, 0)
    return np.stack(np.broadcast_arrays(c * x - s * y, s * x + c * y, z), axis=-1)


def overlaps(one: Boxes, other: Boxes, tolerance: float = 1e-6) -> Booleans:
    """Which boxes share more than ``tolerance`` meters along every axis that could part them.

    Two upright boxes are apart if and only if an axis of one of them, or the vertical, separates
    them (the separating axis theorem).

    Returns
    -------
    (N, M) array
    """
    step = other.middle[None] - one.middle[:, None]  # (N, M, 3)
    reach = one.half[:, None, 2] + other.half[None, :, 2]
    meet = np.abs(step[..., 2]) < reach - tolerance
    between = other.turn[None] - one.turn[:, None]
    c, s = np.abs(np.cos(between)), np.abs(np.sin(between))
    for first, second, sign in ((one, other, 0), (other, one, 1)):
        turn = first.turn[:, None] if sign == 0 else first.turn[None]
        mine = first.half[:, None] if sign == 0 else first.half[None]
        theirs = second.half[None] if sign == 0 else second.half[:, None]
        along = np.cos(turn) * step[..., 0] + np.sin(turn) * step[..., 1]
        across = np.cos(turn) * step[..., 1] - np.sin(turn) * step[..., 0]
        meet &= np.abs(along) < mine[..., 0] + c * theirs[..., 0] + s * theirs[..., 1] - tolerance
        meet &= np.abs(across) < mine[..., 1] + c * theirs[..., 1] + s * theirs[..., 0] - tolerance
    return meet


def apart(one: Boxes, other: Boxes) -> Booleans:
    """Which of (N) boxes overlap none of the others."""
    meets: Booleans = np.logical_or.reduce(overlaps(one, other), axis=1)
    return ~meets


def extent(boxes: Boxes) -> tuple[Floats, Floats]:
    """Low and high corners, (N, 3) each, of the axis-aligned boxes around turned boxes."""
    c, s = np.abs(np.cos(boxes.turn)), np.abs(np.sin(boxes.turn))
    x, y, z = boxes.half.T
    reach = np.stack([c * x + s * y, c * y + s * x, z], axis=1)
    return boxes.middle - reach, boxes.middle + reach


@lru_cache(maxsize=64)
def solids(piece: Piece) -> Boxes:
    """The boxes around each connected solid of a piece: a table's top, each of its legs.

    Finer than the box around the piece, so that a chair can be pushed under a table.
    """
    lows, highs = [], []
    for part in piece.parts:
        vertices, faces = part.shape.vertices, part.shape.faces
        # Sides of a solid have their own vertices: those at one place are the same corner.
        _, corner = np.unique(np.round(vertices, 5), axis=0, return_inverse=True)
        corner = corner.reshape(-1)
        ends = corner[faces]
        links = coo_array(
            (np.ones(2 * len(faces)), (ends[:, :2].ravel(), ends[:, 1:].ravel())),
            shape=(len(vertices), len(vertices)),
        )
        _, label = connected_components(links, directed=False)
        solid = label[corner]
        order = np.argsort(solid, kind="stable")
        starts = np.flatnonzero(np.diff(solid[order], prepend=-1))
        lows.append(np.minimum.reduceat(vertices[order], starts))
        highs.append(np.maximum.reduceat(vertices[order], starts))
    return aligned(np.concatenate(lows), np.concatenate(highs))


def moved(boxes: Boxes, position: ArrayLike, turn: float) -> Boxes:
    """Boxes of a piece's own frame, after the piece is turned and then put at ``position``."""
    middle = turned(turn, boxes.middle) + np.asarray(position, dtype=float)
    return Boxes(middle, boxes.half, boxes.turn + turn)
