"""Where light comes from in a building: lamps, windows, the sun, and what walls throw back."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from encoders.scenes.appearance.domains import Domain, Lighting
from encoders.scenes.appearance.materials import albedos
from encoders.scenes.building import Building, Room
from taskgraph.arrays import Booleans, Floats

_FURNISHED = 1.4  # surface of a furnished room, of that of an empty one
_TINT = 0.45  # share of a surface's bounced light that comes from straight ahead of it
_AIMED = np.deg2rad(55)  # how far the sun may stand to the side of a window that it shines into
_SPREAD = 1e3  # meters: a footprint by which every pattern is its mean color


@dataclass(frozen=True, eq=False)
class Lamp:
    """A ball light; ``clear`` meters around its middle, shades let its light through."""

    position: Floats  # (3,)
    power: Floats  # (3,)
    radius: float
    clear: float
    room: int


@dataclass(frozen=True, eq=False)
class Opening:
    """A window as a rectangle that shines into a room.

    ``across`` and ``up`` reach from its middle to its right and its upper edge; ``inward`` is
    the unit normal on the room's side.
    """

    middle: Floats  # (3,)
    across: Floats  # (3,)
    up: Floats  # (3,)
    inward: Floats  # (3,)
    room: int

    @property
    def area(self) -> float:
        """Square meters."""
        return 4 * float(np.linalg.norm(self.across) * np.linalg.norm(self.up))


@dataclass(frozen=True, eq=False)
class Sources:
    """Everything that lights a building.

    Attributes
    ----------
    lamps, openings
    sun : (3,) unit vector toward the sun, the same for all views of the building.
    sunny : (R,) whether the sun shines into each room.
    part_albedo : (P, 3) mean albedo of each part.
    bounce : (R + 1, 2, 3) array
        Irradiance that the room itself throws back on a surface that faces down and up; the
        last row is for what is outside.
    """

    lamps: tuple[Lamp, ...]
    openings: tuple[Opening, ...]
    sun: Floats
    sunny: Booleans
    part_albedo: Floats
    bounce: Floats


@lru_cache(maxsize=4)
def sources(building: Building, domain: Domain) -> Sources:
    """What lights a building in a domain; remembered for the next view of the same building."""
    low, high = _part_boxes(building)
    openings = _openings(building, low, high)
    sun = _sun(building, openings, domain.lighting)
    sunny = np.zeros(len(building.rooms), dtype=bool)
    if max(domain.lighting.sun) > 0:
        sunny[[o.room for o in openings if o.inward @ sun < -0.02]] = True
    mean = albedos(
        building.materials,
        np.arange(len(building.materials)),
        np.zeros((len(building.materials), 3)),
        np.tile([0.0, 0.0, 1.0], (len(building.materials), 1)),
        np.full(len(building.materials), _SPREAD),
    )[building.part_material].astype(float)
    return Sources(
        lamps=_lamps(building, low, high),
        openings=openings,
        sun=sun,
        sunny=sunny,
        part_albedo=mean,
        bounce=_bounce(building, openings, sun, mean, domain.lighting),
    )


def _part_boxes(building: Building) -> tuple[Floats, Floats]:
    """Opposite corners of each part's box, (P, 3) each."""
    corners = building.vertices[building.faces]  # (F, 3, 3)
    low = np.full((len(building.part_material), 3), np.inf)
    high = -low
    np.minimum.at(low, building.face_part, corners.min(1))
    np.maximum.at(high, building.face_part, corners.max(1))
    return low, high


def _lamps(building: Building, low: Floats, high: Floats) -> tuple[Lamp, ...]:
    """Lamps, each clear of the glowing parts (bulb, shade) that it is inside of."""
    glows = np.array([material.emission > 0 for material in building.materials], dtype=bool)
    part = np.flatnonzero(glows[building.part_material])
    lamps = []
    for light in building.lights:
        inside = ((light.position > low[part] - 0.05) & (light.position < high[part] + 0.05)).all(1)
        reach = np.maximum(light.position - low[part], high[part] - light.position)[inside]
        clear = max([light.radius, *np.linalg.norm(reach, axis=1)])
        lamps.append(Lamp(light.position, light.power, light.radius, float(clear), light.room))
    return tuple(lamps)


def _openings(building: Building, low: Floats, high: Floats) -> tuple[Opening, ...]:
    """The holes that instances of kind ``window`` frame, on the inner face of their wall."""
    found = []
    for instance in [i for i, kind in enumerate(building.instance_kind) if kind == "window"]:
        room = int(building.instance_room[instance])
        parts = building.part_instance == instance
        if room < 0 or not parts.any():
            continue
        found.append(_opening(low[parts].min(0), high[parts].max(0), room, building.rooms[room]))
    return tuple(found)


def _opening(low: Floats, high: Floats, number: int, room: Room) -> Opening:
    """The rectangle of a window between two corners, moved to the nearest side of its room."""
    size = high - low
    axis = int(np.argmin(size[:2]))
    middle = (low + high) / 2
    inward = np.zeros(3)
    inward[axis] = 1.0 if middle[axis] < (room.low + room.high)[axis] / 2 else -1.0
    middle[axis] = (room.low if inward[axis] > 0 else room.high)[axis]
    across, up = np.zeros(3), np.array([0.0, 0.0, 0.46 * size[2]])
    across[1 - axis] = 0.46 * size[1 - axis]  # a little less than the outside of the frame
    return Opening(middle, across, up, inward, number)


def _sun(building: Building, openings: tuple[Opening, ...], lighting: Lighting) -> Floats:
    """Toward the sun: drawn for each building, so that it shines into one of its windows."""
    corners = np.array([[room.low, room.high] for room in building.rooms])
    words = building.name.encode() + np.round(1000 * corners).astype("<i8").tobytes()
    rng = np.random.default_rng(zlib.crc32(words))
    chosen, aside, height = rng.random(3)
    side = -openings[int(chosen * len(openings))].inward if openings else np.array([1.0, 0, 0])
    around = np.arctan2(side[1], side[0]) + (2 * aside - 1) * _AIMED
    low, high = np.deg2rad(lighting.sun_height)
    rise = low + height * (high - low)
    return np.array([np.cos(rise) * np.cos(around), np.cos(rise) * np.sin(around), np.sin(rise)])


def _bounce(
    building: Building,
    openings: tuple[Opening, ...],
    sun: Floats,
    albedo: Floats,
    lighting: Lighting,
) -> Floats:
    """Irradiance from light that was scattered before, room by room.

    A closed room of surface S and mean albedo r, into which the flux F shines, is an integrating
    sphere: every surface receives F r / (S (1 - r)). Surfaces that face up see more of the
    ceiling, those that face down more of the floor; its color tints what they get.
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
        for opening in (o for o in openings if o.room == number):
            facing = max(float(-opening.inward @ sun), 0.0)
            flux = flux + opening.area * (through + facing * np.array(lighting.sun))
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
    """Mean albedo of the chosen parts by area, a middling gray where there are none."""
    if not chosen.any():
        return np.full(3, 0.5)
    mean: Floats = (area[chosen, None] * albedo[chosen]).sum(0) / area[chosen].sum()
    return np.clip(mean, 0.05, 0.75)


def _part_areas(building: Building) -> Floats:
    """Surface of each part, square meters."""
    corners = building.vertices[building.faces]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    face = np.linalg.norm(cross, axis=1) / 2
    sums = np.bincount(building.face_part, face, minlength=len(building.part_material))
    return sums.astype(float)
