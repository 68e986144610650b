"""Dividing a building's outline into the rectangles of its rooms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from encoders.scenes.homes.rooms import ROOM_TYPES

Corner = tuple[float, float]

TRIES = 240
"""Random divisions of which the best is taken."""


@dataclass(frozen=True)
class Cell:
    """The rectangle of one room, from the middle of its walls to the middle of its walls."""

    kind: str
    low: Corner
    high: Corner


def sliced(kinds: Sequence[str], rng: np.random.Generator) -> list[Cell]:
    """Cells that fill a rectangle or an L, each about as large as its type of room should be.

    Two rows of rooms lie along a corridor (or along a wall, if no room is a corridor), and some
    rooms may close the rows at one end. Each block is cut in two again and again, and the best
    of `TRIES` random divisions is taken: the one whose rooms least exceed the size ranges of
    their types.
    """
    best: list[Cell] = []
    least = np.inf
    for _ in range(TRIES):
        cells = _division(list(kinds), rng)
        penalty = sum(_misfit(cell) for cell in cells) + 0.3 * _dark(cells) + _sprawl(cells)
        if penalty < least:
            best, least = cells, penalty
        if least < 0.02:
            break
    return best


def _division(kinds: list[str], rng: np.random.Generator) -> list[Cell]:
    rooms = [kind for kind in kinds if kind != "corridor"]
    rng.shuffle(rooms)
    areas = {kind: _area(kind, rng) for kind in rooms}
    ends = int(rng.integers(0, 3)) if len(rooms) > 3 else 0
    end, rows = rooms[:ends], rooms[ends:]
    shares = np.cumsum([areas[kind] for kind in rows]) / sum(areas[kind] for kind in rows)
    cut = 1 + int(np.argmin(np.abs(shares[:-1] - rng.normal(0.5, 0.12))))
    lower, upper = rows[:cut], rows[cut:]
    hall = float(rng.uniform(1.55, 2.3)) if "corridor" in kinds else 0.0
    depth = rng.uniform(3.6, 6.4, 2)
    width = [
        sum(areas[kind] for kind in row) / d for row, d in zip((lower, upper), depth, strict=True)
    ]
    if abs(width[0] - width[1]) < 2.0:  # close enough: a rectangle, else an L
        width = [sum(width) / 2] * 2
    top = float(depth[0] + hall)
    cells = _cut(lower, (0.0, 0.0), (width[0], float(depth[0])), areas, rng)
    cells += _cut(upper, (0.0, top), (width[1], top + float(depth[1])), areas, rng)
    if hall:
        cells.append(Cell("corridor", (0.0, float(depth[0])), (min(width), top)))
    if end:
        total = top + float(depth[1])
        left = -sum(areas[kind] for kind in end) / total
        cells += _cut(end, (left, 0.0), (0.0, total), areas, rng)
    return cells


def _area(kind: str, rng: np.random.Generator) -> float:
    room = ROOM_TYPES[kind]
    return float(rng.uniform(*room.short) * rng.uniform(*room.long))


def _cut(
    kinds: Sequence[str],
    low: Corner,
    high: Corner,
    areas: dict[str, float],
    rng: np.random.Generator,
) -> list[Cell]:
    """Cells of ``kinds`` in a rectangle, by cuts in proportion to the areas on either side."""
    if len(kinds) == 1:
        return [Cell(kinds[0], low, high)]
    split = int(rng.integers(1, len(kinds)))
    first = sum(areas[kind] for kind in kinds[:split])
    share = first / (first + sum(areas[kind] for kind in kinds[split:]))
    sides = (high[0] - low[0], high[1] - low[1])
    axis = int(np.argmax(sides)) if rng.random() < 0.85 else int(np.argmin(sides))
    at = low[axis] + share * sides[axis]
    middle_high = (at, high[1]) if axis == 0 else (high[0], at)
    middle_low = (at, low[1]) if axis == 0 else (low[0], at)
    return _cut(kinds[:split], low, middle_high, areas, rng) + _cut(
        kinds[split:], middle_low, high, areas, rng
    )


def _misfit(cell: Cell) -> float:
    """How far the sides of a cell are outside the ranges of its type, squared meters."""
    room = ROOM_TYPES[cell.kind]
    short, long = sorted((cell.high[0] - cell.low[0], cell.high[1] - cell.low[1]))
    return _outside(short, room.short) ** 2 + _outside(long, room.long) ** 2


def _outside(value: float, within: tuple[float, float]) -> float:
    return max(within[0] - value, value - within[1], 0.0)


def _sprawl(cells: Sequence[Cell]) -> float:
    """How far an outline is from a compact one: over 1.7 times as long as wide, or notched."""
    low = [min(cell.low[axis] for cell in cells) for axis in (0, 1)]
    high = [max(cell.high[axis] for cell in cells) for axis in (0, 1)]
    width, depth = high[0] - low[0], high[1] - low[1]
    filled = sum((cell.high[0] - cell.low[0]) * (cell.high[1] - cell.low[1]) for cell in cells) / (
        width * depth
    )
    longer = max(width, depth) / min(width, depth)
    return 4 * max(longer - 1.7, 0.0) + 8 * max(0.78 - filled, 0.0)


def _dark(cells: Sequence[Cell]) -> int:
    """How many rooms to live in have no wall on the outline's bounding box."""
    low = [min(cell.low[axis] for cell in cells) for axis in (0, 1)]
    high = [max(cell.high[axis] for cell in cells) for axis in (0, 1)]
    return sum(
        ROOM_TYPES[cell.kind].privacy < 1.4
        and all(cell.low[axis] > low[axis] and cell.high[axis] < high[axis] for axis in (0, 1))
        for cell in cells
    )
