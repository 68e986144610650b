"""Toilets, washbasins and bathtubs."""

from __future__ import annotations

import numpy as np

from encoders.scenes.furniture.fittings import front_grid, fronts, handle_style, handles, tap
from encoders.scenes.furniture.kitchen import kitchen_sink
from encoders.scenes.furniture.piece import Part, Piece, Top, chance, make_piece, pick
from encoders.scenes.solids.hollows import holed_slab
from encoders.scenes.solids.outlines import round_corners, rounded_rectangle
from encoders.scenes.solids.rounded import basin, rounded_box
from encoders.scenes.solids.shapes import Shape, boxes, join, open_box, rotation
from encoders.scenes.solids.tubes import tube
from encoders.scenes.solids.turned import cylinder, lathe, rods


def toilet(rng: np.random.Generator) -> Piece:
    """Build a bowl on a foot, a seat, a lid (open or shut) and a tank behind."""
    long, rim, wide = rng.uniform(1.2, 1.35), rng.uniform(0.38, 0.42), rng.uniform(0.175, 0.195)
    back = wide * long
    near, far, top = back - 0.03, back + 0.16, rim + rng.uniform(0.34, 0.42)
    seat_role = pick(rng, "enamel", "wood", "enamel", "plastic_dark")
    ring = rounded_rectangle((0.7 * wide - 0.008, rim), (wide + 0.006, rim + 0.024), 0.01, steps=1)
    lid = lathe(
        round_corners(
            [(0, 0), (wide + 0.004, 0), (wide + 0.004, 0.018), (0, 0.022)],
            (0, 0, 0.012, 0),
            steps=1,
        ),
        sides=24,
        stretch=(1.0, long),
    )
    if chance(rng, 0.5):  # open: upright, before the tank
        lid = lid.moved((0, -back, 0)).rotated(rotation(0, -np.pi / 2))
        lid = lid.moved((0, near - 0.026, rim + 0.012))
    else:
        lid = lid.moved((0, 0, rim + 0.025))
    parts = [
        Part(_bowl(rng, wide, long, rim), "enamel"),
        Part(
            rounded_box(
                (-0.55 * wide, 0.73 * back, 0), (0.55 * wide, far - 0.02, rim - 0.01), 0.03
            ),
            "enamel",
        ),
        Part(lathe(ring, sides=24, stretch=(1.0, long)), seat_role),
        Part(lid, seat_role),
        Part(
            rounded_box(
                (-wide - 0.01, near, rim - 0.02), (wide + 0.01, far, top - 0.03), 0.03, steps=3
            ),
            "enamel",
        ),
        Part(
            rounded_box((-wide - 0.02, near - 0.012, top - 0.034), (wide + 0.02, far, top), 0.012),
            "enamel",
        ),
        Part(
            cylinder(0.024, top - 0.01, top + 0.008, sides=14).moved((0, near + 0.09, 0)), "metal"
        ),
    ]
    return make_piece("toilet", parts)


def _bowl(rng: np.random.Generator, wide: float, long: float, rim: float) -> Shape:
    """Build an oval bowl that narrows to its foot, hollow from above."""
    hole, foot = 0.7 * wide, rng.uniform(0.55, 0.7) * wide
    profile = [
        (0, 0),
        (foot, 0),
        (0.8 * foot, 0.4 * rim),
        (wide, 0.85 * rim),
        (wide, rim),
        (hole, rim),
        (0.8 * hole, rim - 0.12),
        (0, rim - 0.17),
    ]
    rounding = (0, 0, 0.1, 0.08, 0, 0, 0.06, 0)
    return lathe(round_corners(profile, rounding, steps=2), sides=24, stretch=(1.0, long))


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


def bathtub(rng: np.random.Generator) -> Piece:
    """Build a tub let into a panelled block, or one that stands free on a foot."""
    return pick(rng, _built_in_tub, _built_in_tub, _free_tub)(rng)


def _built_in_tub(rng: np.random.Generator) -> Piece:
    x, y, high = rng.uniform(0.75, 0.88), rng.uniform(0.35, 0.4), rng.uniform(0.5, 0.58)
    hole = (0.1 - x, 0.08 - y), (x - 0.07, y - 0.08)
    side = pick(rng, -1, 1)
    pipe = tap((0, 0, 0), 0.12, 0.12, levers=True).rotated(rotation(2, -side * np.pi / 2))
    parts = [
        Part(basin((*hole[0], 0.14), (*hole[1], high), 0.15, steps=4), "enamel"),
        Part(
            holed_slab((-x, -y, high - 0.05), (x, y, high), *hole, radius=0.15, steps=4), "enamel"
        ),
        Part(
            open_box((0.015 - x, 0.015 - y, 0), (x - 0.015, y, high - 0.049)),
            pick(rng, "enamel", "wall_tile", "wood_painted"),
        ),
        Part(pipe.moved((side * (x - 0.045), 0, high)), pick(rng, "metal", "brass")),
        Part(cylinder(0.03, 0.135, 0.143, sides=12).moved((side * (x - 0.4), 0, 0)), "metal"),
    ]
    return make_piece("bathtub", parts)


def _free_tub(rng: np.random.Generator) -> Piece:
    half, long, high = rng.uniform(0.35, 0.39), rng.uniform(2.05, 2.3), rng.uniform(0.55, 0.62)
    profile = [
        (0, 0.03),
        (0.6 * half, 0.03),
        (half, high),
        (half - 0.035, high),
        (0.6 * half, 0.14),
        (0, 0.12),
    ]
    shell = lathe(
        round_corners(profile, (0, 0.08, 0.016, 0.016, 0.1, 0), steps=2),
        sides=32,
        stretch=(long, 1.0),
    )
    foot = lathe(
        round_corners([(0, 0), (0.55 * half, 0), (0.55 * half, 0.05)]),
        sides=36,
        stretch=(long, 1.0),
    )
    at = (0.0, half + 0.06)
    pipe = tube(
        [
            (*at, 0.0),
            (*at, high + 0.22),
            (0, half - 0.1, high + 0.22),
            (0, half - 0.1, high + 0.15),
        ],
        0.014,
        0.06,
        sides=8,
    )
    parts = [
        Part(shell, "enamel"),
        Part(foot, pick(rng, "enamel", "plastic_dark", "wood")),
        Part(
            join(
                [
                    pipe,
                    cylinder(0.05, 0, 0.015, sides=14).moved((*at, 0)),
                    rods([(-0.08, at[1], high + 0.05)], [(0.08, at[1], high + 0.05)], 0.018),
                ]
            ),
            "metal",
        ),
    ]
    return make_piece("bathtub", parts)
