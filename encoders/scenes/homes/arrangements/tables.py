"""Dining tables and desks with chairs."""

from __future__ import annotations

import numpy as np

from encoders.scenes.furniture.piece import Piece
from encoders.scenes.furniture.seats import dining_chair, office_chair
from encoders.scenes.homes.arrangements.placing import (
    BUILDERS,
    FRONT,
    beside,
    best_spot,
    draw_fitting,
    random_scores,
    stand_on,
)
from encoders.scenes.homes.arrangements.rugs import lay_rug
from encoders.scenes.homes.floor import Floor, Spots
from encoders.scenes.homes.footprints import Boxes
from encoders.scenes.homes.placed_piece import boxes_around, floor_in_front
from taskgraph.arrays import Floats


def dine(floor: Floor, kind: str, rng: np.random.Generator) -> None:
    """Add a table with chairs, in the middle of a dining room or where there is space."""
    main = floor.space.kind == "dining_room"
    limit = float(floor.size[:2].max()) * (0.5 if main else 0.34)
    table = draw_fitting(BUILDERS[kind], rng, lambda p: p.size[0] < limit)
    if table is None:
        return
    spots = floor.inside(table, (0.0, np.pi / 2))
    middle = ((floor.space.low + floor.space.high) / 2)[:2]
    away = np.sqrt(((spots.position[:, :2] - middle) ** 2).sum(1))
    along = np.abs(np.cos(spots.turn)) == (floor.size[0] > floor.size[1])
    score = (-1.0 if main else 0.25) * away + 0.5 * along + 0.3 * rng.random(len(spots))
    for space in (0.85, 0.7, 0.5):
        boxes = boxes_around(table, spots.position, spots.turn)
        # Chairs may stand before a row of units, the table may not.
        good = floor.free(boxes.grown(space), margin=0.0, strict=False) & floor.free(boxes)
        if good.any():
            break
    else:
        return
    spot = int(np.argmax(np.where(good, score, -np.inf)))
    number = floor.put(table, spots.position[spot], spots.turn[spot])
    _seats(floor, number, rng)
    box = floor.placed[number].box
    if rng.random() < 0.45:
        lay_rug(floor, box.middle[0, :2], float(box.turn[0]), rng)
    floor.access.append(box.grown(0.5))


def _seats(floor: Floor, number: int, rng: np.random.Generator) -> None:
    """Add equal chairs around a table, at random distances and slightly rotated."""
    table = floor.placed[number].piece
    chair = dining_chair(rng)
    suite = floor.new_suite()
    w, d, _ = table.size
    along = max(1, int((w - 0.05) / max(chair.size[0] + 0.08, 0.55)))
    seats = [
        ((w * ((i + 0.5) / along - 0.5), side * d / 2), (0.0, float(side)))
        for side in (-1, 1)
        for i in range(along)
    ]
    if along * 2 <= 4 or rng.random() < 0.6:
        seats += [((side * w / 2, 0.0), (float(side), 0.0)) for side in (-1, 1)]
    for edge, out in seats:
        if rng.random() < 0.93:
            _pull_up(floor, number, chair, edge, out, rng, suite=suite)


def _pull_up(
    floor: Floor,
    number: int,
    chair: Piece,
    edge: tuple[float, float],
    out: tuple[float, float],
    rng: np.random.Generator,
    *,
    askew: float = 0.12,
    suite: int = -1,
) -> int | None:
    """Place a chair at the edge of a table, pushed in as far as possible or a little less."""
    turn = floor.placed[number].turn + np.arctan2(-out[0], out[1]) + rng.normal(0, askew)
    for under in np.arange(rng.uniform(-0.1, 0.3), -0.16, -0.05):
        reach = chair.size[1] / 2 - under
        place = beside(floor, number, (edge[0] + out[0] * reach, edge[1] + out[1] * reach, 0.0))
        if floor.fits(chair, place, turn, ignore=(number,)):
            return floor.put(chair, place, turn, suite=suite)
    return None


def work(floor: Floor, kind: str, rng: np.random.Generator) -> None:
    """Add a desk at a wall, preferably at a window, with a chair, a screen and a lamp."""
    desk = BUILDERS[kind](rng)
    spots = floor.walls(desk)
    score = random_scores(spots, rng, 0.8) + 0.5 * _near_windows(floor, spots)
    # The chair is not in the way of a door.
    sitting = floor_in_front(desk, spots.position, spots.turn, 0.75)
    sitting = Boxes(sitting.middle, sitting.half * [0.5, 1.0, 1.0], sitting.turn)
    spots, score = spots.only(good := floor.free(sitting, margin=0.0)), score[good]
    spot = best_spot(floor, desk, spots, score, front=FRONT["desk"])
    if spot is None:
        return
    number = floor.put(desk, spots.position[spot], spots.turn[spot])
    edge = (float(rng.uniform(-0.1, 0.1)) * desk.size[0], -desk.size[1] / 2)
    for askew in (0.3, 0.1, 0.02, 0.0):
        chair = (office_chair if rng.random() < 0.6 else dining_chair)(rng)
        if _pull_up(floor, number, chair, edge, (0.0, -1.0), rng, askew=askew) is not None:
            break
    if rng.random() < 0.85:
        stand_on(floor, number, BUILDERS["monitor"](rng), (rng.uniform(0.4, 0.6), 0.8))
    if rng.random() < 0.7:
        side = float(rng.choice([0.06, 0.94]))
        stand_on(floor, number, BUILDERS["table_lamp"](rng), (side, 0.85))
    floor.access.append(floor_in_front(desk, spots.position[spot], spots.turn[spot], FRONT["desk"]))


def _near_windows(floor: Floor, spots: Spots) -> Floats:
    """Score spots: 1 at the middle of a window, less away from it."""
    windows = [zone.middle[0, :2] for zone in floor.windows]
    if not windows:
        return np.zeros(len(spots))
    step = spots.position[:, None, :2] - np.array(windows)[None]
    near: Floats = np.exp(-np.sqrt((step**2).sum(-1)).min(1))
    return near
