"""Choosing what to look at and from where, as a person with a camera would.

Taskonomy photographs *points*: places on a surface, each seen by several cameras that all have it
in the middle of their picture. Cameras stand at a person's height and never roll.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from encoders.errors import InvalidSceneError
from encoders.scenes.appearance.domains import Domain
from encoders.scenes.building import Room
from encoders.scenes.camera import Camera
from encoders.scenes.furniture import OBJECTS
from encoders.scenes.raycast import LIFT, Caster, Hits
from taskgraph.arrays import Booleans, Floats, Integers

FOV = (61.2, 11.0)
"""Mean and spread (degrees) of the field of view; the paper's pictures have a mean of 61.2."""

FOV_RANGE = (35.0, 85.0)
PITCH = (1.0, 10.0)
"""Mean and spread (degrees) of the pitch of a glance; most furniture stands low, so that pictures
of it look down a little."""

FURNITURE = 3.0
"""How much likelier a piece of furniture is to be photographed than a wall as far away."""

GLANCES = 6
"""Directions that a person looks in before choosing one to photograph."""

EYE = (1.0, 1.75)  # meters above the floor
NEAR = 0.7
"""Meters that must be free around the camera, and between it and the middle of its picture."""

STEEPEST = 80.0
"""Most degrees between a point's normal and a camera: beyond, a surface is seen edge-on."""

VIEWS_A_POINT = (3, 4, 5, 6, 7)
"""How many cameras look at one point; the paper's median is 5."""

STANDS = 24  # places in each room from which a point may be seen
TRIES = 200
"""Points tried in vain, one after the other, before a building is said to have no views."""


@dataclass(frozen=True, eq=False)
class View:
    """One picture to take.

    Attributes
    ----------
    point, view : int
        Number of the point in the building, and of the view among those of the point.
    camera : Camera
    target, target_normal : (3,) arrays
        What the ray through the middle of the picture meets (meters), and its unit normal.
    room : int
        The room that the camera stands in.
    points_in_view : tuple of int
        Every point of the building that is inside the picture and not hidden, this one included.
    """

    point: int
    view: int
    camera: Camera
    target: Floats
    target_normal: Floats
    room: int
    points_in_view: tuple[int, ...] = ()

    @property
    def distance(self) -> float:
        """Meters from the camera to the middle of the picture."""
        return float(np.linalg.norm(self.target - self.camera.position))

    @property
    def obliqueness(self) -> float:
        """Radians between the surface's normal and the direction to the camera."""
        return float(np.arccos(np.clip(self.camera.rotation[:, 2] @ self.target_normal, -1, 1)))


@dataclass(frozen=True, eq=False)
class Stands:
    """Places where a camera can be: (N, 3) positions, and the (N,) rooms that they are in."""

    position: Floats
    room: Integers


def plan_views(
    caster: Caster, count: int, seeds: np.random.SeedSequence, domain: Domain
) -> tuple[View, ...]:
    """Choose ``count`` views of a building, sorted by point, then view.

    A camera is put somewhere free in a room and turned anywhere; what it then has in the middle of
    its picture becomes a point, to which other cameras, in this room or seeing it through a door,
    are turned as well.

    Raises
    ------
    InvalidSceneError
        If ``count`` is not positive, or hardly any place of the building can be photographed.
    """
    if count < 1:
        raise InvalidSceneError(f"{count} views a building: expected at least 1")
    rng = np.random.default_rng(seeds)
    stands = free_stands(caster, rng)
    views: list[View] = []
    point = vain = 0
    while len(views) < count:
        wanted = min(int(rng.choice(VIEWS_A_POINT)), count - len(views))
        found = _look(caster, stands, point, wanted, rng, domain)
        if len(found) >= min(wanted, 2):
            views += found
            point, vain = point + 1, 0
        elif (vain := vain + 1) > TRIES:
            raise InvalidSceneError(
                f"{caster.building.name}: {TRIES} points in a row could not be seen by two "
                "cameras; the rooms are too full: try a domain with less clutter"
            )
    return _with_points_in_view(caster, views)


def free_stands(caster: Caster, rng: Generator) -> Stands:
    """Places at eye height above free floor, with nothing nearer than `NEAR` / 2 around."""
    positions, rooms = [], []
    for number, room in enumerate(caster.building.rooms):
        place = _inside(room, 4 * STANDS, rng)
        down = np.broadcast_to([0.0, 0.0, -1.0], place.shape)
        below = caster.hits(place, down)
        free = (below.point[:, 2] < room.low[2] + 0.05) & below.valid & (below.flat[:, 2] > 0.9)
        place = place[free & (_clearance(caster, place) > NEAR / 2)][:STANDS]
        positions.append(place)
        rooms.append(np.full(len(place), number))
    stands = Stands(np.concatenate(positions), np.concatenate(rooms))
    if not len(stands.position):
        raise InvalidSceneError(f"{caster.building.name} has no free floor to stand on")
    return stands


def _inside(room: Room, count: int, rng: Generator) -> Floats:
    low, high = room.low + 0.35, room.high - 0.35
    place = rng.uniform(np.minimum(low, high), np.maximum(low, high), size=(count, 3))
    eye = room.low[2] + rng.triangular(EYE[0], 1.5, EYE[1], size=count)
    place[:, 2] = np.minimum(eye, room.high[2] - 0.2)
    return place


