"""Toys, toy boxes and baskets."""

from __future__ import annotations

import numpy as np

from encoders.scenes.furniture.piece import Part, Piece, chance, make_piece, pick
from encoders.scenes.solids.outlines import circle, round_corners
from encoders.scenes.solids.rounded import ellipsoid, rounded_box, sphere
from encoders.scenes.solids.shapes import axis_rotation, box, boxes, join
from encoders.scenes.solids.tubes import tube
from encoders.scenes.solids.turned import cylinder, frustum, lathe

Ball = tuple[tuple[float, float, float], tuple[float, float, float]]

BEAR: tuple[tuple[tuple[Ball, ...], int], ...] = (
    (
        (
            ((0, 0, 0.1), (0.075, 0.065, 0.1)),
            ((0, -0.01, 0.235), (0.062, 0.058, 0.056)),
            ((0.048, 0, 0.285), (0.022, 0.014, 0.022)),
            ((-0.048, 0, 0.285), (0.022, 0.014, 0.022)),
        ),
        12,
    ),
    (
        (
            ((0.085, -0.03, 0.13), (0.028, 0.03, 0.06)),
            ((-0.085, -0.03, 0.13), (0.028, 0.03, 0.06)),
            ((0.055, -0.09, 0.035), (0.034, 0.07, 0.035)),
            ((-0.055, -0.09, 0.035), (0.034, 0.07, 0.035)),
        ),
        10,
    ),
    ((((0, -0.066, 0.222), (0.028, 0.024, 0.022)),), 8),
    (
        (
            ((0.022, -0.06, 0.25), (0.007, 0.007, 0.007)),
            ((-0.022, -0.06, 0.25), (0.007, 0.007, 0.007)),
            ((0, -0.09, 0.232), (0.009, 0.007, 0.007)),
        ),
        6,
    ),
)
"""Middles and half axes (meters) of a bear's ellipsoids, and their numbers of sides."""


def toy_box(rng: np.random.Generator) -> Piece:
    """Build an open chest with balls, blocks and perhaps a bear looking out of it."""
    x, y, high = rng.uniform(0.3, 0.42), rng.uniform(0.2, 0.27), rng.uniform(0.32, 0.42)
    wood, wall = pick(rng, "wood", "wood_painted", "plastic"), 0.018
    foot = 0.03
    case = boxes(
        [
            (-x, -y, foot),
            (-x, y - wall, foot),
            (-x, wall - y, foot),
            (x - wall, wall - y, foot),
            (wall - x, wall - y, foot),
        ],
        [
            (x, wall - y, high),
            (x, y, high),
            (wall - x, y - wall, high),
            (x, y - wall, high),
            (x - wall, y - wall, foot + 0.02),
        ],
    )
    feet = boxes(
        [(a - 0.03, b - 0.03, 0) for a in (0.04 - x, x - 0.04) for b in (0.04 - y, y - 0.04)],
        [
            (a + 0.03, b + 0.03, foot + 0.001)
            for a in (0.04 - x, x - 0.04)
            for b in (0.04 - y, y - 0.04)
        ],
    )
    panel = box((-0.5 * x, -y - 0.006, 0.3 * high), (0.5 * x, 0.002 - y, 0.75 * high))
    parts = [Part(case, wood), Part(feet, wood), Part(panel, "picture"), *_heap(rng, x, y, high)]
    if chance(rng, 0.4):
        lid = box((-x, 0, 0), (x, 0.018, 2 * y)).rotated(axis_rotation(0, -0.15))
        parts.append(Part(lid.moved((0, y, high)), wood))
    return make_piece("toy_box", parts)


def _heap(rng: np.random.Generator, x: float, y: float, high: float) -> list[Part]:
    """Build balls and blocks on a 3 x 2 grid near the rim of a box, and a bear now and then."""
    parts = []
    places = [(a * 0.58 * x, b * 0.42 * y) for a in (-1, 0, 1) for b in (-1, 1)]
    for number, (a, b) in enumerate(places):
        size = rng.uniform(0.055, 0.085)
        at = (a, b, high - rng.uniform(-0.01, 0.05))
        if chance(rng, 0.5):
            toy = sphere(at, size, sides=12)
        else:
            turn = axis_rotation(2, rng.uniform(0, 1.5))[()]
            turn = np.einsum("ij,jk->ik", turn, axis_rotation(0, rng.uniform(-0.5, 0.5)))
            toy = (
                rounded_box(
                    (-size, -0.7 * size, -0.7 * size), (size, 0.7 * size, 0.7 * size), 0.008
                )
                .rotated(turn)
                .moved(at)
            )
        parts.append(Part(toy, pick(rng, "plastic", "plastic", "wood", "fabric"), number))
    if chance(rng, 0.4):
        bear = [part.shape.moved((-0.3 * x, 0, high - 0.1)) for part in teddy_bear(rng).parts[:2]]
        parts.append(Part(join(bear), "fabric", 9))
    return parts


