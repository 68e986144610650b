"""What a building is known by, whatever is photographed of it: a hash of each room's box."""

from __future__ import annotations

import functools
import hashlib

import numpy as np
from numpy.typing import ArrayLike

from encoders.scenes.homes.plan import draw_plan
from encoders.scenes.homes.world import PLAN, stream

STEP = 1e-6
"""Meters to which corners are rounded, so that the last bits of a machine's sums do not count."""

LENGTH = 16
"""Hexadecimal digits of a hash."""


def room_hash(low: ArrayLike, high: ArrayLike) -> str:
    """The hash of a room's box, from its low and its high corner, (3,) each, in meters.

    Rooms have random sizes and places, so that no two buildings share one.
    """
    corners = np.rint(np.concatenate([np.ravel(low), np.ravel(high)]) / STEP).astype(np.int64)
    return hashlib.sha256(",".join(map(str, corners.tolist())).encode()).hexdigest()[:LENGTH]


@functools.lru_cache(maxsize=4096)
def planned_rooms(seed: int, index: int) -> tuple[str, ...]:
    """Hashes of all rooms of a building of `taskgraph scenes`, sorted; nothing is rendered.

    They depend on the seed and on the building's number alone: not on how many buildings and views
    there are, nor on the size and the domain of the pictures.
    """
    spaces = draw_plan(stream(seed, index, PLAN)).spaces
    return tuple(sorted(room_hash(space.low, space.high) for space in spaces))
