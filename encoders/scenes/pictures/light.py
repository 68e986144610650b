"""How much light falls on points of a building, and how much of it glints."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from encoders.scenes.appearance.backdrop import sky
from encoders.scenes.appearance.domains import Lighting
from encoders.scenes.pictures.columns import add, dot, length, picked, scaled, zeros
from encoders.scenes.pictures.sources import Lamp, Opening, Sources
from encoders.scenes.raycast import LIFT, Caster
from taskgraph.arrays import AnyFloats, Booleans, Indices, Integers32

NEAREST = 0.05
"""Meters below which a light gives no more than at this distance."""

_REACH = 0.7  # meters within which things shade each other from ambient light
_KEPT = 0.25  # share of the ambient light that comes back from what stands in its way
_GLOSSY = 0.1  # the least gloss that gives highlights
_AWAY = np.float32(80.0)  # meters, beyond every building
_GOLDEN = np.array([0.754877666, 0.569840291, 0.438579021], dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Points:
    """Surface points to be lit, N of them; vectors are unit and in the world's frame.

    Attributes
    ----------
    point, normal, flat : (N, 3) arrays
        As in `encoders.scenes.raycast.Hits`.
    toward : (N, 3) array, from the point to the eye
    room : (N,) integer array, -1 for what is outside
    gloss : (N,) array in [0, 1]
    jitter : (J, 3) array in [0, 1); phase : (N,) integer array
        Where on a lamp, a window or the hemisphere each point takes its one sample: the row of
        ``jitter`` that ``phase`` names.
    """

    point: AnyFloats
    normal: AnyFloats
    flat: AnyFloats
    toward: AnyFloats
    room: Integers32
    gloss: AnyFloats
    jitter: AnyFloats
    phase: Indices

    @cached_property
    def start(self) -> AnyFloats:
        """(N, 3) the points lifted off their surface, for rays to start from."""
        return self.point + np.float32(LIFT) * self.flat

    @cached_property
    def glossy(self) -> Booleans:
        """(N,) whether there are highlights that are worth the while."""
        return self.gloss > _GLOSSY

    def shifted(self, number: int) -> AnyFloats:
        """Jitter for another source, as well spread as the points' own."""
        jitter = self.jitter + np.float32(number) * _GOLDEN
        return jitter - np.floor(jitter)


@dataclass(frozen=True, eq=False)
class Lit:
    """Light that falls on N points.

    Attributes
    ----------
    soft : (N, 3) array
        Irradiance from lamps, windows and the room itself, one jittered sample of each.
    sharp : (N, 3) array
        Irradiance from the sun.
    glint : (N, 3) array
        Radiance of highlights.
    """

    soft: AnyFloats
    sharp: AnyFloats
    glint: AnyFloats


def lit(
    caster: Caster, light: Sources, lighting: Lighting, points: Points, *, shadows: bool = True
) -> Lit:
    """Gather light from a room's own lamps and windows, the sun, and the room's walls.

    Walls keep other rooms' lamps out: each is used only for points of its own room. Without
    ``shadows`` nothing is cast, and nothing but the lamps and the room's bounce is gathered.
    """
    count = len(points.point)
    result = Lit(
        soft=bounced(caster, light, points, occluded=shadows),
        sharp=zeros(count),
        glint=zeros(count),
    )
    rooms = np.bincount(points.room + 1, minlength=len(light.sunny) + 1) > 0
    for number, lamp in enumerate(light.lamps):
        if rooms[lamp.room + 1]:
            _add_lamp(caster, lamp, points, points.shifted(number + 1), result, shadows)
    if not shadows:
        return result
    for number, opening in enumerate(light.openings):
        if rooms[opening.room + 1]:
            _add_opening(caster, opening, lighting, points, points.shifted(number + 31), result)
    if max(lighting.sun) > 0:
        _add_sun(caster, light, lighting, points, result)
    return result


def bounced(caster: Caster, light: Sources, points: Points, *, occluded: bool) -> AnyFloats:
    """Irradiance that the room throws back, less near other surfaces.

    One ray a point is drawn with a density that goes with the cosine to the normal, and ends at
    a random distance of at most 0.7 m: what stands at distance d in its way counts 1 - d / 0.7.

    Returns
    -------
    (N, 3) array
    """
    down, up = light.bounce.astype(np.float32).swapaxes(0, 1)  # -1 is the row for outside
    ambient = scaled(picked(up - down, points.room), (1 + points.normal[:, 2]) / 2)
    ambient += picked(down, points.room)
    if occluded:
        aim = points.flat + picked(_on_sphere(points.jitter), points.phase)
        reach = (np.float32(_REACH) * points.jitter[:, 2] + np.float32(0.01)).take(points.phase)
        # Not of unit length: what is left out is the last millimeter of the way.
        share = np.maximum(reach - np.float32(LIFT), 0) / np.maximum(length(aim), 1e-3)
        hidden = caster.occluded(points.start, aim, share)
        ambient *= np.where(hidden, np.float32(_KEPT), np.float32(1))[:, None]
    return ambient


