"""The light sources of a building: lamps, windows, the sun, and indirect light."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from encoders.scenes.appearance.domains import Domain, Lighting
from encoders.scenes.appearance.materials import albedos
from encoders.scenes.building import Building, Room
from taskgraph.arrays import Booleans, Floats

_FURNISHED = 1.4  # surface of a furnished room, as a multiple of an empty one's
_TINT = 0.45  # share of indirect light that comes from the opposite side of the room
_AIMED = np.deg2rad(55)  # largest horizontal angle between the sun and the window's normal
_SPREAD = 1e3  # meters: a footprint by which every pattern is its mean color


@dataclass(frozen=True, eq=False)
class Lamp:
    """A spherical lamp; surfaces nearer than ``clear`` meters to its middle cast no shadow."""

    position: Floats  # (3,)
    power: Floats  # (3,)
    radius: float
    clear: float
    room: int


@dataclass(frozen=True, eq=False)
class WindowLight:
    """A window as a rectangular light that shines into a room.

    ``across`` and ``up`` are vectors from its middle to its right and upper edges; ``inward``
    is the unit normal toward the room.
    """

    middle: Floats  # (3,)
    across: Floats  # (3,)
    up: Floats  # (3,)
    inward: Floats  # (3,)
    room: int

    @property
    def area(self) -> float:
        """Return the area of the window, square meters."""
        return 4 * float(np.linalg.norm(self.across) * np.linalg.norm(self.up))


@dataclass(frozen=True, eq=False)
class LightSources:
    """The light sources of a building, as arrays.

    Attributes
    ----------
    lamps, windows
    sun : (3,) array
        Unit vector toward the sun; the same for all views of the building.
    sunny : (R,) bool array
        Whether the sun shines into each room.
    part_albedo : (P, 3) array
        Mean albedo of each part.
    bounce : (R + 1, 2, 3) array
        Irradiance from indirect light on surfaces that face down and up; the last row is for
        surfaces outside.
    """

    lamps: tuple[Lamp, ...]
    windows: tuple[WindowLight, ...]
    sun: Floats
    sunny: Booleans
    part_albedo: Floats
    bounce: Floats


@lru_cache(maxsize=4)
def light_sources(building: Building, domain: Domain) -> LightSources:
    """Return the light sources of a building in a domain; the last building's are cached."""
    low, high = _part_boxes(building)
    windows = _window_lights(building, low, high)
    sun = _sun(building, windows, domain.lighting)
    sunny = np.zeros(len(building.rooms), dtype=bool)
    if max(domain.lighting.sun) > 0:
        sunny[[o.room for o in windows if o.inward @ sun < -0.02]] = True
    mean = albedos(
        building.materials,
        np.arange(len(building.materials)),
        np.zeros((len(building.materials), 3)),
        np.tile([0.0, 0.0, 1.0], (len(building.materials), 1)),
        np.full(len(building.materials), _SPREAD),
    )[building.part_material].astype(float)
    return LightSources(
        lamps=_lamps(building, low, high),
        windows=windows,
        sun=sun,
        sunny=sunny,
        part_albedo=mean,
        bounce=_bounce(building, windows, sun, mean, domain.lighting),
    )


def _part_boxes(building: Building) -> tuple[Floats, Floats]:
    """Return opposite corners of each part's box, (P, 3) each."""
    corners = building.vertices[building.faces]  # (F, 3, 3)
    low = np.full((len(building.part_material), 3), np.inf)
    high = -low
    np.minimum.at(low, building.face_part, corners.min(1))
    np.maximum.at(high, building.face_part, corners.max(1))
    return low, high


def _lamps(building: Building, low: Floats, high: Floats) -> tuple[Lamp, ...]:
    """Return the lamps; bulbs and shades around a lamp do not shadow it."""
    glows = np.array([material.emission > 0 for material in building.materials], dtype=bool)
    part = np.flatnonzero(glows[building.part_material])
    lamps = []
    for light in building.lights:
        inside = ((light.position > low[part] - 0.05) & (light.position < high[part] + 0.05)).all(1)
        reach = np.maximum(light.position - low[part], high[part] - light.position)[inside]
        clear = max([light.radius, *np.linalg.norm(reach, axis=1)])
        lamps.append(Lamp(light.position, light.power, light.radius, float(clear), light.room))
    return tuple(lamps)


