"""A bed with its head against a wall, nightstands and lamps beside it."""

from __future__ import annotations

import numpy as np

from encoders.scenes.furniture.beds import double_bed, single_bed
from encoders.scenes.homes.floor import GAP, Floor, Spots
from encoders.scenes.homes.footprints import Boxes, turned
from encoders.scenes.homes.groups.placing import BUILDERS, FRONT, beside, noise, stand_on
from encoders.scenes.homes.placed import before, box_of
from taskgraph.arrays import Floats


def sleep(floor: Floor, kind: str, rng: np.random.Generator) -> None:
    """A bed with its head against a wall and a nightstand on one or both sides."""
    roomy = float(floor.size[:2].min()) > 3.3 and floor.space.kind == "bedroom"
    bed = (BUILDERS[kind] if kind != "bed" else double_bed if roomy else single_bed)(rng)
    stand, lamp = BUILDERS["nightstand"](rng), BUILDERS["table_lamp"](rng)
    spots = floor.walls(bed)
    middle = np.abs(spots.along - 0.5)
    wide = bed.size[0] > 1.3
    score = (
        (-3 * middle if wide else 2 * middle) + noise(spots, rng, 0.7) + _from_doors(floor, spots)
    )
    for sides in _sides(kind, wide, rng):
        reserve = stand.size[0] + GAP
        left, right = (reserve if -1 in sides else 0.0), (reserve if 1 in sides else 0.0)
        boxes = box_of(bed, spots.position, spots.turn)
        shift = turned(spots.turn, np.array([(right - left) / 2, 0.0, 0.0]))
        more = np.array([(left + right) / 2, 0.0, 0.0])
        grown = Boxes(boxes.middle + shift, boxes.half + more, boxes.turn)
        good = floor.free(grown, access=before(bed, spots.position, spots.turn, FRONT["bed"]))
        if good.any():
            break
    else:
        return
    spot = int(np.argmax(np.where(good, score, -np.inf)))
    number = floor.put(bed, spots.position[spot], spots.turn[spot])
    suite = floor.new_suite()
    for side in sides:
        x = side * (bed.size[0] / 2 + GAP + stand.size[0] / 2)
        place = beside(floor, number, (x, bed.size[1] / 2 - stand.size[1] / 2, 0.0))
        if floor.free(box_of(stand, place, spots.turn[spot]))[0]:
            table = floor.put(stand, place, spots.turn[spot], front=0.3, suite=suite)
            if rng.random() < 0.75:
                stand_on(floor, table, lamp, (0.5, 0.7), suite=suite)
    floor.access.append(before(bed, spots.position[spot], spots.turn[spot], FRONT["bed"]))


def _sides(kind: str, wide: bool, rng: np.random.Generator) -> list[tuple[int, ...]]:
    one = int(rng.choice([-1, 1]))
    if kind == "crib":
        return [()]
    return [*([(1, -1)] if wide else []), (one,), (-one,), ()]


def _from_doors(floor: Floor, spots: Spots) -> Floats:
    """A small preference for spots away from doors."""
    doors = [zone.middle[0, :2] for zone in floor.doors]
    if not doors:
        return np.zeros(len(spots))
    step = spots.position[:, None, :2] - np.array(doors)[None]
    near: Floats = np.sqrt((step**2).sum(-1)).min(1)
    return 0.15 * near
