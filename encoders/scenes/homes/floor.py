"""The state of a room while it is being furnished: its pieces, and the space that is free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from encoders.scenes.furniture.piece import Piece
from encoders.scenes.homes.doors import swing_zone
from encoders.scenes.homes.footprints import (
    Boxes,
    aligned,
    apart,
    boxes_of_solids,
    extent,
    join_boxes,
    overlaps,
    rotate_z,
    transform_boxes,
)
from encoders.scenes.homes.placed_piece import PlacedPiece, boxes_around, floor_in_front, lies_flat
from encoders.scenes.homes.spaces import Opening, Space
from taskgraph.arrays import Booleans, Floats, Integers

GAP = 0.03
"""Distance (meters) of furniture from the wall behind it and from other pieces."""

SKIRTING = 0.14
"""Largest height of skirting boards, meters."""

NONE = Boxes(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0))

TURNS = (0.0, np.pi / 2, np.pi, -np.pi / 2)
"""Rotations (radians) of a piece with its back to the north, west, south and east wall."""


@dataclass(frozen=True, eq=False)
class Spots:
    """Candidate places for a piece: (N, 3) positions, (N,) turns, and the (N,) walls (or -1).

    ``along`` is the position on the wall as a share of its length; NaN away from walls.
    """

    position: Floats
    turn: Floats
    wall: Integers
    along: Floats

    def __len__(self) -> int:
        return len(self.turn)

    def only(self, mask: Booleans) -> Spots:
        """Return the spots where ``mask`` is true."""
        return Spots(self.position[mask], self.turn[mask], self.wall[mask], self.along[mask])


@dataclass(eq=False)
class Floor:
    """The pieces of one room. Pieces are only added, and never move sideways."""

    space: Space
    openings: Sequence[Opening]
    placed: list[PlacedPiece] = field(default_factory=list)
    doors: list[Boxes] = field(default_factory=list)
    windows: list[Boxes] = field(default_factory=list)
    access: list[Boxes] = field(default_factory=list)
    filled: float = 0.0  # floor covered by furniture, square meters
    _joined: Boxes | None = field(default=None, repr=False)  # of all pieces

    def __post_init__(self) -> None:
        for opening in self.openings:
            (self.windows if opening.kind == "window" else self.doors).extend(_kept(opening))

    @property
    def size(self) -> Floats:
        """Return the width, depth and height of the room, (3,), meters."""
        return self.space.high - self.space.low

    def new_suite(self) -> int:
        """Return a number that no suite of the room has yet."""
        return 1 + max((placed.suite for placed in self.placed), default=-1)

    @property
    def crowded(self) -> float:
        """Return the share of the floor that furniture covers."""
        return self.filled / float(self.size[0] * self.size[1])

    def free(
        self,
        boxes: Boxes,
        *,
        margin: float = GAP - 0.005,
        ignore: Sequence[int] = (),
        access: Boxes | None = None,
        windows: bool = True,
        strict: bool = True,
    ) -> Booleans:
        """Return which of (N) boxes are inside the room and overlap nothing.

        Parameters
        ----------
        margin : float, meters
            Least distance from furniture.
        ignore : numbers of pieces that the boxes may overlap
        access : boxes of floor that must be free of furniture, but may overlap other access
        windows : whether windows must stay uncovered
        strict : whether the floor in front of other pieces must stay free
        """
        solid = self._solid(ignore)
        # Pieces on the floor keep a distance from the skirting boards.
        raised = boxes.middle[:, 2] - boxes.half[:, 2] > self.space.low[2] + SKIRTING
        good: Booleans = self.inside_room(boxes, 0.016)
        good |= raised & self.inside_room(boxes)
        good &= apart(boxes.grown(margin), solid)
        for zones in (self.doors, self.windows if windows else [], self.access if strict else []):
            if zones:
                good &= apart(boxes, join_boxes(zones))
        if access is not None:
            good &= apart(access, solid)
        return good

    def _solid(self, ignore: Sequence[int]) -> Boxes:
        """Return the boxes of all pieces except those in ``ignore``."""
        if self._joined is None:
            self._joined = (
                join_boxes([placed.box for placed in self.placed]) if self.placed else NONE
            )
        if not len(ignore):
            return self._joined
        kept = np.ones(len(self.placed), dtype=bool)
        kept[list(ignore)] = False
        return self._joined.only(kept)

    def clear_of_windows(self, boxes: Boxes) -> Booleans:
        """Return which of (N) boxes do not touch a window, its sill or its frame."""
        if not self.windows:
            return np.ones(len(boxes), dtype=bool)
        near = self.windows[::2]  # the first box of each window is the window itself
        return apart(boxes, join_boxes(near))

    def inside_room(self, boxes: Boxes, margin: float = 0.0) -> Booleans:
        """Return which of (N) boxes are inside the room, ``margin`` meters from its walls."""
        low, high = extent(boxes.grown(margin))
        within = (low > self.space.low - 1e-6) & (high < self.space.high + 1e-6)
        inside: Booleans = np.logical_and.reduce(within, axis=1)
        return inside

    def fits(self, piece: Piece, position: ArrayLike, turn: float, ignore: Sequence[int]) -> bool:
        """Return whether a piece fits, if pieces in ``ignore`` are tested solid by solid.

        A chair may reach under a table as long as no solid of one overlaps a solid of the other.
        """
        if not self.free(boxes_around(piece, position, turn), ignore=ignore)[0]:
            return False
        mine = transform_boxes(boxes_of_solids(piece), position, turn)
        for number in ignore:
            other = self.placed[number]
            theirs = transform_boxes(boxes_of_solids(other.piece), other.position, other.turn)
            if overlaps(mine.grown(0.004), theirs).any():
                return False
        return True

    def put(
        self,
        piece: Piece,
        position: ArrayLike,
        turn: float,
        *,
        host: int = -1,
        suite: int = -1,
        front: float = 0.0,
    ) -> int:
        """Place a piece and return its number; ``front`` meters of floor before it stay free."""
        place = np.asarray(position, dtype=float)
        self.placed.append(PlacedPiece(piece, place, float(turn), host, suite))
        if self._joined is not None:
            self._joined = join_boxes([self._joined, self.placed[-1].box])
        if host < 0 and place[2] < self.space.low[2] + 0.05 and not lies_flat(piece):
            self.filled += piece.size[0] * piece.size[1]
        if front:
            self.access.append(floor_in_front(piece, place, turn, front))
        return len(self.placed) - 1

    def walls(self, piece: Piece, *, gap: float = GAP, height: float = 0.0) -> Spots:
        """Return spots about 0.1 m apart along all walls, with the piece's back to the wall."""
        middle = (self.space.low + self.space.high) / 2
        position, turns, walls, along = [], [], [], []
        for wall, turn in enumerate(TURNS):
            length, depth = self.size[:2] if wall % 2 == 0 else self.size[1::-1]
            reach = length / 2 - piece.size[0] / 2 - gap
            if reach < 0:
                continue
            u = np.linspace(-reach, reach, max(int(reach / 0.05), 3))
            local = np.zeros((len(u), 3))
            local[:, 0], local[:, 1] = u, depth / 2 - piece.size[1] / 2 - gap
            spots = rotate_z(turn, local) + middle
            spots[:, 2] = self.space.low[2] + height
            position.append(spots)
            turns.append(np.full(len(u), turn))
            walls.append(np.full(len(u), wall))
            along.append(0.5 + u / length)
        if not position:
            return Spots(np.zeros((0, 3)), np.zeros(0), np.zeros(0, dtype=int), np.zeros(0))
        return Spots(*map(np.concatenate, (position, turns, walls, along)))

    def inside(self, piece: Piece, turns: Sequence[float], step: float = 0.15) -> Spots:
        """Return spots all over the floor, ``step`` meters apart, with each of the given turns."""
        low, high = self.space.low + 0.1, self.space.high - 0.1
        x = np.arange(low[0], high[0], step)
        y = np.arange(low[1], high[1], step)
        turn, across, up = (a.ravel() for a in np.meshgrid(turns, x, y, indexing="ij"))
        floor = np.full(len(turn), self.space.low[2])
        position = np.column_stack([across, up, floor])
        return Spots(position, turn, np.full(len(turn), -1), np.full(len(turn), np.nan))

    def lift(self, numbers: Sequence[int], height: float) -> None:
        """Raise pieces and everything on them, as a rug laid under them does."""
        raised = set(numbers)
        self._joined = None
        for i, placed in enumerate(self.placed):
            if placed.host in raised:
                raised.add(i)  # a piece comes before those that stand on it
            if i in raised:
                up = placed.position + np.array([0.0, 0.0, height])
                self.placed[i] = replace(placed, position=up)


def _kept(opening: Opening) -> list[Boxes]:
    """Return the boxes that a door or a window keeps free."""
    axis, along = opening.axis, 1 - opening.axis
    if opening.kind != "window":
        low, high = swing_zone(opening)
        return [aligned([*low, 0.0], [*high, opening.high[2] + 0.12])]
    boxes = []
    # The window itself stays free, and so does the space before it from tall pieces.
    for depth, sill in ((0.13, opening.low[2] - 0.05), (0.55, max(opening.low[2] + 0.15, 1.05))):
        low, high = opening.low.copy(), opening.high.copy()
        low[axis] -= depth
        high[axis] += depth
        low[along] -= 0.05
        high[along] += 0.05
        low[2], high[2] = sill, high[2] + 0.08
        boxes.append(aligned(low, high))
    return boxes
