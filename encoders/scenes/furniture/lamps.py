"""Lamps that stand on the floor, on a table, or hang from the ceiling."""

from __future__ import annotations

import numpy as np

from encoders.scenes.furniture.piece import Glow, Part, Piece, chance, make_piece, pick
from encoders.scenes.solids.outlines import round_corners
from encoders.scenes.solids.rounded import ellipsoid, sphere
from encoders.scenes.solids.shapes import Shape, join
from encoders.scenes.solids.tubes import tube
from encoders.scenes.solids.turned import cylinder, frustum, lathe, rods

METALS = ("metal", "brass", "plastic_dark", "wood", "wood_dark")
BULB = 0.035
"""Radius of a bulb, meters."""


def _shade(low: float, high: float, tall: float) -> Shape:
    """Build a shade, open below and above: a thin frustum standing on z = 0."""
    return lathe(round_corners([(low, 0), (high, tall)]), sides=28)


def _bulb(at: tuple[float, float, float]) -> tuple[Part, Glow]:
    """Return a bulb and its light."""
    glow = Glow(np.array(at), 1.0, BULB + 0.005)
    return Part(sphere(at, BULB, sides=12), "bulb"), glow


def floor_lamp(rng: np.random.Generator) -> Piece:
    """Build a lamp as high as a person: a straight stem, a tripod, or an arc over a seat."""
    style, high = pick(rng, "stem", "tripod", "arc"), rng.uniform(1.45, 1.75)
    metal, tall = pick(rng, *METALS), rng.uniform(0.22, 0.32)
    wide = rng.uniform(0.17, 0.24)
    at, under = (0.0, 0.0), high - tall
    if style == "tripod":
        turn = np.arange(3) * 2 * np.pi / 3 + np.pi / 6
        feet = np.stack([0.26 * np.cos(turn), 0.26 * np.sin(turn), np.zeros(3)], axis=1)
        heads = feet * 0.12 + [0, 0, under - 0.06]
        stand = [
            Part(rods(feet, heads, 0.013, 0.016), metal),
            Part(cylinder(0.05, under - 0.075, under + 0.06, sides=14), metal),
        ]
    elif style == "arc":
        reach = rng.uniform(0.5, 0.8)
        at = (-reach, 0.0)
        arm = tube(
            [
                (0, 0, 0.02),
                (0, 0, high + 0.12),
                (-reach, 0, high + 0.12),
                (-reach, 0, under + 0.15),
            ],
            0.011,
            0.45 * reach,
            sides=8,
            steps=6,
        )
        foot = cylinder(0.16, 0, 0.05, sides=24)
        stand = [Part(foot, pick(rng, "plastic_dark", "floor_stone")), Part(arm, metal)]
    else:
        foot = cylinder(0.14, 0, 0.025, sides=24)
        stand = [Part(foot, metal), Part(cylinder(0.012, 0.02, under + 0.12, sides=10), metal)]
    shade = _shade(wide, wide * rng.uniform(0.6, 0.95), tall).moved((*at, under))
    bulb, glow = _bulb((*at, under + 0.12))
    return make_piece("floor_lamp", [*stand, Part(shade, "lampshade"), bulb], (), [glow])


def table_lamp(rng: np.random.Generator) -> Piece:
    """Build a turned or slim base with a shade, or a bent desk lamp."""
    if chance(rng, 0.25):
        return desk_lamp(rng)
    high, wide = rng.uniform(0.16, 0.28), rng.uniform(0.1, 0.16)
    tall, body = rng.uniform(0.15, 0.22), pick(rng, "clay", "brass", "wood", "enamel", "glass")
    style = pick(rng, "urn", "stick", "ball")
    if style == "urn":
        profile = [
            (0, 0),
            (0.055, 0),
            (0.055, 0.015),
            (0.035, 0.025),
            (0.085, 0.5 * high),
            (0.02, 0.92 * high),
            (0.02, high),
            (0, high),
        ]
        base = lathe(round_corners(profile, (0, 0, 0, 0.01, 0.06, 0.03, 0, 0), steps=3), sides=20)
    elif style == "ball":
        radius = 0.42 * high
        base = join(
            [
                ellipsoid((0, 0, radius), (0.9 * radius, 0.9 * radius, radius)),
                cylinder(0.04, 0, 0.012, sides=16),
            ]
        )
    else:
        base = cylinder(0.07, 0, 0.02, sides=20)
    stem = cylinder(0.009, 0.01, high + 0.07, sides=8)
    shade = _shade(wide, wide * rng.uniform(0.55, 0.95), tall).moved((0, 0, high))
    bulb, glow = _bulb((0, 0, high + 0.09))
    parts = [Part(base, body), Part(stem, "brass"), Part(shade, "lampshade"), bulb]
    return make_piece("table_lamp", parts, (), [glow])


