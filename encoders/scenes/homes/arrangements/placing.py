"""Functions that all arrangements use: draw a piece that fits, and choose its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from encoders.scenes.furniture import CATALOG, VARIANTS
from encoders.scenes.furniture.piece import Builder, Piece
from encoders.scenes.homes.floor import Floor, Spots
from encoders.scenes.homes.footprints import rotate_z
from encoders.scenes.homes.placed_piece import boxes_around, floor_in_front
from taskgraph.arrays import Floats

Arrangement = Callable[[Floor, str, np.random.Generator], None]
"""Adds an arrangement around a piece of a class to a room, or nothing if it does not fit."""


BUILDERS: Mapping[str, Builder] = {**CATALOG, **VARIANTS}
"""Builders by the names in `FURNISHINGS`: classes, and variants of classes."""

FRONT = {
    "bed": 0.5,
    "crib": 0.6,
    "wardrobe": 0.75,
    "cabinet": 0.55,
    "bookshelf": 0.6,
    "desk": 0.8,
    "couch": 0.3,
    "toilet": 0.6,
    "sink": 0.6,
    "bathtub": 0.5,
    "washing_machine": 0.7,
    "oven": 0.8,
    "refrigerator": 0.8,
    "toy_box": 0.4,
    "armchair": 0.4,
    "bench": 0.3,
    "tv_stand": 0.6,
    "dresser": 0.6,
}
"""Depth of floor (meters) that people need in front of a piece, by class."""


def draw_fitting(
    build: Builder, rng: np.random.Generator, fits: Callable[[Piece], bool], tries: int = 6
) -> Piece | None:
    """Return the first of a few random pieces whose size fits."""
    for _ in range(tries):
        piece = build(rng)
        if fits(piece):
            return piece
    return None


def best_spot(
    floor: Floor,
    piece: Piece,
    spots: Spots,
    score: Floats,
    *,
    front: float = 0.0,
    ignore: Sequence[int] = (),
) -> int | None:
    """Return the free spot with the highest score, or None."""
    if not len(spots):
        return None
    boxes = boxes_around(piece, spots.position, spots.turn)
    access = floor_in_front(piece, spots.position, spots.turn, front) if front else None
    good = floor.free(boxes, access=access, ignore=ignore)
    return int(np.argmax(np.where(good, score, -np.inf))) if good.any() else None


def random_scores(spots: Spots, rng: np.random.Generator, spread: float) -> Floats:
    """Return random scores: one for each wall, plus a small one for each spot."""
    return spread * (rng.random(5)[spots.wall] + 0.1 * rng.random(len(spots)))


def beside(floor: Floor, number: int, offset: Sequence[float]) -> Floats:
    """Transform a point from the frame of a placed piece to the world."""
    host = floor.placed[number]
    point: Floats = host.position + rotate_z(host.turn, np.asarray(offset, dtype=float))
    return point


def stand_on(
    floor: Floor,
    number: int,
    piece: Piece,
    at: tuple[float, float],
    turn: float = 0.0,
    *,
    suite: int = -1,
) -> int | None:
    """Put a piece on the largest top of another, near ``at`` (as shares of the top)."""
    host = floor.placed[number]
    tops = [top for top in host.piece.tops if top.headroom > piece.size[2] + 0.01]
    if not tops:
        return None
    top = max(tops, key=lambda t: (t.high[0] - t.low[0]) * (t.high[1] - t.low[1]))
    low, high = np.array(top.low), np.array(top.high)
    c, s = abs(np.cos(turn)), abs(np.sin(turn))
    half = np.array([c * piece.size[0] + s * piece.size[1], s * piece.size[0] + c * piece.size[1]])
    half /= 2
    if (high - low < 2 * half - 0.06).any():
        return None
    middle = (low + high) / 2
    for back in (at[1], 0.6, 0.45, 0.3):  # further from the wall if a window or a shelf is there
        place = low + (high - low) * [at[0], back]
        place = np.where(
            high - low > 2 * half,
            np.clip(place, low + half, np.maximum(high - half, low + half)),
            middle,
        )
        position = beside(floor, number, (*place, top.height))
        box = boxes_around(piece, position, host.turn + turn)
        free = floor.free(box, ignore=(number,), margin=0.01, strict=False, windows=False)
        if free[0] and floor.clear_of_windows(box)[0]:
            return floor.put(piece, position, host.turn + turn, host=number, suite=suite)
    return None


def place_at_wall(floor: Floor, piece: Piece, rng: np.random.Generator) -> int | None:
    """Place a piece with its back to any wall."""
    spots = floor.walls(piece)
    front = FRONT.get(piece.kind, 0.0)
    score = random_scores(spots, rng, 1.0) + 0.4 * np.abs(spots.along - 0.5)
    spot = best_spot(floor, piece, spots, score, front=front)
    if spot is None:
        return None
    return floor.put(piece, spots.position[spot], spots.turn[spot], front=front)
