"""Choose cameras and the points that they photograph, as a person with a camera would.

Taskonomy photographs *points*: places on a surface, each seen by several cameras that all have it
in the middle of their picture. Cameras are at a person's height and never roll.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from encoders.errors import InvalidSceneError
from encoders.scenes.appearance.domains import Domain
from encoders.scenes.camera import Camera
from encoders.scenes.camera_places import NEAR, CameraPlaces, free_camera_places
from encoders.scenes.furniture import OBJECTS
from encoders.scenes.raycast import LIFT, Hits, Raycaster
from taskgraph.arrays import Booleans, Floats, Integers

FOV = (61.2, 11.0)
"""Mean and spread (degrees) of the field of view; the paper's pictures have a mean of 61.2."""

FOV_RANGE = (35.0, 85.0)
PITCH = (1.0, 10.0)
"""Mean and spread (degrees) of the pitch of a glance; most furniture is low, so that pictures
of it look down a little."""

FURNITURE = 3.0
"""How many times likelier furniture is to be photographed than a wall at the same distance."""

GLANCES = 6
"""Random directions of which one is chosen for a new point."""

STEEPEST = 80.0
"""Largest angle between a point's normal and the direction to a camera, degrees."""

VIEWS_A_POINT = (3, 4, 5, 6, 7)
"""Numbers of cameras that look at one point, equally likely; the paper's median is 5."""

TRIES = 200
"""Failed points in a row after which a building is said to have no views."""


@dataclass(frozen=True, eq=False)
class View:
    """A planned picture: its camera, and the point in its middle.

    Attributes
    ----------
    point, view : int
        Number of the point in the building, and of the view among those of the point.
    camera : Camera
    target, target_normal : (3,) arrays
        The surface point in the middle of the picture (meters), and its unit normal.
    room : int
        Number of the room that the camera is in.
    points_in_view : tuple of int
        All points of the building that the picture shows, this view's own point included.
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
        """Return the distance from the camera to the point in the middle, meters."""
        return float(np.linalg.norm(self.target - self.camera.position))

    @property
    def obliqueness(self) -> float:
        """Return the angle between the point's normal and the direction to the camera, radians."""
        return float(np.arccos(np.clip(self.camera.rotation[:, 2] @ self.target_normal, -1, 1)))


def plan_views(
    raycaster: Raycaster, count: int, seeds: np.random.SeedSequence, domain: Domain
) -> tuple[View, ...]:
    """Choose ``count`` views of a building, sorted by point, then view.

    A camera is put at a random free place and turned in a random direction. The surface point in
    the middle of its picture becomes a new point. Other cameras that see the point, in the same
    room or through a door, are turned to it as well.

    Raises
    ------
    InvalidSceneError
        If ``count`` is not positive, or too few points can be seen by two cameras.
    """
    if count < 1:
        raise InvalidSceneError(f"views is {count}, expected at least 1")
    rng = np.random.default_rng(seeds)
    places = free_camera_places(raycaster, rng)
    views: list[View] = []
    point = vain = 0
    while len(views) < count:
        wanted = min(int(rng.choice(VIEWS_A_POINT)), count - len(views))
        new = _new_point(raycaster, places, point, wanted, rng, domain)
        if len(new) >= min(wanted, 2):
            views += new
            point, vain = point + 1, 0
        elif (vain := vain + 1) > TRIES:
            raise InvalidSceneError(
                f"{raycaster.building.name}: {TRIES} points in a row could not be seen by two "
                "cameras; the rooms are too full: try a domain with less clutter"
            )
    return _with_points_in_view(raycaster, views)