def desk_lamp(rng: np.random.Generator) -> Piece:
    """Build a desk lamp: a foot, a jointed arm and a metal cone that shines down."""
    high, reach = rng.uniform(0.36, 0.46), rng.uniform(0.16, 0.24)
    role = pick(rng, "plastic_dark", "plastic", "metal", "brass")
    elbow, head = (0.0, 0.06, 0.55 * high), (0.0, 0.06 - reach, high)
    arms = rods([(0, 0, 0.01), elbow], [elbow, head], 0.008, sides=8)
    cone = lathe(round_corners([(0.075, -0.1), (0.022, 0.0), (0.022, 0.03), (0, 0.03)]), sides=20)
    bulb, glow = _bulb((0.0, head[1], high - 0.06))
    parts = [
        Part(cylinder(0.08, 0, 0.02, sides=20), role),
        Part(join([arms, sphere(elbow, 0.014, sides=8)]), pick(rng, role, "metal")),
        Part(cone.moved(head), role),
        bulb,
    ]
    return make_piece("table_lamp", parts, (), [glow])


def ceiling_lamp(rng: np.random.Generator) -> Piece:
    """Build a lamp whose top is fixed to the ceiling: a pendant, a globe, or a flat dish."""
    style = pick(rng, "shade", "cone", "globe", "dish")
    if style == "dish":
        radius = rng.uniform(0.16, 0.24)
        dish = lathe(
            round_corners(
                [(0, 0), (0.7 * radius, 0.005), (radius, 0.06), (radius, 0.085)], (0, 0.15, 0.03, 0)
            ),
            sides=32,
        )
        plate = cylinder(radius + 0.01, 0.08, 0.1, sides=32)
        boss = sphere((0, 0, -0.004), 0.012, sides=8)
        glow = Glow(np.array([0, 0, 0.02]), 1.4, radius + 0.02)
        parts = [Part(dish, "bulb"), Part(plate, pick(rng, "metal", "brass")), Part(boss, "metal")]
        return make_piece("ceiling_lamp", parts, (), [glow])
    drop, metal = rng.uniform(0.35, 0.7), pick(rng, "metal", "brass", "plastic_dark")
    cord = cylinder(0.004, 0.2, drop + 0.2, sides=6)
    rose = cylinder(0.05, drop + 0.17, drop + 0.2, sides=18)
    if style == "globe":
        radius = rng.uniform(0.1, 0.15)
        ball = sphere((0, 0, 0.2 - radius), radius, sides=20)
        neck = frustum(0.05, 0.02, 0.19, 0.24, sides=14)
        glow = Glow(np.array([0, 0, 0.2 - radius]), 1.4, radius + 0.005)
        parts = [
            Part(cord, "plastic_dark"),
            Part(rose, metal),
            Part(neck, metal),
            Part(ball, "bulb"),
        ]
        return make_piece("ceiling_lamp", parts, (), [glow])
    wide = rng.uniform(0.15, 0.25)
    low = -rng.uniform(0.0, 0.06)
    if style == "shade":
        shade = lathe(round_corners([(wide, low), (wide * rng.uniform(0.7, 1.0), 0.2)]), sides=32)
        role = "lampshade"
    else:
        shade = lathe(
            round_corners([(wide, low), (0.55 * wide, 0.13), (0.03, 0.2)], (0, 0.15, 0)), sides=32
        )
        role = pick(rng, "metal", "brass", "plastic_dark", "plastic", "lampshade")
    bulb, glow = _bulb((0.0, 0.0, low + 0.09))
    socket = cylinder(0.02, low + 0.11, 0.21, sides=10)
    parts = [
        Part(cord, "plastic_dark"),
        Part(rose, metal),
        Part(shade, role),
        Part(socket, metal),
        bulb,
    ]
    return make_piece("ceiling_lamp", parts, (), [Glow(glow.position, 1.4, glow.radius)])
