"""A room while it is being furnished: what stands where, and where something else may stand."""

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
    extent,
    joined,
    moved,
    overlaps,
    solids,
    turned,
)
from encoders.scenes.homes.placed import Placed, before, box_of, flat
from encoders.scenes.homes.spaces import Opening, Space
from taskgraph.arrays import Booleans, Floats, Integers

GAP = 0.03
"""Meters between furniture and the wall behind it, and between two pieces: skirting fits in."""

SKIRTING = 0.14
"""Meters above the floor that skirting boards reach at most."""

NONE = Boxes(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0))

TURNS = (0.0, np.pi / 2, np.pi, -np.pi / 2)
"""Turn of a piece whose back is against the north, west, south and east wall."""


@dataclass(frozen=True, eq=False)
class Spots:
    """Candidate places: (N, 3) positions, (N,) turns, and along which of the four walls (or -1).

    ``along`` is where on the wall, as a share of its length; NaN away from walls.
    """

    position: Floats
    turn: Floats
    wall: Integers
    along: Floats

    def __len__(self) -> int:
        return len(self.turn)

    def only(self, mask: Booleans) -> Spots:
        """The spots that a mask picks."""
        return Spots(self.position[mask], self.turn[mask], self.wall[mask], self.along[mask])


@dataclass(eq=False)
class Floor:
    """The state of one room. It grows; nothing that was placed ever moves sideways again."""

    space: Space
    openings: Sequence[Opening]
    placed: list[Placed] = field(default_factory=list)
    doors: list[Boxes] = field(default_factory=list)
    windows: list[Boxes] = field(default_factory=list)
    access: list[Boxes] = field(default_factory=list)
    filled: float = 0.0  # square meters of floor that furniture covers
    _joined: Boxes | None = field(default=None, repr=False)  # of all that is placed

    def __post_init__(self) -> None:
        for opening in self.openings:
            (self.windows if opening.kind == "window" else self.doors).extend(_kept(opening))

    @property
    def size(self) -> Floats:
        """(3,) width, depth and height of the room, meters."""
        return self.space.high - self.space.low

    def new_suite(self) -> int:
        """A number that no suite of the room has."""
        return 1 + max((placed.suite for placed in self.placed), default=-1)

    @property
    def crowded(self) -> float:
        """The share of the floor that furniture covers."""
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
        """Which of (N) boxes are inside the room and meet nothing.

        ``margin`` (meters) is kept to furniture; pieces numbered in ``ignore`` may be met.
        ``access`` boxes are floor that must only be free of furniture. Without ``windows`` they
        may be covered; without ``strict`` the floor that other pieces need may be taken.
        """
        solid = self._solid(ignore)
        # What stands on the floor keeps off the skirting boards.
        raised = boxes.middle[:, 2] - boxes.half[:, 2] > self.space.low[2] + SKIRTING
        good: Booleans = self.inside_room(boxes, 0.016)
        good |= raised & self.inside_room(boxes)
        good &= apart(boxes.grown(margin), solid)
        for zones in (self.doors, self.windows if windows else [], self.access if strict else []):
            if zones:
                good &= apart(boxes, joined(zones))
        if access is not None:
            good &= apart(access, solid)
        return good

    def _solid(self, ignore: Sequence[int]) -> Boxes:
        """The boxes of all pieces but some."""
        if self._joined is None:
            self._joined = joined([placed.box for placed in self.placed]) if self.placed else NONE
        if not len(ignore):
            return self._joined
        kept = np.ones(len(self.placed), dtype=bool)
        kept[list(ignore)] = False
        return self._joined.only(kept)

    def clear_of_windows(self, boxes: Boxes) -> Booleans:
        """Which of (N) boxes do not touch a window, its sill or its frame, even if before it."""
        if not self.windows:
            return np.ones(len(boxes), dtype=bool)
        near = self.windows[::2]  # the first box of each window is the one right at it
        return apart(boxes, joined(near))

    def inside_room(self, boxes: Boxes, margin: float = 0.0) -> Booleans:
        """Which of (N) boxes are inside the room, ``margin`` meters off its walls."""
        low, high = extent(boxes.grown(margin))
        within = (low > self.space.low - 1e-6) & (high < self.space.high + 1e-6)
        inside: Booleans = np.logical_and.reduce(within, axis=1)
        return inside

    def fits(self, piece: Piece, position: ArrayLike, turn: float, ignore: Sequence[int]) -> bool:
        """Whether a piece is free there if those in ``ignore`` are met solid by solid.

        A chair may reach under a table as long as none of its solids meets one of the table's.
        """
        if not self.free(box_of(piece, position, turn), ignore=ignore)[0]:
            return False
        mine = moved(solids(piece), position, turn)
        for number in ignore:
            other = self.placed[number]
            theirs = moved(solids(other.piece), other.position, other.turn)
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
        """Place a piece; ``front`` meters before it stay free. Returns its number."""
        place = np.asarray(position, dtype=float)
        self.placed.append(Placed(piece, place, float(turn), host, suite))
        if self._joined is not None:
            self._joined = joined([self._joined, self.placed[-1].box])
        if host < 0 and place[2] < self.space.low[2] + 0.05 and not flat(piece):
            self.filled += piece.size[0] * piece.size[1]
        if front:
            self.access.append(before(piece, place, turn, front))
        return len(self.placed) - 1

    def walls(self, piece: Piece, *, gap: float = GAP, height: float = 0.0) -> Spots:
        """Spots along all four walls with the piece's back against them, about 0.1 m apart."""
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
            spots = turned(turn, local) + middle
            spots[:, 2] = self.space.low[2] + height
            position.append(spots)
            turns.append(np.full(len(u), turn))
            walls.append(np.full(len(u), wall))
            along.append(0.5 + u / length)
        if not position:
            return Spots(np.zeros((0, 3)), np.zeros(0), np.zeros(0, dtype=int), np.zeros(0))
        return Spots(*map(np.concatenate, (position, turns, walls, along)))

    def inside(self, piece: Piece, turns: Sequence[float], step: float = 0.15) -> Spots:
        """Spots all over the floor, ``step`` meters apart, with each of the given turns."""
        low, high = self.space.low + 0.1, self.space.high - 0.1
        x = np.arange(low[0], high[0], step)
        y = np.arange(low[1], high[1], step)
        turn, across, up = (a.ravel() for a in np.meshgrid(turns, x, y, indexing="ij"))
        floor = np.full(len(turn), self.space.low[2])
        position = np.column_stack([across, up, floor])
        return Spots(position, turn, np.full(len(turn), -1), np.full(len(turn), np.nan))

    def lift(self, numbers: Sequence[int], height: float) -> None:
        """Raise pieces and what stands on them, as a rug does that is laid under them."""
        raised = set(numbers)
        self._joined = None
        for i, placed in enumerate(self.placed):
            if placed.host in raised:
                raised.add(i)  # hosts come before what stands on them
            if i in raised:
                up = placed.position + np.array([0.0, 0.0, height])
                self.placed[i] = replace(placed, position=up)


def _kept(opening: Opening) -> list[Boxes]:
    """Where nothing may stand or hang because of a door or a window."""
    axis, along = opening.axis, 1 - opening.axis
    if opening.kind != "window":
        low, high = swing_zone(opening)
        return [aligned([*low, 0.0], [*high, opening.high[2] + 0.12])]
    boxes = []
    # Right at the window nothing covers it; tall things do not stand before it either.
    for depth, sill in ((0.13, opening.low[2] - 0.05), (0.55, max(opening.low[2] + 0.15, 1.05))):
        low, high = opening.low.copy(), opening.high.copy()
        low[axis] -= depth
        high[axis] += depth
        low[along] -= 0.05
        high[along] += 0.05
        low[2], high[2] = sill, high[2] + 0.08
        boxes.append(aligned(low, high))
    return boxes
