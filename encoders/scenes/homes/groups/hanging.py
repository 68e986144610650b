"""What hangs: pictures, clocks and mirrors on walls, curtains at windows, lamps on the ceiling."""

from __future__ import annotations

import numpy as np

from encoders.scenes.furniture.hangings import curtain
from encoders.scenes.furniture.piece import Piece
from encoders.scenes.homes.floor import TURNS, Floor
from encoders.scenes.homes.footprints import turned
from encoders.scenes.homes.groups.placing import BUILDERS, noise, sized
from encoders.scenes.homes.placed import box_of
from encoders.scenes.homes.spaces import SIDES, Opening
from taskgraph.arrays import Floats

TOUCH = 0.002
"""Meters between a wall and what hangs on it, so that no two surfaces are the same."""

EYE_HEIGHT = (1.42, 1.65)
"""Range of the height of a picture's middle, meters."""


def hang(floor: Floor, kind: str, rng: np.random.Generator) -> None:
    """A picture, a shelf or the room's one clock at eye height, rather above furniture."""
    if kind == "clock" and any(placed.piece.kind == kind for placed in floor.placed):
        kind = "picture"
    piece = BUILDERS[kind](rng)
    middle = rng.uniform(*EYE_HEIGHT) + (0.25 if kind == "clock" else 0.0)
    height = min(middle - piece.size[2] / 2, float(floor.size[2]) - piece.size[2] - 0.12)
    spots = floor.walls(piece, gap=TOUCH, height=max(height, 0.75))
    ends = np.abs(spots.along - 0.5) < 0.5 - 0.1
    good = floor.free(box_of(piece, spots.position, spots.turn), margin=0.07) & ends
    if good.any():
        score = (
            noise(spots, rng, 0.8)
            - np.abs(spots.along - 0.5)
            + _above_furniture(floor, spots.position)
        )
        spot = int(np.argmax(np.where(good, score, -np.inf)))
        floor.put(piece, spots.position[spot], spots.turn[spot])


def _above_furniture(floor: Floor, places: Floats) -> Floats:
    """1 right above the middle of a broad piece of furniture, 0 further than its half width."""
    broad = [
        p for p in floor.placed if p.host < 0 and p.piece.size[0] > 0.8 and p.position[2] < 0.1
    ]
    if not broad:
        return np.zeros(len(places))
    at = np.array([p.position[:2] for p in broad])
    reach = np.array([max(p.piece.size[:2]) / 2 for p in broad])
    away = np.sqrt(((places[:, None, :2] - at) ** 2).sum(-1)) / (reach + 0.3)
    near: Floats = np.maximum(1 - away, 0).max(1)
    return near


def curtains(floor: Floor, kind: str, rng: np.random.Generator) -> None:
    """Curtains of one stuff at every window: to the floor where nothing is below, else short."""
    state, suite = int(rng.integers(2**32)), floor.new_suite()
    for window in _windows(floor):
        top = min(float(window.high[2]) + 0.08, float(floor.size[2]) - 0.1)
        width = float((window.high - window.low)[1 - window.axis])
        for bottom in (0.025, float(window.low[2]) - 0.14):
            piece = curtain(np.random.default_rng(state), width, top - bottom)
            place, turn = _at_window(floor, window, piece, bottom)
            if floor.free(box_of(piece, place, turn), margin=0.01, windows=False)[0]:
                floor.put(piece, place, turn, suite=suite)
                break


def radiators(floor: Floor, kind: str, rng: np.random.Generator) -> None:
    """A heater under every window whose sill is high enough."""
    suite = floor.new_suite()
    for window in _windows(floor):
        piece = BUILDERS[kind](rng)
        if piece.size[2] < window.low[2] - 0.06:
            place, turn = _at_window(floor, window, piece, 0.0, gap=0.017)
            if floor.free(box_of(piece, place, turn), windows=False)[0]:
                floor.put(piece, place, turn, suite=suite)


def _windows(floor: Floor) -> list[Opening]:
    return [opening for opening in floor.openings if opening.kind == "window"]


def _at_window(
    floor: Floor, window: Opening, piece: Piece, height: float, gap: float = TOUCH
) -> tuple[Floats, float]:
    """Where a piece is that is right before the middle of a window, and its turn."""
    axis, along = window.axis, 1 - window.axis
    side = 1 if window.low[axis] > floor.space.low[axis] + 0.1 else -1
    face = (floor.space.low, floor.space.high)[side > 0][axis]
    place = np.zeros(3)
    place[axis] = face - side * (gap + piece.size[1] / 2)
    place[along] = (window.low[along] + window.high[along]) / 2
    place[2] = floor.space.low[2] + height
    return place, TURNS[SIDES.index((axis, side))]


def ceiling(floor: Floor, kind: str, rng: np.random.Generator) -> None:
    """A lamp under the middle of the ceiling or over the table; in a long hall two."""
    tables = [p for p in floor.placed if p.piece.kind == "dining_table"]
    low, high = floor.space.low, floor.space.high
    middle = (low + high) / 2
    if tables and rng.random() < 0.8:
        middle = tables[0].position.copy()
        drop = float(high[2]) - rng.uniform(1.5, 1.75)
    else:
        drop = float(high[2]) - 2.0
    long = int(np.argmax(high[:2] - low[:2]))
    count = 2 if floor.size[long] > 3 * floor.size[1 - long] else 1
    lamp = sized(BUILDERS[kind], rng, lambda p: p.size[2] < max(drop, 0.15), 20)
    if lamp is None:
        return
    suite = floor.new_suite()
    for number in range(count):
        place = middle.copy()
        if count == 2:
            place[long] = low[long] + floor.size[long] * (0.25 + 0.5 * number)
        place[2] = high[2] - lamp.size[2]
        shifts = (
            turned(rng.uniform(0, 2 * np.pi, 12), [1.0, 0.0, 0.0])
            * np.linspace(0, 0.8, 12)[:, None]
        )
        good = floor.free(box_of(lamp, place + shifts, np.zeros(12)), margin=0.05, strict=False)
        if good.any():
            floor.put(lamp, (place + shifts)[int(np.argmax(good))], 0.0, suite=suite)
