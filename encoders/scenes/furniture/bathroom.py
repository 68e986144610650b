"""Toilets, washbasins and bathtubs."""

from __future__ import annotations

import numpy as np

from encoders.scenes.furniture.fittings import tap
from encoders.scenes.furniture.piece import Part, Piece, chance, make_piece, pick
from encoders.scenes.solids.hollows import holed_slab
from encoders.scenes.solids.outlines import round_corners, rounded_rectangle
from encoders.scenes.solids.rounded import basin, rounded_box
from encoders.scenes.solids.shapes import Shape, axis_rotation, join, open_box
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
        lid = lid.moved((0, -back, 0)).rotated(axis_rotation(0, -np.pi / 2))
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


def bathtub(rng: np.random.Generator) -> Piece:
    """Build a tub let into a panelled block, or one that stands free on a foot."""
    return pick(rng, _built_in_tub, _built_in_tub, _free_tub)(rng)


def _built_in_tub(rng: np.random.Generator) -> Piece:
    x, y, high = rng.uniform(0.75, 0.88), rng.uniform(0.35, 0.4), rng.uniform(0.5, 0.58)
    hole = (0.1 - x, 0.08 - y), (x - 0.07, y - 0.08)
    side = pick(rng, -1, 1)
    pipe = tap((0, 0, 0), 0.12, 0.12, levers=True).rotated(axis_rotation(2, -side * np.pi / 2))
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