def _window_lights(building: Building, low: Floats, high: Floats) -> tuple[WindowLight, ...]:
    """Return the openings of all windows, on the inner faces of their walls."""
    lights = []
    for instance in [i for i, kind in enumerate(building.instance_kind) if kind == "window"]:
        room = int(building.instance_room[instance])
        parts = building.part_instance == instance
        if room < 0 or not parts.any():
            continue
        lights.append(
            _window_light(low[parts].min(0), high[parts].max(0), room, building.rooms[room])
        )
    return tuple(lights)


def _window_light(low: Floats, high: Floats, number: int, room: Room) -> WindowLight:
    """Return a window's rectangle between two corners, moved to the nearest wall of its room."""
    size = high - low
    axis = int(np.argmin(size[:2]))
    middle = (low + high) / 2
    inward = np.zeros(3)
    inward[axis] = 1.0 if middle[axis] < (room.low + room.high)[axis] / 2 else -1.0
    middle[axis] = (room.low if inward[axis] > 0 else room.high)[axis]
    across, up = np.zeros(3), np.array([0.0, 0.0, 0.46 * size[2]])
    across[1 - axis] = 0.46 * size[1 - axis]  # without the outer part of the frame
    return WindowLight(middle, across, up, inward, number)


def _sun(building: Building, windows: tuple[WindowLight, ...], lighting: Lighting) -> Floats:
    """Draw the direction to the sun, so that it shines into one of the building's windows."""
    corners = np.array([[room.low, room.high] for room in building.rooms])
    words = building.name.encode() + np.round(1000 * corners).astype("<i8").tobytes()
    rng = np.random.default_rng(zlib.crc32(words))
    chosen, aside, height = rng.random(3)
    side = -windows[int(chosen * len(windows))].inward if windows else np.array([1.0, 0, 0])
    around = np.arctan2(side[1], side[0]) + (2 * aside - 1) * _AIMED
    low, high = np.deg2rad(lighting.sun_height)
    rise = low + height * (high - low)
    return np.array([np.cos(rise) * np.cos(around), np.cos(rise) * np.sin(around), np.sin(rise)])


def _bounce(
    building: Building,
    windows: tuple[WindowLight, ...],
    sun: Floats,
    albedo: Floats,
    lighting: Lighting,
) -> Floats:
    """Return the irradiance from indirect light in each room.

    A closed room of surface S and mean albedo r, into which the flux F shines, is an integrating
    sphere: every surface receives F r / (S (1 - r)). Surfaces that face up receive more light
    from the ceiling, those that face down more from the floor, in its color.
    """
    sky, ground = np.array(lighting.sky), np.array(lighting.ground)
    through = np.pi / 2 * (sky + ground)  # irradiance on an upright window
    result = np.empty((len(building.rooms) + 1, 2, 3))
    result[-1] = np.pi * ground, np.pi * sky
    part_room = building.instance_room[building.part_instance]
    kind = np.array(building.instance_kind)[building.part_instance]
    area = _part_areas(building)
    for number, room in enumerate(building.rooms):
        flux = sum((4 * np.pi * x.power for x in building.lights if x.room == number), np.zeros(3))
        for window in (o for o in windows if o.room == number):
            facing = max(float(-window.inward @ sun), 0.0)
            flux = flux + window.area * (through + facing * np.array(lighting.sun))
        width, depth, height = room.high - room.low
        surface = _FURNISHED * 2 * (width * depth + width * height + depth * height)
        here = part_room == number
        mean = _mean(albedo, area, here)
        again = flux * mean / (surface * (1 - mean)) + np.array(lighting.ambient)
        below = _mean(albedo, area, here & (kind == "floor"))
        above = _mean(albedo, area, here & (kind == "ceiling"))
        tint = np.array([below, above]) / ((below + above) / 2)
        result[number] = again * (1 + _TINT * (tint - 1))
    return result


def _mean(albedo: Floats, area: Floats, chosen: Booleans) -> Floats:
    """Return the mean albedo of the chosen parts, weighted by area; a medium gray without parts."""
    if not chosen.any():
        return np.full(3, 0.5)
    mean: Floats = (area[chosen, None] * albedo[chosen]).sum(0) / area[chosen].sum()
    return np.clip(mean, 0.05, 0.75)


def _part_areas(building: Building) -> Floats:
    """Return the area of each part, square meters."""
    corners = building.vertices[building.faces]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    face = np.linalg.norm(cross, axis=1) / 2
    sums = np.bincount(building.face_part, face, minlength=len(building.part_material))
    return sums.astype(float)
