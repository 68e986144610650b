"""Parts of many pieces: legs, fronts of drawers and doors, handles, rows of books, taps."""

from __future__ import annotations

import numpy as np

from encoders.scenes.furniture.piece import Part, Top, chance, pick
from encoders.scenes.solids.rounded import rounded_box, sphere
from encoders.scenes.solids.shapes import (
    Shape,
    axis_rotation,
    box,
    boxes,
    copies,
    join,
    tapered_box,
)
from encoders.scenes.solids.tubes import tube
from encoders.scenes.solids.turned import cylinder, rods
from taskgraph.arrays import Floats

Pair = tuple[float, float]

LEGS = ("square", "tapered", "round", "splayed", "bars")
"""Styles of `legs`."""


def leaning_box(x: Pair, y: Pair, z: Pair, slope: float = 0.0) -> Shape:
    """Build a box from its three ranges (meters); it leans back by ``slope`` meters per meter."""
    if slope == 0:
        return box((x[0], y[0], z[0]), (x[1], y[1], z[1]))
    foot, head = slope * z[0], slope * z[1]
    return tapered_box(
        [(x[0], y[0] + foot), (x[1], y[1] + foot)], [(x[0], y[0] + head), (x[1], y[1] + head)], *z
    )


def tip_back(shape: Shape, angle: float, pivot: tuple[float, float, float]) -> Shape:
    """Tip a shape backwards about the origin by ``angle`` radians, then move it to ``pivot``."""
    return shape.rotated(axis_rotation(0, -angle)).moved(pivot)


def pad(width: float, depth: float, height: float, radius: float) -> Shape:
    """Build a soft block whose bottom is centered on the origin."""
    corner = (width / 2, depth / 2, height)
    return rounded_box((-corner[0], -corner[1], 0), corner, radius)


def legs(style: str, half: Pair, height: float, thickness: float) -> Shape:
    """Build four legs of one of `LEGS` under a rectangle of ``half`` (x, y) half sides, meters."""
    x, y = half[0] - thickness / 2, half[1] - thickness / 2
    feet = np.array([(-x, -y), (x, -y), (x, y), (-x, y)])
    if style in ("round", "splayed"):
        inner = feet * (0.72 if style == "splayed" else 1.0)
        return rods(
            np.insert(feet * 1.0, 2, 0.0, axis=1),
            np.insert(inner, 2, height, axis=1),
            0.35 * thickness,
            0.5 * thickness,
        )
    if style == "bars":
        return _bars(x, y, height, 0.4 * thickness)
    foot = thickness * (0.3 if style == "tapered" else 0.5)
    return join(
        [
            tapered_box(
                [at - foot, at + foot], [at - thickness / 2, at + thickness / 2], 0.0, height
            )
            for at in feet
        ]
    )


def _bars(x: float, y: float, height: float, radius: float) -> Shape:
    """Build two closed frames of bent pipe, at the left and at the right."""
    loop = [(0, -y, height), (0, -y, radius), (0, y, radius), (0, y, height)]
    frame = tube(loop, radius, 3 * radius, sides=8)
    return copies(frame, [(-x, 0, 0), (x, 0, 0)])


def front_grid(x: Pair, z: Pair, columns: int, rows: int, gap: float) -> tuple[Floats, Floats]:
    """Return (N, 2) lower and upper (x, z) corners of a grid of fronts, row by row from below."""
    xs = np.linspace(x[0], x[1], columns + 1)
    zs = np.linspace(z[0], z[1], rows + 1)
    low = np.stack(np.meshgrid(xs[:-1], zs[:-1]), axis=-1).reshape(-1, 2) + gap / 2
    high = np.stack(np.meshgrid(xs[1:], zs[1:]), axis=-1).reshape(-1, 2) - gap / 2
    return low, high


def fronts(low: Floats, high: Floats, y: float, *, thickness: float = 0.018) -> Shape:
    """Build boards before the plane ``y``, with (N, 2) lower and upper (x, z) corners."""
    return boxes(np.insert(low, 1, y - thickness, axis=1), np.insert(high, 1, y, axis=1))


