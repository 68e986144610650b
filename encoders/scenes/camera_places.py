"""Places in a building where a person with a camera can stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from encoders.errors import InvalidSceneError
from encoders.scenes.building import Room
from encoders.scenes.raycast import Raycaster
from taskgraph.arrays import Floats, Integers

EYE = (1.0, 1.75)  # meters above the floor

NEAR = 0.7
"""Least distance from the camera to the middle of its picture, meters."""

PLACES = 24  # camera places tried in each room


@dataclass(frozen=True, eq=False)
class CameraPlaces:
    """Places where a camera can be: (N, 3) positions in meters, and the (N,) rooms' numbers."""

    position: Floats
    room: Integers


def free_camera_places(raycaster: Raycaster, rng: Generator) -> CameraPlaces:
    """Return places at eye height above free floor, at least `NEAR` / 2 meters from all objects."""
    positions, rooms = [], []
    for number, room in enumerate(raycaster.building.rooms):
        place = _inside(room, 4 * PLACES, rng)
        down = np.broadcast_to([0.0, 0.0, -1.0], place.shape)
        below = raycaster.hits(place, down)
        free = (below.point[:, 2] < room.low[2] + 0.05) & below.valid & (below.flat[:, 2] > 0.9)
        place = place[free & (_clearance(raycaster, place) > NEAR / 2)][:PLACES]
        positions.append(place)
        rooms.append(np.full(len(place), number))
    places = CameraPlaces(np.concatenate(positions), np.concatenate(rooms))
    if not len(places.position):
        raise InvalidSceneError(f"{raycaster.building.name} has no free floor to stand on")
    return places


def _inside(room: Room, count: int, rng: Generator) -> Floats:
    low, high = room.low + 0.35, room.high - 0.35
    place = rng.uniform(np.minimum(low, high), np.maximum(low, high), size=(count, 3))
    eye = room.low[2] + rng.triangular(EYE[0], 1.5, EYE[1], size=count)
    place[:, 2] = np.minimum(eye, room.high[2] - 0.2)
    return place


def _clearance(raycaster: Raycaster, place: Floats, rays: int = 8) -> Floats:
    """Return the distance (meters) to the nearest surface in a few level directions."""
    angle = 2 * np.pi * np.arange(rays) / rays
    around = np.stack([np.cos(angle), np.sin(angle), np.zeros(rays)], axis=1)
    origins = np.repeat(place, rays, axis=0)
    distance = raycaster.hits(origins, np.tile(around, (len(place), 1))).distance
    nearest: Floats = distance.reshape(len(place), rays).min(1)
    return nearest
