"""Washbasins of bathrooms."""

from __future__ import annotations

import numpy as np

from encoders.scenes.furniture.fittings import front_grid, fronts, handle_style, handles, tap
from encoders.scenes.furniture.kitchen import kitchen_sink
from encoders.scenes.furniture.piece import Part, Piece, Top, chance, make_piece, pick
from encoders.scenes.solids.hollows import holed_slab
from encoders.scenes.solids.outlines import round_corners
from encoders.scenes.solids.rounded import basin
from encoders.scenes.solids.shapes import Shape, boxes, open_box
from encoders.scenes.solids.turned import cylinder, lathe


def sink(rng: np.random.Generator) -> Piece:
    """Build a washbasin on a column, in a cabinet or on the wall, or a kitchen's."""
    return pick(rng, pedestal_sink, vanity, kitchen_sink)(rng)


def washbasin(rng: np.random.Generator) -> Piece:
    """Build a sink for a bathroom: on a column or in a cabinet."""
    return pick(rng, pedestal_sink, vanity)(rng)


def pedestal_sink(rng: np.random.Generator) -> Piece:
    """Build a basin of china on a column."""
    x, y, high = rng.uniform(0.25, 0.32), rng.uniform(0.21, 0.25), rng.uniform(0.8, 0.87)
    hole = (0.06 - x, -y + 0.05), (x - 0.06, y - 0.13)
    radius = pick(rng, 0.05, 0.1)
    oval = chance(rng, 0.4)
    rim = holed_slab(
        (-x, -y, high - 0.05), (x, y, high), *hole, radius=None if oval else radius, steps=5
    )
    inside = (
        _oval_hollow(*hole, high, 0.13)
        if oval
        else basin((*hole[0], high - 0.13), (*hole[1], high), radius)
    )
    if oval:
        profile = round_corners(
            [(0, high - 0.19), (0.12, high - 0.19), (y, high - 0.049)], (0, 0.05, 0)
        )
        under = lathe(profile, stretch=(x / y * 0.97, 0.97))
    else:
        low, top = (0.03 - x, 0.02 - y, high - 0.19), (x - 0.03, y - 0.01, high - 0.049)
        under = basin(low, top, 0.07).inside_out()
    column = lathe(
        round_corners(
            [(0, 0), (0.12, 0), (0.12, 0.03), (0.075, 0.3), (0.1, high - 0.18)],
            (0, 0, 0, 0.3, 0),
            steps=3,
        ),
        stretch=(1.0, 0.9),
    )
    middle = (hole[0][1] + hole[1][1]) / 2
    parts = [
        Part(rim, "enamel"),
        Part(inside, "enamel"),
        Part(under, "enamel"),
        Part(column.moved((0, 0.03, 0)), "enamel"),
        Part(cylinder(0.022, high - 0.132, high - 0.126, sides=12).moved((0, middle, 0)), "metal"),
        Part(
            tap((0, y - 0.06, high), rng.uniform(0.1, 0.16), 0.13, levers=chance(rng, 0.5)),
            pick(rng, "metal", "metal", "brass"),
        ),
    ]
    return make_piece("sink", parts)


def _oval_hollow(
    low: tuple[float, float], high: tuple[float, float], rim: float, deep: float
) -> Shape:
    """Build the inside of an oval bowl; its edge is the largest ellipse in a box."""
    half = (np.array(high) - low) / 2
    mean = float(half.mean())
    # From the rim down to the middle, so that the inside is on the path's right.
    profile = round_corners(
        [(mean, rim), (0.8 * mean, rim - 0.95 * deep), (0, rim - deep)], (0, 0.4 * deep, 0), steps=4
    )
    stretch = (float(half[0]) / mean, float(half[1]) / mean)
    center = (np.array(high) + low) / 2
    return lathe(profile, sides=20, stretch=stretch).moved((*center, 0))


def vanity(rng: np.random.Generator) -> Piece:
    """Build a cabinet with a top that a basin is let into, doors or drawers, and a tap."""
    x, y, high = rng.uniform(0.3, 0.5), rng.uniform(0.22, 0.27), rng.uniform(0.8, 0.88)
    case, foot = pick(rng, "wood", "wood_painted", "enamel", "wood_dark"), rng.uniform(0.08, 0.2)
    style, metal = handle_style(rng)
    hole = (-min(0.25, x - 0.06), -y + 0.05), (min(0.25, x - 0.06), y - 0.12)
    oval = chance(rng, 0.5)
    lid = holed_slab(
        (-x, -y, high - 0.04), (x, y, high), *hole, radius=None if oval else 0.05, steps=5
    )
    inside = (
        _oval_hollow(*hole, high, 0.12)
        if oval
        else basin((*hole[0], high - 0.12), (*hole[1], high), 0.05)
    )
    plan = pick(rng, (2, 1, True), (1, 2, False), (2, 2, False))
    low, top = front_grid(
        (0.004 - x, x - 0.004), (foot + 0.004, high - 0.05), plan[0], plan[1], 0.006
    )
    middle = (hole[0][1] + hole[1][1]) / 2
    parts = [
        Part(
            boxes(
                [(0.03 - x, -y + 0.06, 0), (x - 0.07, -y + 0.06, 0)],
                [(0.07 - x, y - 0.02, foot + 0.001), (x - 0.03, y - 0.02, foot + 0.001)],
            ),
            case,
        ),
        Part(open_box((-x, -y + 0.02, foot), (x, y, high - 0.04)), case),
        Part(fronts(low, top, -y + 0.02), case),
        Part(handles(style, low, top, -y + 0.002, upright=plan[2]), metal),
        Part(lid, pick(rng, "enamel", "floor_stone")),
        Part(inside, "enamel"),
        Part(cylinder(0.022, high - 0.122, high - 0.116, sides=12).moved((0, middle, 0)), "metal"),
        Part(
            tap((0, y - 0.055, high), rng.uniform(0.12, 0.2), 0.13, levers=chance(rng, 0.4)),
            pick(rng, "metal", "metal", "brass"),
        ),
    ]
    tops = [Top((0.01 - x, -0.1), (hole[0][0] - 0.01, y - 0.02), high)] if x > 0.4 else []
    return make_piece("sink", parts, tops)
