"""Hashes of rooms, by which a building is recognized in any data set."""

from __future__ import annotations

import functools
import hashlib

import numpy as np
from numpy.typing import ArrayLike

from encoders.scenes.homes.floor_plan import random_floor_plan
from encoders.scenes.homes.world import PLAN, random_stream

STEP = 1e-6
"""Precision of corners (meters), so that rounding errors do not change a hash."""

LENGTH = 16
"""Number of hexadecimal digits of a hash."""


def room_hash(low: ArrayLike, high: ArrayLike) -> str:
    """Return the hash of a room's box from its low and high corners, (3,) each, meters.

    Rooms have random sizes and places, so that two buildings never share a hash.
    """
    corners = np.rint(np.concatenate([np.ravel(low), np.ravel(high)]) / STEP).astype(np.int64)
    return hashlib.sha256(",".join(map(str, corners.tolist())).encode()).hexdigest()[:LENGTH]


@functools.lru_cache(maxsize=4096)
def planned_rooms(seed: int, index: int) -> tuple[str, ...]:
    """Return the sorted hashes of all rooms of a building; nothing is rendered.

    They depend only on the seed and the building's number, not on the number of buildings and
    views, nor on the size and the domain of the pictures.
    """
    spaces = random_floor_plan(random_stream(seed, index, PLAN)).spaces
    return tuple(sorted(room_hash(space.low, space.high) for space in spaces))
