"""A washbasin with a mirror over it."""

from __future__ import annotations

import numpy as np

from encoders.scenes.furniture.washbasins import washbasin
from encoders.scenes.homes.arrangements.placing import BUILDERS, FRONT, best_spot, random_scores
from encoders.scenes.homes.floor import Floor
from encoders.scenes.homes.footprints import rotate_z
from encoders.scenes.homes.placed_piece import boxes_around

TOUCH = 0.002
"""Distance of hanging pieces from the wall, meters."""


def wash(floor: Floor, kind: str, rng: np.random.Generator) -> None:
    """Add a washbasin at a wall without a window, and a mirror cabinet above it."""
    basin, mirror = washbasin(rng), BUILDERS["mirror_cabinet"](rng)
    spots = floor.walls(basin, gap=0.017)
    height = max(1.18, basin.size[2] + 0.2)
    height = min(height, float(floor.size[2]) - mirror.size[2] - 0.1)
    offset = basin.size[1] / 2 + 0.017 - TOUCH - mirror.size[1] / 2
    above = spots.position + rotate_z(spots.turn, np.array([0.0, offset, height]))
    can_hang = floor.free(boxes_around(mirror, above, spots.turn), margin=0.02)
    score = random_scores(spots, rng, 1.0) + 1.5 * can_hang
    spot = best_spot(floor, basin, spots, score, front=FRONT["sink"])
    if spot is None:
        return
    floor.put(basin, spots.position[spot], spots.turn[spot], front=FRONT["sink"])
    if can_hang[spot] and rng.random() < 0.95:
        floor.put(mirror, above[spot], spots.turn[spot])