def teddy_bear(rng: np.random.Generator) -> Piece:
    """Build a sitting bear: body, head, ears, arms, legs, snout, eyes."""
    scale = rng.uniform(0.8, 1.3)
    groups = [
        join(
            [
                ellipsoid(np.multiply(at, scale), np.multiply(size, scale), sides=sides)
                for at, size in balls
            ]
        )
        for balls, sides in BEAR
    ]
    fur = pick(rng, ("fabric", 0), ("cushion", 0), ("fabric", 1))
    parts = [
        Part(groups[0], *fur),
        Part(groups[1], *fur),
        Part(groups[2], "paper"),
        Part(groups[3], "plastic_dark"),
    ]
    return make_piece("teddy_bear", parts)


def toy_ball(rng: np.random.Generator) -> Piece:
    """Build a ball: a sphere with a ring around it."""
    radius = rng.uniform(0.06, 0.13)
    ring = lathe(circle((radius - 0.003, radius), 0.006, steps=1), sides=24)
    parts = [Part(sphere((0, 0, radius), radius, sides=20), "plastic"), Part(ring, "plastic", 1)]
    return make_piece("toy_ball", parts)


def toy_blocks(rng: np.random.Generator) -> Piece:
    """Build a tower of building blocks with a pointed roof, and blocks beside it."""
    size, parts = rng.uniform(0.04, 0.055), []
    tower = int(rng.integers(2, 5))
    for level in range(tower):
        turn = axis_rotation(2, rng.normal(0, 0.15))
        half = size / 2
        cube = rounded_box((-half, -half, 0), (half, half, size), 0.004).rotated(turn)
        parts.append(Part(cube.moved((0, 0, level * size)), "plastic", level))
    roof = frustum(0.6 * size, 0.04 * size, tower * size, (tower + 0.9) * size, sides=16)
    parts.append(Part(roof, pick(rng, "plastic", "wood"), 7))
    beside = cylinder(0.45 * size, 0, size, sides=18).moved((1.6 * size, 0.4 * size, 0))
    brick = rounded_box((-1.2 * size, -1.7 * size, 0), (0.6 * size, -0.8 * size, 0.7 * size), 0.004)
    parts += [Part(beside, "plastic", 8), Part(brick, "wood", 1)]
    return make_piece("toy_blocks", parts)


def basket(rng: np.random.Generator) -> Piece:
    """Build a woven basket, round or oval, with a rim, handles, and mostly with cloths in it."""
    wide, high = rng.uniform(0.17, 0.25), rng.uniform(0.25, 0.5)
    stretch = (pick(rng, 1.0, 1.3), 1.0)
    foot = wide * rng.uniform(0.72, 0.95)
    profile = [
        (0, 0),
        (foot, 0),
        (wide, high),
        (wide - 0.012, high),
        (foot - 0.012, 0.3 * high),
        (0, 0.3 * high),
    ]
    weave = pick(rng, "wood", "carpet", "fabric", "wood_dark")
    shell = lathe(round_corners(profile, (0, 0.03, 0, 0, 0, 0), steps=2), sides=24, stretch=stretch)
    hoops = [
        lathe(
            circle((foot + (wide - foot) * share, share * high), 0.011, steps=1),
            sides=24,
            stretch=stretch,
        )
        for share in (0.35, 0.68, 0.985)
    ]
    x = wide * stretch[0]
    grip = tube(
        [
            (x - 0.01, -0.06, 0.9 * high),
            (x + 0.02, -0.05, high + 0.06),
            (x + 0.02, 0.05, high + 0.06),
            (x - 0.01, 0.06, 0.9 * high),
        ],
        0.009,
        0.03,
        sides=6,
        steps=2,
    )
    grips = join([grip, grip.rotated(axis_rotation(2, np.pi))])
    parts = [
        Part(shell, weave),
        Part(join(hoops), weave, 1),
        Part(grips, pick(rng, weave, "leather")),
    ]
    if chance(rng, 0.75):
        for number in range(3):
            turn = number * 2 * np.pi / 3 + rng.uniform(0, 1)
            at = (0.4 * x * np.cos(turn), 0.4 * wide * np.sin(turn), 0.85 * high + 0.02 * number)
            cloth = ellipsoid(at, (0.5 * wide, 0.45 * wide, 0.09 + 0.02 * number), sides=12)
            parts.append(Part(cloth, pick(rng, "fabric", "bedding", "fabric_pattern"), number))
    return make_piece("basket", parts)
