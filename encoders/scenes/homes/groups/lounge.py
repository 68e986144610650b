"""A couch before a television, with what stands around it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from encoders.scenes.furniture.piece import Piece
from encoders.scenes.homes.floor import GAP, Floor, Spots
from encoders.scenes.homes.footprints import turned
from encoders.scenes.homes.groups.placing import BUILDERS, alone, beside, noise, sized, stand_on
from encoders.scenes.homes.groups.rugs import lay_rug
from encoders.scenes.homes.placed import before, box_of
from taskgraph.arrays import Booleans, Floats


def lounge(floor: Floor, kind: str, rng: np.random.Generator) -> None:
    """A couch before a television, a low table and a rug between them, armchairs beside it."""
    couch, stand = BUILDERS[kind](rng), BUILDERS["tv_stand"](rng)
    table = sized(BUILDERS["coffee_table"], rng, lambda p: p.size[0] < couch.size[0] * 0.75, 3)
    spots = floor.walls(stand)
    found = _facing(floor, couch, stand, spots, rng)
    if found is None:
        alone(floor, couch, rng)
        return
    spot, distance = found
    turn = float(spots.turn[spot])
    tv_table = floor.put(stand, spots.position[spot], turn)
    stand_on(floor, tv_table, television(stand, rng), (0.5, 0.6))
    place = beside(floor, tv_table, (0.0, -_reach(couch, stand, distance), 0.0))
    seat = floor.put(couch, place, turn + np.pi)
    _around_couch(floor, seat, table, distance, rng)
    # Nothing comes between the couch and the screen later on.
    floor.access.append(before(stand, spots.position[spot], turn, distance))
    floor.access.append(before(couch, place, turn + np.pi, 0.5))


def _reach(couch: Piece, stand: Piece, distance: float) -> float:
    """Meters between the middles of a couch and a stand whose fronts are ``distance`` apart."""
    return stand.size[1] / 2 + distance + couch.size[1] / 2


def _facing(
    floor: Floor, couch: Piece, stand: Piece, spots: Spots, rng: np.random.Generator
) -> tuple[int, float] | None:
    """The best spot for a television, and how far away the couch is; None where both do not fit.

    The middle of a wall is good, so are 2.9 meters, and a couch with its back to a wall.
    """
    # As tall as with the screen on it: neither stands before a window.
    tall = replace(stand, size=(*stand.size[:2], stand.size[2] + 0.8))
    clear = floor.free(box_of(tall, spots.position, spots.turn))
    score = -2 * np.abs(spots.along - 0.5) + noise(spots, rng, 0.6)
    to_walls = [_to_wall(floor, couch, stand, wall) for wall in (0, 1)]
    best: tuple[float, int, float] | None = None
    for distance in (*rng.uniform(2.2, 3.6, 5).tolist(), *to_walls):
        if not 1.9 < distance < 4.6:
            continue
        offset = np.array([0.0, -_reach(couch, stand, distance), 0.0])
        places = spots.position + turned(spots.turn, offset)
        good = clear & floor.free(box_of(couch, places, spots.turn + np.pi))
        ideal = score - 0.25 * abs(distance - 2.9) + 0.5 * _at_wall(floor, places, couch)
        if good.any():
            spot = int(np.argmax(np.where(good, ideal, -np.inf)))
            if best is None or ideal[spot] > best[0]:
                best = (float(ideal[spot]), spot, distance)
    return None if best is None else best[1:]


def television(stand: Piece, rng: np.random.Generator) -> Piece:
    """A screen that is no wider than what it stands on, if there is one."""
    tv = sized(BUILDERS["tv"], rng, lambda p: p.size[0] < stand.size[0] + 0.04, 8)
    return tv or BUILDERS["tv"](rng)


def _to_wall(floor: Floor, couch: Piece, stand: Piece, wall: int) -> float:
    """The distance between a television and a couch that both stand against walls."""
    depth = float(floor.size[1 - wall % 2])
    return depth - 2 * GAP - stand.size[1] - couch.size[1] - 0.002


def _at_wall(floor: Floor, places: Floats, piece: Piece) -> Booleans:
    low, high = floor.space.low[:2], floor.space.high[:2]
    away = np.minimum(places[:, :2] - low, high - places[:, :2]).min(1)
    near: Booleans = away < piece.size[1] / 2 + 2 * GAP
    return near


def _around_couch(
    floor: Floor,
    seat: int,
    table: Piece | None,
    distance: float,
    rng: np.random.Generator,
) -> None:
    couch = floor.placed[seat].piece
    turn = floor.placed[seat].turn
    low = None
    reach = -couch.size[1] / 2 - 0.4
    if table is not None and distance > table.size[1] + 0.9:
        place = beside(floor, seat, (rng.normal(0, 0.05), reach - table.size[1] / 2, 0.0))
        if floor.free(box_of(table, place, turn), strict=False)[0]:
            low = floor.put(table, place, turn)
    middle = reach - (table.size[1] / 2 if table else 0.4)
    half = (table.size[0] / 2 if table else 0.4) + 0.45
    if low is not None and rng.random() < 0.75:
        edge = beside(floor, seat, (0.0, -couch.size[1] / 2 - 0.12, 0.0))[:2]
        under = lay_rug(floor, edge, turn, rng, edge=True)
        half = half if under is None else max(half, floor.placed[under].piece.size[0] / 2 + 0.1)
    for side in rng.permutation([-1, 1]):
        if rng.random() < 0.55:
            chair = BUILDERS["armchair"](rng)
            x = side * (half + chair.size[1] / 2 + rng.uniform(0, 0.3))
            place = beside(floor, seat, (x, middle, 0.0))
            angle = turn - side * np.pi / 2 + rng.normal(0, 0.2)
            if floor.free(box_of(chair, place, angle))[0]:
                floor.put(chair, place, angle)
    for side in (-1, 1):
        _beside_couch(floor, seat, side, rng)


def _beside_couch(floor: Floor, seat: int, side: int, rng: np.random.Generator) -> None:
    """A small table with a lamp, a standing lamp or a plant at an end of the couch."""
    couch, turn = floor.placed[seat].piece, floor.placed[seat].turn
    kind = ("nightstand", "floor_lamp", "large_plant", "")[int(rng.integers(4))]
    if not kind:
        return
    piece = BUILDERS[kind](rng)
    x = side * (couch.size[0] / 2 + piece.size[0] / 2 + 0.06)
    back = couch.size[1] / 2 - piece.size[1] / 2
    place = beside(floor, seat, (x, max(back, 0.0), 0.0))
    if floor.free(box_of(piece, place, turn))[0]:
        number = floor.put(piece, place, turn)
        if kind == "nightstand":
            stand_on(floor, number, BUILDERS["table_lamp"](rng), (0.5, 0.5))


def seat(floor: Floor, kind: str, rng: np.random.Generator) -> None:
    """An armchair at a slant in a corner with a lamp beside it; a couch straight at a wall."""
    piece = BUILDERS[kind](rng)
    if kind != "armchair":
        alone(floor, piece, rng)
        return
    low, high = floor.space.low[:2], floor.space.high[:2]
    slant = rng.uniform(0.5, 1.05, 4)
    turns = np.array([slant[0], np.pi / 2 + slant[1], np.pi + slant[2], -slant[3]])
    corners = np.array([[low[0], high[1]], low, [high[0], low[1]], high])
    inward = np.array([[1, -1], [1, 1], [-1, 1], [-1, -1]])
    reach = 0.5 * float(np.hypot(*piece.size[:2])) + 0.06
    lamp = BUILDERS["floor_lamp"](rng)
    for way in rng.permutation(4):
        for shift in ((0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (1.0, 0.0), (0.0, 1.0)):
            place = [*(corners[way] + inward[way] * (reach + np.array(shift))), floor.space.low[2]]
            boxes = box_of(piece, place, turns[way])
            if floor.free(boxes, access=before(piece, place, turns[way], 0.4))[0]:
                number = floor.put(piece, place, float(turns[way]), front=0.4)
                x = float(rng.choice([-1, 1])) * (piece.size[0] + lamp.size[0] + 0.1) / 2
                spot = beside(floor, number, (x, 0.1, 0.0))
                if rng.random() < 0.6 and floor.free(box_of(lamp, spot, 0.0))[0]:
                    floor.put(lamp, spot, 0.0)
                return