def _add_lamp(
    caster: Caster, lamp: Lamp, points: Points, jitter: AnyFloats, result: Lit, shadows: bool
) -> None:
    """``power * cos / d**2`` where the lamp is seen; the shadow ray aims at a point of its ball."""
    position, power = lamp.position.astype(np.float32), lamp.power.astype(np.float32)
    step = position - points.point
    slope = dot(points.normal, step)
    seen = (points.room == lamp.room) & (slope > 0) & (dot(points.flat, step) > 0)
    if shadows:
        rows = np.flatnonzero(seen)
        start = picked(points.start, rows)
        ball = position + np.float32(lamp.radius) * _on_sphere(jitter)
        path = picked(ball, points.phase.take(rows)) - start
        clear = np.float32(max(lamp.clear, LIFT))
        stop = np.maximum(1 - clear / np.maximum(length(path), 1e-3), 0)
        seen[rows] = ~caster.occluded(start, path, stop)
    far = np.maximum(length(step), NEAREST)
    fall = 1 / (far * far)
    add(result.soft, power, np.where(seen, slope * fall / far, 0))
    _add_glint(points, seen, scaled(step, 1 / far), power, fall, result)


def _add_opening(
    caster: Caster,
    opening: Opening,
    lighting: Lighting,
    points: Points,
    jitter: AnyFloats,
    result: Lit,
) -> None:
    """One sample of the integral of ``L cos cos' / d**2`` over the window's rectangle."""
    place = 2 * jitter - 1
    places = opening.middle + place[:, :1] * opening.across + place[:, 1:2] * opening.up
    step = picked(places.astype(np.float32), points.phase) - points.point
    slope = -dot(points.normal, step) * dot(step, opening.inward.astype(np.float32))
    seen = (points.room == opening.room) & (dot(points.flat, step) > 0) & (slope > 0)
    rows = np.flatnonzero(seen)
    start, path = picked(points.start, rows), picked(step, rows)
    stop = 1 - np.float32(LIFT) / np.maximum(length(path), LIFT)
    seen[rows] = ~caster.occluded(start, path, stop)
    square = np.maximum(dot(step, step), 1e-6)
    # Near the window a single sample would be too strong: it is the mean over what it stands for.
    area = np.float32(opening.area)
    strength = np.where(seen, area * slope / (square * np.maximum(square, area / 6)), 0)
    add(result.soft, sky(scaled(step, 1 / np.sqrt(square)), lighting), strength)


def _add_sun(
    caster: Caster, light: Sources, lighting: Lighting, points: Points, result: Lit
) -> None:
    """``sun * cos`` in the rooms that the sun shines into, and outside, where nothing hides it."""
    sun, power = light.sun.astype(np.float32), np.asarray(lighting.sun, np.float32)
    slope = dot(points.normal, sun)
    seen = np.append(light.sunny, True)[points.room] & (slope > 0) & (dot(points.flat, sun) > 0)
    rows = np.flatnonzero(seen)
    if not len(rows):
        return
    reach = np.full(len(rows), _AWAY)
    seen[rows] = ~caster.occluded(picked(points.start, rows), sun[None], reach)
    add(result.sharp, power, np.where(seen, slope, 0))
    one = np.ones(1, dtype=np.float32)
    _add_glint(points, seen, np.broadcast_to(sun, points.point.shape), power, one, result)


def _add_glint(
    points: Points,
    seen: Booleans,
    aim: AnyFloats,
    power: AnyFloats,
    fall: AnyFloats,
    result: Lit,
) -> None:
    """Blinn and Phong's highlight of a light that shines on the ``seen`` points.

    It stands in the directions ``aim`` (N, 3), with an irradiance of ``fall`` (N,) or (1,) times
    ``power`` (3,). Highlights are stronger and narrower with gloss.
    """
    rows = np.flatnonzero(seen & points.glossy)
    if not len(rows):
        return
    half = picked(aim, rows) + picked(points.toward, rows)
    gloss = points.gloss.take(rows)
    narrow = 8 + 250 * gloss * gloss
    near = dot(picked(points.normal, rows), half) / np.maximum(length(half), 1e-6)
    near = np.clip(near, np.float32(1e-9), 1)
    shine = np.zeros(len(seen), dtype=np.float32)
    shine[rows] = 0.02 * gloss * np.sqrt(narrow) * np.exp(narrow * np.log(near))
    add(result.glint, power, shine * fall)


def _on_sphere(jitter: AnyFloats) -> AnyFloats:
    """Points on the unit sphere, evenly spread if ``jitter`` is over the unit square."""
    z = 1 - 2 * jitter[:, 0]
    around = np.float32(2 * np.pi) * jitter[:, 1]
    ring = np.sqrt(np.maximum(1 - z * z, 0))
    return np.stack([ring * np.cos(around), ring * np.sin(around), z]).T