def _new_point(
    raycaster: Raycaster,
    places: CameraPlaces,
    point: int,
    wanted: int,
    rng: Generator,
    domain: Domain,
) -> list[View]:
    """Choose a new point; return up to ``wanted`` views of it."""
    first = int(rng.choice(len(places.room), p=_by_room(raycaster, places)))
    yaw = rng.uniform(0, 2 * np.pi, GLANCES)
    pitch = np.radians(PITCH[0] + PITCH[1] * rng.standard_normal(GLANCES))
    level = np.stack([np.cos(yaw), np.sin(yaw), np.tan(pitch)], axis=1) * np.cos(pitch)[:, None]
    met = raycaster.hits(places.position[first], level)
    chosen = int(rng.choice(GLANCES, p=_interest(raycaster, met, level)))
    if met.distance[chosen] < 2 * NEAR:
        return []
    target, normal = met.point[chosen], met.flat[chosen]
    good = _seeing(raycaster, places, target, normal)
    if not good[first]:
        return []
    good[first] = False
    cameras = [first, *_others(good, places.position - target, wanted - 1, rng)]
    views = []
    for number, place in enumerate(cameras):
        camera = Camera.looking_at(places.position[place], target, _fov(rng, domain))
        views.append(View(point, number, camera, target, normal, int(places.room[place])))
    return views


def _others(good: Booleans, step: Floats, wanted: int, rng: Generator) -> Integers:
    """Draw up to ``wanted`` of the good places; a place's weight is its distance."""
    weight = np.where(good, np.sqrt((step**2).sum(1)), 0.0)
    count = min(wanted, int(good.sum()))
    return rng.choice(
        len(good), size=count, replace=False, p=weight / weight.sum() if count else None
    )


def _interest(raycaster: Raycaster, met: Hits, rays: Floats) -> Floats:
    """Return the probability of each direction, so that points are evenly spread over surfaces.

    Evenly spread rays from one place meet a surface at distance d with a density of
    cos(obliqueness) / d**2. Each direction is weighted by the inverse of this density.
    """
    kind = np.array([*raycaster.building.instance_kind, ""])[met.instance]  # index -1: no surface
    slope = np.maximum(-(met.flat * rays).sum(1), np.cos(np.radians(STEEPEST)))
    weight = np.where(met.valid, met.distance, 1e-6) ** 2 / slope
    weight *= np.where(np.isin(kind, OBJECTS), FURNITURE, 1.0)
    chance: Floats = weight / weight.sum()
    return chance


def _by_room(raycaster: Raycaster, places: CameraPlaces) -> Floats:
    """Return the probability of each place: a room's is proportional to the root of its area."""
    rooms = raycaster.building.rooms
    length = np.array([np.sqrt(np.prod(room.high[:2] - room.low[:2])) for room in rooms])
    weight = length[places.room] / np.bincount(places.room, minlength=len(rooms))[places.room]
    chance: Floats = weight / weight.sum()
    return chance


def _seeing(raycaster: Raycaster, places: CameraPlaces, target: Floats, normal: Floats) -> Booleans:
    """Return which places see the target from allowed distances and angles."""
    step = places.position - target
    distance = np.sqrt((step**2).sum(1))
    slope = (step * normal).sum(1) / np.maximum(distance, 1e-9)
    level = np.abs(step[:, 2]) / np.maximum(distance, 1e-9)
    good: Booleans = (
        (distance > NEAR) & (slope > np.cos(np.radians(STEEPEST))) & (level < np.sin(0.9))
    )
    start = np.broadcast_to(target + LIFT * normal, places.position.shape)
    good &= ~raycaster.blocked(start, places.position)
    return good


def _fov(rng: Generator, domain: Domain) -> float:
    scale, spread = domain.camera.fov_scale, FOV[1] * domain.camera.fov_spread
    drawn = np.clip(FOV[0] + spread * rng.standard_normal(), *FOV_RANGE)
    return float(np.radians(scale * drawn))


def _with_points_in_view(raycaster: Raycaster, views: list[View]) -> tuple[View, ...]:
    """Add to each view the points that are inside its picture and not hidden."""
    firsts = {view.point: view for view in reversed(views)}
    points = sorted(firsts)
    target = np.stack([firsts[point].target for point in points])
    start = target + LIFT * np.stack([firsts[point].target_normal for point in points])
    return tuple(
        replace(view, points_in_view=_seen(raycaster, view, target, start)) for view in views
    )


def _seen(raycaster: Raycaster, view: View, target: Floats, start: Floats) -> tuple[int, ...]:
    across, down = view.camera.project(target).T
    inside = (across > 0) & (across < 1) & (down > 0) & (down < 1)
    hidden = raycaster.blocked(start, view.camera.position)
    return tuple(int(point) for point in np.flatnonzero(inside & ~hidden))
