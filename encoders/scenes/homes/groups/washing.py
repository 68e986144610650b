"""A washbasin with a mirror over it."""

from __future__ import annotations

import numpy as np

from encoders.scenes.furniture.bathroom import washbasin
from encoders.scenes.homes.floor import Floor
from encoders.scenes.homes.footprints import turned
from encoders.scenes.homes.groups.placing import BUILDERS, FRONT, choose, noise
from encoders.scenes.homes.placed import box_of

TOUCH = 0.002
"""Meters between a wall and what hangs on it."""


def wash(floor: Floor, kind: str, rng: np.random.Generator) -> None:
    """A washbasin against a wall without a window, a mirror cabinet above it."""
    basin, mirror = washbasin(rng), BUILDERS["mirror_cabinet"](rng)
    spots = floor.walls(basin, gap=0.017)
    height = max(1.18, basin.size[2] + 0.2)
    height = min(height, float(floor.size[2]) - mirror.size[2] - 0.1)
    offset = basin.size[1] / 2 + 0.017 - TOUCH - mirror.size[1] / 2
    above = spots.position + turned(spots.turn, np.array([0.0, offset, height]))
    can_hang = floor.free(box_of(mirror, above, spots.turn), margin=0.02)
    score = noise(spots, rng, 1.0) + 1.5 * can_hang
    spot = choose(floor, basin, spots, score, front=FRONT["sink"])
    if spot is None:
        return
    floor.put(basin, spots.position[spot], spots.turn[spot], front=FRONT["sink"])
    if can_hang[spot] and rng.random() < 0.95:
        floor.put(mirror, above[spot], spots.turn[spot])