def _clearance(caster: Caster, place: Floats, rays: int = 8) -> Floats:
    """Meters to the nearest thing on the same level, over a few directions."""
    angle = 2 * np.pi * np.arange(rays) / rays
    around = np.stack([np.cos(angle), np.sin(angle), np.zeros(rays)], axis=1)
    origins = np.repeat(place, rays, axis=0)
    distance = caster.hits(origins, np.tile(around, (len(place), 1))).distance
    nearest: Floats = distance.reshape(len(place), rays).min(1)
    return nearest


def _look(
    caster: Caster, stands: Stands, point: int, wanted: int, rng: Generator, domain: Domain
) -> list[View]:
    """A new point, and up to ``wanted`` cameras that are turned to it."""
    first = int(rng.choice(len(stands.room), p=_by_room(caster, stands)))
    yaw = rng.uniform(0, 2 * np.pi, GLANCES)
    pitch = np.radians(PITCH[0] + PITCH[1] * rng.standard_normal(GLANCES))
    level = np.stack([np.cos(yaw), np.sin(yaw), np.tan(pitch)], axis=1) * np.cos(pitch)[:, None]
    met = caster.hits(stands.position[first], level)
    chosen = int(rng.choice(GLANCES, p=_interest(caster, met, level)))
    if met.distance[chosen] < 2 * NEAR:
        return []
    target, normal = met.point[chosen], met.flat[chosen]
    good = _seeing(caster, stands, target, normal)
    if not good[first]:
        return []
    good[first] = False
    cameras = [first, *_others(good, stands.position - target, wanted - 1, rng)]
    views = []
    for number, stand in enumerate(cameras):
        camera = Camera.looking_at(stands.position[stand], target, _fov(rng, domain))
        views.append(View(point, number, camera, target, normal, int(stands.room[stand])))
    return views


def _others(good: Booleans, step: Floats, wanted: int, rng: Generator) -> Integers:
    """Up to ``wanted`` of the good stands, far ones before near ones."""
    weight = np.where(good, np.sqrt((step**2).sum(1)), 0.0)
    count = min(wanted, int(good.sum()))
    return rng.choice(
        len(good), size=count, replace=False, p=weight / weight.sum() if count else None
    )


def _interest(caster: Caster, met: Hits, rays: Floats) -> Floats:
    """Chance of each direction, as if points were spread evenly over all surfaces.

    Rays that leave one place evenly meet a surface at distance d with a density of
    cos(obliqueness) / d**2; dividing by it undoes that.
    """
    kind = np.array([*caster.building.instance_kind, ""])[met.instance]  # the last one: nothing
    slope = np.maximum(-(met.flat * rays).sum(1), np.cos(np.radians(STEEPEST)))
    weight = np.where(met.valid, met.distance, 1e-6) ** 2 / slope
    weight *= np.where(np.isin(kind, OBJECTS), FURNITURE, 1.0)
    chance: Floats = weight / weight.sum()
    return chance


def _by_room(caster: Caster, stands: Stands) -> Floats:
    """Chance of each stand: a room's grows with its length, so that small rooms are seen too."""
    rooms = caster.building.rooms
    length = np.array([np.sqrt(np.prod(room.high[:2] - room.low[:2])) for room in rooms])
    weight = length[stands.room] / np.bincount(stands.room, minlength=len(rooms))[stands.room]
    chance: Floats = weight / weight.sum()
    return chance


def _seeing(caster: Caster, stands: Stands, target: Floats, normal: Floats) -> Booleans:
    """Which stands see the target, from neither too near, too steep, nor too oblique."""
    step = stands.position - target
    distance = np.sqrt((step**2).sum(1))
    slope = (step * normal).sum(1) / np.maximum(distance, 1e-9)
    level = np.abs(step[:, 2]) / np.maximum(distance, 1e-9)
    good: Booleans = (
        (distance > NEAR) & (slope > np.cos(np.radians(STEEPEST))) & (level < np.sin(0.9))
    )
    start = np.broadcast_to(target + LIFT * normal, stands.position.shape)
    good &= ~caster.blocked(start, stands.position)
    return good


def _fov(rng: Generator, domain: Domain) -> float:
    scale, spread = domain.camera.fov_scale, FOV[1] * domain.camera.fov_spread
    drawn = np.clip(FOV[0] + spread * rng.standard_normal(), *FOV_RANGE)
    return float(np.radians(scale * drawn))


def _with_points_in_view(caster: Caster, views: list[View]) -> tuple[View, ...]:
    """Add to each view the points that it sees, by projecting all of them."""
    firsts = {view.point: view for view in reversed(views)}
    points = sorted(firsts)
    target = np.stack([firsts[point].target for point in points])
    start = target + LIFT * np.stack([firsts[point].target_normal for point in points])
    return tuple(replace(view, points_in_view=_seen(caster, view, target, start)) for view in views)


def _seen(caster: Caster, view: View, target: Floats, start: Floats) -> tuple[int, ...]:
    across, down = view.camera.project(target).T
    inside = (across > 0) & (across < 1) & (down > 0) & (down < 1)
    hidden = caster.blocked(start, view.camera.position)
    return tuple(int(point) for point in np.flatnonzero(inside & ~hidden))
