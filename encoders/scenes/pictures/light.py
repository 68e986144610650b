"""Illumination of surface points: irradiance from all light sources, and highlights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from encoders.scenes.appearance.backdrop import sky
from encoders.scenes.appearance.domains import Lighting
from encoders.scenes.pictures.columns import add, dot, length, scale_rows, take_rows, zeros
from encoders.scenes.pictures.light_sources import Lamp, LightSources, WindowLight
from encoders.scenes.raycast import LIFT, Raycaster
from taskgraph.arrays import AnyFloats, Booleans, Indices, Integers32

NEAREST = 0.05
"""Distance (meters) below which a light's irradiance no longer grows."""

_REACH = 0.7  # reach of ambient occlusion, meters
_KEPT = 0.25  # share of ambient light that occluding surfaces reflect
_GLOSSY = 0.1  # least gloss with highlights
_AWAY = np.float32(80.0)  # meters, longer than every building
_GOLDEN = np.array([0.754877666, 0.569840291, 0.438579021], dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Points:
    """N surface points to illuminate; vectors have unit length, in the world's frame.

    Attributes
    ----------
    point, normal, flat : (N, 3) arrays
        See `encoders.scenes.raycast.Hits`.
    toward : (N, 3) array
        Directions to the camera.
    room : (N,) integer array
        Number of the room, -1 outside.
    gloss : (N,) array in [0, 1]
    jitter : (J, 3) array in [0, 1); phase : (N,) integer array
        Random numbers of each point's one sample on a lamp, a window or the hemisphere: row
        ``phase`` of ``jitter``.
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
        """Return the origins of rays, (N, 3): the points moved off their surface."""
        return self.point + np.float32(LIFT) * self.flat

    @cached_property
    def glossy(self) -> Booleans:
        """Return whether each point is glossy enough for highlights, (N,) bools."""
        return self.gloss > _GLOSSY

    def shifted(self, number: int) -> AnyFloats:
        """Return jitter for another light source, as evenly spread as the points' own."""
        jitter = self.jitter + np.float32(number) * _GOLDEN
        return jitter - np.floor(jitter)


@dataclass(frozen=True, eq=False)
class Illumination:
    """The light at N points.

    Attributes
    ----------
    soft : (N, 3) array
        Irradiance from lamps, windows and indirect light, one random sample of each.
    sharp : (N, 3) array
        Irradiance from the sun.
    glint : (N, 3) array
        Radiance of highlights.
    """

    soft: AnyFloats
    sharp: AnyFloats
    glint: AnyFloats


def illuminate(
    raycaster: Raycaster,
    light: LightSources,
    lighting: Lighting,
    points: Points,
    *,
    shadows: bool = True,
) -> Illumination:
    """Compute the light from a room's lamps and windows, the sun, and indirect light.

    A lamp or window lights only points of its own room. Without ``shadows`` no rays are cast,
    and only lamps and indirect light are used.
    """
    count = len(points.point)
    result = Illumination(
        soft=indirect_light(raycaster, light, points, occluded=shadows),
        sharp=zeros(count),
        glint=zeros(count),
    )
    rooms = np.bincount(points.room + 1, minlength=len(light.sunny) + 1) > 0
    for number, lamp in enumerate(light.lamps):
        if rooms[lamp.room + 1]:
            _add_lamp(raycaster, lamp, points, points.shifted(number + 1), result, shadows)
    if not shadows:
        return result
    for number, window in enumerate(light.windows):
        if rooms[window.room + 1]:
            _add_window(raycaster, window, lighting, points, points.shifted(number + 31), result)
    if max(lighting.sun) > 0:
        _add_sun(raycaster, light, lighting, points, result)
    return result


def indirect_light(
    raycaster: Raycaster, light: LightSources, points: Points, *, occluded: bool
) -> AnyFloats:
    """Return the irradiance from indirect light, with ambient occlusion.

    One ray for each point is drawn with a density proportional to the cosine to the normal, and
    has a random length of at most 0.7 m: a surface at distance d occludes 1 - d / 0.7.

    Returns
    -------
    (N, 3) array
    """
    down, up = light.bounce.astype(np.float32).swapaxes(0, 1)  # row -1 is for outside
    ambient = scale_rows(take_rows(up - down, points.room), (1 + points.normal[:, 2]) / 2)
    ambient += take_rows(down, points.room)
    if occluded:
        aim = points.flat + take_rows(_points_on_sphere(points.jitter), points.phase)
        reach = (np.float32(_REACH) * points.jitter[:, 2] + np.float32(0.01)).take(points.phase)
        # Not of unit length: the last millimeter to the light is left out.
        share = np.maximum(reach - np.float32(LIFT), 0) / np.maximum(length(aim), 1e-3)
        hidden = raycaster.occluded(points.start, aim, share)
        ambient *= np.where(hidden, np.float32(_KEPT), np.float32(1))[:, None]
    return ambient


def _add_lamp(
    raycaster: Raycaster,
    lamp: Lamp,
    points: Points,
    jitter: AnyFloats,
    result: Illumination,
    shadows: bool,
) -> None:
    """Add ``power * cos / d**2`` of a lamp that is visible; shadow rays aim at random points."""
    position, power = lamp.position.astype(np.float32), lamp.power.astype(np.float32)
    step = position - points.point
    slope = dot(points.normal, step)
    seen = (points.room == lamp.room) & (slope > 0) & (dot(points.flat, step) > 0)
    if shadows:
        rows = np.flatnonzero(seen)
        start = take_rows(points.start, rows)
        ball = position + np.float32(lamp.radius) * _points_on_sphere(jitter)
        path = take_rows(ball, points.phase.take(rows)) - start
        clear = np.float32(max(lamp.clear, LIFT))
        stop = np.maximum(1 - clear / np.maximum(length(path), 1e-3), 0)
        seen[rows] = ~raycaster.occluded(start, path, stop)
    far = np.maximum(length(step), NEAREST)
    fall = 1 / (far * far)
    add(result.soft, power, np.where(seen, slope * fall / far, 0))
    _add_highlight(points, seen, scale_rows(step, 1 / far), power, fall, result)


def _add_window(
    raycaster: Raycaster,
    window: WindowLight,
    lighting: Lighting,
    points: Points,
    jitter: AnyFloats,
    result: Illumination,
) -> None:
    """Add one sample of the integral of ``L cos cos' / d**2`` over a window's rectangle."""
    place = 2 * jitter - 1
    places = window.middle + place[:, :1] * window.across + place[:, 1:2] * window.up
    step = take_rows(places.astype(np.float32), points.phase) - points.point
    slope = -dot(points.normal, step) * dot(step, window.inward.astype(np.float32))
    seen = (points.room == window.room) & (dot(points.flat, step) > 0) & (slope > 0)
    rows = np.flatnonzero(seen)
    start, path = take_rows(points.start, rows), take_rows(step, rows)
    stop = 1 - np.float32(LIFT) / np.maximum(length(path), LIFT)
    seen[rows] = ~raycaster.occluded(start, path, stop)
    square = np.maximum(dot(step, step), 1e-6)
    # Near the window a single sample would be too strong; the mean over its area is used.
    area = np.float32(window.area)
    strength = np.where(seen, area * slope / (square * np.maximum(square, area / 6)), 0)
    add(result.soft, sky(scale_rows(step, 1 / np.sqrt(square)), lighting), strength)


def _add_sun(
    raycaster: Raycaster,
    light: LightSources,
    lighting: Lighting,
    points: Points,
    result: Illumination,
) -> None:
    """Add ``sun * cos`` outside, and in sunny rooms, where no surface hides the sun."""
    sun, power = light.sun.astype(np.float32), np.asarray(lighting.sun, np.float32)
    slope = dot(points.normal, sun)
    seen = np.append(light.sunny, True)[points.room] & (slope > 0) & (dot(points.flat, sun) > 0)
    rows = np.flatnonzero(seen)
    if not len(rows):
        return
    reach = np.full(len(rows), _AWAY)
    seen[rows] = ~raycaster.occluded(take_rows(points.start, rows), sun[None], reach)
    add(result.sharp, power, np.where(seen, slope, 0))
    one = np.ones(1, dtype=np.float32)
    _add_highlight(points, seen, np.broadcast_to(sun, points.point.shape), power, one, result)


def _add_highlight(
    points: Points,
    seen: Booleans,
    aim: AnyFloats,
    power: AnyFloats,
    fall: AnyFloats,
    result: Illumination,
) -> None:
    """Add the Blinn-Phong highlight of a light at the ``seen`` points.

    The light is in the directions ``aim`` (N, 3); its irradiance is ``fall`` (N,) or (1,) times
    ``power`` (3,). More gloss gives stronger and narrower highlights.
    """
    rows = np.flatnonzero(seen & points.glossy)
    if not len(rows):
        return
    half = take_rows(aim, rows) + take_rows(points.toward, rows)
    gloss = points.gloss.take(rows)
    narrow = 8 + 250 * gloss * gloss
    near = dot(take_rows(points.normal, rows), half) / np.maximum(length(half), 1e-6)
    near = np.clip(near, np.float32(1e-9), 1)
    shine = np.zeros(len(seen), dtype=np.float32)
    shine[rows] = 0.02 * gloss * np.sqrt(narrow) * np.exp(narrow * np.log(near))
    add(result.glint, power, shine * fall)


def _points_on_sphere(jitter: AnyFloats) -> AnyFloats:
    """Map evenly spread points of the unit square to the unit sphere."""
    z = 1 - 2 * jitter[:, 0]
    around = np.float32(2 * np.pi) * jitter[:, 1]
    ring = np.sqrt(np.maximum(1 - z * z, 0))
    return np.stack([ring * np.cos(around), ring * np.sin(around), z]).T
