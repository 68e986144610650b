"""How much light falls on points of a building, and how much of it glints."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from encoders.scenes.cast import LIFT, Caster
from encoders.scenes.looks.backdrop import sky
from encoders.scenes.looks.domains import Lighting
from encoders.scenes.pictures.sources import Lamp, Opening, Sources

Floats = NDArray[np.floating[Any]]
Rows = NDArray[np.intp]

NEAREST = 0.05
"""Metres below which a light gives no more than at this distance."""

_REACH = 0.7  # metres within which things shade each other from ambient light
_KEPT = 0.25  # share of the ambient light that comes back from what stands in its way
_AWAY = np.float32(80.0)  # metres, beyond every building
_GOLDEN = np.array([0.754877666, 0.569840291, 0.438579021], dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Points:
    """Surface points to be lit, N of them; vectors are unit and in the world's frame.

    Attributes
    ----------
    point, normal, flat : (N, 3) arrays
        As in `encoders.scenes.cast.Hits`.
    toward : (N, 3) array, from the point to the eye
    room : (N,) integer array, -1 for what is outside
    gloss : (N,) array in [0, 1]
    jitter : (J, 3) array in [0, 1); phase : (N,) integer array
        Where on a lamp, a window or the hemisphere each point takes its one sample: the row of
        ``jitter`` that ``phase`` names.
    """

    point: Floats
    normal: Floats
    flat: Floats
    toward: Floats
    room: NDArray[np.int32]
    gloss: Floats
    jitter: Floats
    phase: Rows

    @cached_property
    def start(self) -> Floats:
        """(N, 3) the points lifted off their surface, for rays to start from."""
        return self.point + np.float32(LIFT) * self.flat

    def shifted(self, number: int) -> Floats:
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

    soft: Floats
    sharp: Floats
    glint: Floats


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
        sharp=np.zeros((count, 3), np.float32),
        glint=np.zeros((count, 3), np.float32),
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


def bounced(caster: Caster, light: Sources, points: Points, *, occluded: bool) -> Floats:
    """Irradiance that the room throws back, less near other surfaces.

    One ray a point is drawn with a density that goes with the cosine to the normal, and ends at
    a random distance of at most 0.7 m: what stands at distance d in its way counts 1 - d / 0.7.

    Returns
    -------
    (N, 3) array
    """
    up = ((1 + points.normal[:, 2]) / 2)[:, None]
    bounce = light.bounce.astype(np.float32)[points.room]  # -1 is the row for outside
    ambient: Floats = bounce[:, 0] + up * (bounce[:, 1] - bounce[:, 0])
    if occluded:
        aim = points.flat + _on_sphere(points.jitter)[points.phase]
        reach = (np.float32(_REACH) * points.jitter[:, 2] + np.float32(0.01))[points.phase]
        reach /= np.maximum(_length(aim), 1e-3)
        hidden = _hidden(caster, points.start, points.start + reach[:, None] * aim)
        ambient *= np.where(hidden, np.float32(_KEPT), np.float32(1))[:, None]
    return ambient


def _add_lamp(
    caster: Caster, lamp: Lamp, points: Points, jitter: Floats, result: Lit, shadows: bool
) -> None:
    """``power * cos / d**2`` where the lamp is seen; the shadow ray aims at a point of its ball."""
    position = lamp.position.astype(np.float32)
    step = position - points.point
    slope = _dot(points.normal, step)
    rows = np.flatnonzero((points.room == lamp.room) & (slope > 0) & (_dot(points.flat, step) > 0))
    if shadows:
        start = points.start[rows]
        ball = position + np.float32(lamp.radius) * _on_sphere(jitter)
        path = ball[points.phase[rows]] - start
        stop = np.maximum(1 - np.float32(lamp.clear) / np.maximum(_length(path), 1e-3), 0)
        rows = rows[~_hidden(caster, start, start + stop[:, None] * path)]
    step, slope = step[rows], slope[rows]
    far = np.maximum(_length(step), NEAREST)
    power = lamp.power.astype(np.float32) / (far * far)[:, None]
    result.soft[rows] += (slope / far)[:, None] * power
    _add_glint(points, rows, step / far[:, None], power, result)


def _add_opening(
    caster: Caster,
    opening: Opening,
    lighting: Lighting,
    points: Points,
    jitter: Floats,
    result: Lit,
) -> None:
    """One sample of the integral of ``L cos cos' / d**2`` over the window's rectangle."""
    place = 2 * jitter - 1
    places = opening.middle + place[:, :1] * opening.across + place[:, 1:2] * opening.up
    target = places.astype(np.float32)[points.phase]
    step = target - points.point
    slope = _dot(points.normal, step)
    slope *= -_dot(step, np.broadcast_to(opening.inward.astype(np.float32), step.shape))
    inside = (points.room == opening.room) & (_dot(points.flat, step) > 0)
    rows = np.flatnonzero(inside & (slope > 0))
    rows = rows[~_hidden(caster, points.start[rows], target[rows])]
    step = step[rows]
    square = np.maximum(_dot(step, step), 1e-6)
    # Near the window a single sample would be too strong: it is the mean over what it stands for.
    area = np.float32(opening.area)
    strength = area * slope[rows] / (square * np.maximum(square, area / 6))
    result.soft[rows] += strength[:, None] * sky(step / np.sqrt(square)[:, None], lighting)


def _add_sun(
    caster: Caster, light: Sources, lighting: Lighting, points: Points, result: Lit
) -> None:
    """``sun * cos`` in the rooms that the sun shines into, and outside, where nothing hides it."""
    sun = np.broadcast_to(light.sun.astype(np.float32), points.point.shape)
    reached = np.append(light.sunny, True)[points.room]
    slope = _dot(points.normal, sun)
    rows = np.flatnonzero(reached & (slope > 0) & (_dot(points.flat, sun) > 0))
    start = points.start[rows]
    rows = rows[~_hidden(caster, start, start + _AWAY * sun[rows])]
    power = np.asarray(lighting.sun, np.float32)
    result.sharp[rows] += slope[rows, None] * power
    _add_glint(points, rows, sun[rows], np.broadcast_to(power, (len(rows), 3)), result)


def _add_glint(points: Points, rows: Rows, aim: Floats, power: Floats, result: Lit) -> None:
    """Blinn and Phong's highlight, stronger and narrower with gloss."""
    glossy = np.flatnonzero(points.gloss[rows] > 0.1)
    rows, half = rows[glossy], aim[glossy] + points.toward[rows[glossy]]
    gloss = points.gloss[rows]
    narrow = 8 + 250 * gloss * gloss
    near = _dot(points.normal[rows], half) / np.maximum(_length(half), 1e-6)
    shine = 0.02 * gloss * np.sqrt(narrow) * np.clip(near, 0, 1) ** narrow
    result.glint[rows] += shine[:, None] * power[glossy]


def _hidden(caster: Caster, start: Floats, end: Floats) -> NDArray[np.bool_]:
    """As `Caster.blocked`, in single precision: Embree has no more."""
    return caster.blocked(cast(NDArray[np.float64], start), cast(NDArray[np.float64], end))


def _on_sphere(jitter: Floats) -> Floats:
    """Points on the unit sphere, evenly spread if ``jitter`` is over the unit square."""
    z = 1 - 2 * jitter[:, 0]
    around = np.float32(2 * np.pi) * jitter[:, 1]
    ring = np.sqrt(np.maximum(1 - z * z, 0))
    return np.stack([ring * np.cos(around), ring * np.sin(around), z], axis=1)


def _dot(first: Floats, second: Floats) -> Floats:
    product: Floats = np.einsum("ni,ni->n", first, second)
    return product


def _length(vectors: Floats) -> Floats:
    length: Floats = np.sqrt(_dot(vectors, vectors))
    return length