def handles(style: str, low: Floats, high: Floats, y: float, *, upright: bool) -> Shape:
    """Build a handle on each front: ``knob``, ``bar`` or ``rod``.

    ``upright`` handles are for doors: they are at alternating edges, as doors come in pairs.
    Others are for drawers: they are in the middle.
    """
    middle, size = (low + high) / 2, high - low
    if upright:
        inner = np.where(np.arange(len(low)) % 2 == 0, 1.0, -1.0)
        middle[:, 0] += inner * (size[:, 0] / 2 - 0.04)
    place = np.insert(middle, 1, y, axis=1)
    if style == "knob":
        return copies(sphere((0, -0.018, 0), 0.018, sides=8), place)
    half = np.minimum(0.07, 0.3 * size[:, 1 if upright else 0])
    along = half[:, None] * np.eye(3)[2 if upright else 0]
    if style == "rod":
        start = place + np.array([0, -0.025, 0])
        return rods(start - along, start + along, 0.007, sides=8)
    thick = np.array([0.007, 0.014, 0.007])
    return boxes(place - along - thick - [0, 0.014, 0], place + along + thick - [0, 0.014, 0])


def handle_style(rng: np.random.Generator) -> tuple[str, str]:
    """Draw a style of `handles` and the role of their material."""
    return pick(
        rng,
        ("knob", "metal"),
        ("knob", "brass"),
        ("knob", "wood_dark"),
        ("bar", "metal"),
        ("rod", "metal"),
        ("rod", "brass"),
        ("bar", "plastic_dark"),
    )


def standing_books(rng: np.random.Generator, x: Pair, y: Pair, z: Pair) -> tuple[Floats, Floats]:
    """Return the corners of a row of upright books, or of a pile if few fit.

    ``x`` is the range to fill, ``y`` that of the shelf, ``z`` that of its free height. Spines
    face -y.
    """
    thick = rng.uniform(0.022, 0.055, int((x[1] - x[0]) / 0.022) + 1)
    right = x[0] + np.cumsum(thick)
    count = int((right <= x[1]).sum())
    room = z[1] - z[0]
    tall = min(room * 0.96, 0.33) * rng.uniform(0.66, 1.0, count)
    deep = np.minimum(tall * rng.uniform(0.68, 0.8, count), y[1] - y[0] - 0.012)
    front = y[0] + 0.01 + rng.uniform(0, 0.01, count)
    low = np.stack([right[:count] - thick[:count], front, np.full(count, z[0])], axis=1)
    high = np.stack([right[:count] - 0.001, front + deep - 0.011, z[0] + tall], axis=1)
    return low, high


def book_parts(rng: np.random.Generator, low: Floats, high: Floats, covers: int) -> list[Part]:
    """Return books as parts with ``covers`` variants of the role ``book``."""
    cover = rng.integers(covers, size=len(low))
    kinds = [np.flatnonzero(cover == variant) for variant in range(covers)]
    return [
        Part(boxes(low[own], high[own]), "book", variant)
        for variant, own in enumerate(kinds)
        if len(own)
    ]


def books_on_shelf(
    rng: np.random.Generator, x: Pair, y: Pair, z: Pair, full: float
) -> tuple[list[tuple[Floats, Floats]], list[Top]]:
    """Return books on one shelf, and the free space beside them.

    ``full`` is the probability of a full shelf; other shelves are half full or empty.
    """
    wide = x[1] - x[0]
    share = 0.97 if chance(rng, full) else pick(rng, 0.0, 0.45, 0.6)
    free = wide * (1 - share)
    rows, tops = [], []
    if share > 0:
        rows.append(standing_books(rng, (x[0] + 0.005, x[0] + wide * share), y, z))
    if free > 0.15:
        tops.append(
            Top(
                (x[1] - free + 0.01, y[0] + 0.01),
                (x[1] - 0.01, y[1] - 0.01),
                z[0],
                z[1] - z[0] - 1e-3,
            )
        )
    return rows, tops


def tap(at: tuple[float, float, float], height: float, reach: float, *, levers: bool) -> Shape:
    """Build a tap at ``at`` whose water falls ``reach`` meters in front of it (toward -y)."""
    spout = tube(
        [(0, 0, 0), (0, 0, height), (0, -reach, height), (0, -reach, 0.72 * height)],
        0.012,
        0.45 * min(reach, height),
        sides=8,
    )
    base = cylinder(0.024, 0, 0.03, sides=12)
    if levers:
        grips = rods(
            [(-0.08, 0, 0), (0.08, 0, 0)], [(-0.08, 0, 0.05), (0.08, 0, 0.05)], 0.02, sides=8
        )
    else:
        grips = rods([(0.015, 0, 0.05)], [(0.075, 0, 0.085)], 0.008, sides=8)
    return join([spout, base, grips]).moved(at)
