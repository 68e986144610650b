"""Pieces on walls and floors: pictures, clocks, curtains, radiators, coats, rugs."""

from __future__ import annotations

import numpy as np

from encoders.scenes.furniture.piece import Part, Piece, chance, make_piece, pick
from encoders.scenes.solids.outlines import circle, round_corners, rounded_rectangle
from encoders.scenes.solids.rounded import pleats, rounded_box, sphere
from encoders.scenes.solids.shapes import Shape, axis_rotation, box, boxes, copies, join
from encoders.scenes.solids.turned import cylinder, lathe, prism, rods

FACING = axis_rotation(0, np.pi / 2)
"""Rotation of the z axis to -y, so that solids turned about z face the room."""


def picture(rng: np.random.Generator) -> Piece:
    """Build a framed picture, oblong or square, with or without a mount around it."""
    x, high = pick(
        rng, (0.18, 0.46), (0.25, 0.35), (0.4, 0.55), (0.55, 0.6), (0.22, 0.3), (0.45, 1.0)
    )
    grow = rng.uniform(0.85, 1.2)
    x, high, edge = x * grow, high * grow, rng.uniform(0.015, 0.045)
    wood = pick(rng, "wood", "wood_dark", "brass", "plastic_dark", "wood_painted")
    bars = boxes(
        [(-x, -0.03, 0), (-x, -0.03, high - edge), (-x, -0.03, edge), (x - edge, -0.03, edge)],
        [(x, 0, edge), (x, 0, high), (edge - x, 0, high - edge), (x, 0, high - edge)],
    )
    mount = min(x, high / 2) * rng.uniform(0.15, 0.35) if chance(rng, 0.5) else 0.0
    inner = edge + mount
    parts = [
        Part(bars, wood),
        Part(box((edge - x, -0.014, edge), (x - edge, -0.002, high - edge)), "paper"),
        Part(box((inner - x, -0.017, inner), (x - inner, -0.013, high - inner)), "picture"),
    ]
    return make_piece("picture", parts)


def clock(rng: np.random.Generator) -> Piece:
    """Build a wall clock: a round or square case, a dial with twelve marks, and hands."""
    radius = rng.uniform(0.13, 0.2)
    case = pick(rng, "wood", "wood_dark", "metal", "plastic_dark", "plastic", "brass")
    if chance(rng, 0.75):
        ring = circle((radius - 0.014, 0.02), 0.02, steps=2)
        face, rim = 0.02, lathe(ring, sides=32)
        disc = cylinder(radius - 0.014, 0, 0.02, sides=36)
    else:
        side = radius
        outline = rounded_rectangle((-side, -side), (side, side), 0.03, steps=3)
        face, rim = 0.032, prism(outline, 0, 0.03)
        disc = cylinder(radius - 0.02, 0.029, 0.032, sides=36)
    hours = np.arange(12) * np.pi / 6
    long = np.where(np.arange(12) % 3 == 0, 0.13, 0.07) * radius
    marks = boxes(
        np.stack([np.full(12, -0.005), 0.8 * radius - long, np.full(12, face)], 1),
        np.stack([np.full(12, 0.005), np.full(12, 0.8 * radius), np.full(12, face + 0.002)], 1),
    )
    ticks = _each_turned(marks, 24, -hours)
    at = rng.uniform(0, 12)
    hands = join(
        [
            _hand(0.5 * radius, 0.014, face + 0.003, at * np.pi / 6),
            _hand(0.74 * radius, 0.009, face + 0.006, (at % 1) * 2 * np.pi),
            cylinder(0.012, face, face + 0.011, sides=12),
        ]
    )
    parts = [
        Part(rim.rotated(FACING), case),
        Part(disc.rotated(FACING), "clock_face"),
        Part(ticks.rotated(FACING), "plastic_dark"),
        Part(hands.rotated(FACING), pick(rng, "plastic_dark", "plastic_dark", "plastic"), 1),
    ]
    return make_piece("clock", parts)


def _hand(long: float, wide: float, z: float, angle: float) -> Shape:
    """Build a clock hand at ``angle`` radians after twelve, seen from +z."""
    return box((-wide / 2, -0.2 * long, z), (wide / 2, long, z + 0.002)).rotated(
        axis_rotation(2, -angle)
    )


def _each_turned(shape: Shape, size: int, angles: np.ndarray) -> Shape:
    """Rotate blocks of ``size`` vertices about the z axis, each by its own angle."""
    turns = np.repeat(axis_rotation(2, angles), size, axis=0)
    return Shape(
        np.einsum("nij,nj->ni", turns, shape.vertices),
        shape.faces,
        np.einsum("nij,nj->ni", turns, shape.normals),
        shape.curvatures,
    )


def curtain(
    rng: np.random.Generator, width: float | None = None, height: float | None = None
) -> Piece:
    """Build a rod with one or two curtains, for a window ``width`` meters wide.

    ``height`` (meters) is that of the whole piece.
    """
    x = (rng.uniform(1.3, 2.4) if width is None else width + 0.4) / 2
    high = rng.uniform(1.9, 2.4) if height is None else height
    rod_z, depth = high - 0.035, rng.uniform(0.05, 0.08)
    y = -0.09
    metal, share = pick(rng, "metal", "brass", "wood", "plastic_dark"), rng.uniform(0.2, 0.34)
    inner = x - 0.04
    ends = [(-inner, -inner + 2 * share * x), (inner - 2 * share * x, inner)]
    if chance(rng, 0.15):
        ends = [ends[int(rng.integers(2))]]
    wave = rng.uniform(0.09, 0.13)
    cloths = [
        pleats(
            (a, y - depth / 2, 0.0),
            (b, y + depth / 2, rod_z - 0.008),
            max(3, round((b - a) / wave)),
            steps=8,
        )
        for a, b in ends
    ]
    bar = rods([(-x, y, rod_z)], [(x, y, rod_z)], 0.012, sides=12)
    knobs = join([sphere((s * (x - 0.005), y, rod_z), 0.028, sides=10) for s in (-1, 1)])
    holders = rods(
        [(s * (x - 0.06), 0, rod_z) for s in (-1, 1)],
        [(s * (x - 0.06), y, rod_z) for s in (-1, 1)],
        0.009,
        sides=8,
    )
    parts = [
        Part(join(cloths), "curtain"),
        Part(bar, metal),
        Part(knobs, metal),
        Part(holders, metal),
    ]
    return make_piece("curtain", parts)


def floor_rug(rng: np.random.Generator) -> Piece:
    """Build a thin rug, oblong with a border or fringes, or round; two parts at most."""
    thick = rng.uniform(0.008, 0.015)
    if chance(rng, 0.25):
        radius = rng.uniform(0.6, 1.1)
        parts = [
            Part(cylinder(radius, 0, thick, sides=40), "rug", 1),
            Part(cylinder(0.85 * radius, thick - 0.001, thick + 0.002, sides=40), "rug"),
        ]
        return make_piece("rug", parts)
    x, y = rng.uniform(0.7, 1.4), rng.uniform(0.45, 0.95)
    parts = [Part(rounded_box((-x, -y, 0), (x, y, thick), 0.004), "rug")]
    if chance(rng, 0.5):
        at = np.arange(-y + 0.01, y - 0.02, 0.045)
        low = np.stack([np.full_like(at, x - 0.001), at, np.zeros_like(at)], axis=1)
        fringe = boxes(low, low + np.array([0.05, 0.02, 0.004]))
        other = fringe.rotated(axis_rotation(2, np.pi))
        parts.append(Part(join([fringe, other]), "paper"))
    else:
        edge = 0.12
        field = box((edge - x, edge - y, thick - 0.002), (x - edge, y - edge, thick + 0.002))
        parts.append(Part(field, "rug", 1))
    return make_piece("rug", parts)


def radiator(rng: np.random.Generator) -> Piece:
    """Build a heater of upright columns between two pipes, with a valve; stands at a wall."""
    count, high = int(rng.integers(8, 17)), rng.uniform(0.5, 0.65)
    step, low = 0.055, 0.12
    x = count * step / 2
    column = rounded_box((-0.019, -0.11, low), (0.019, -0.03, low + high), 0.018, steps=1)
    at = (np.arange(count) - (count - 1) / 2) * step
    columns = copies(column, np.stack([at, 0 * at, 0 * at], axis=1))
    pipes = rods(
        [(-x, -0.07, low + 0.06), (-x, -0.07, low + high - 0.06)],
        [(x, -0.07, low + 0.06), (x, -0.07, low + high - 0.06)],
        0.018,
        sides=8,
    )
    feed = rods([(x + 0.03, -0.07, 0)], [(x + 0.03, -0.07, low + 0.1)], 0.01, sides=8)
    valve = rods([(x - 0.01, -0.07, low + 0.06)], [(x + 0.09, -0.07, low + 0.06)], 0.022, sides=10)
    bracket = boxes(
        [(s * 0.6 * x - 0.01, -0.04, low + 0.1) for s in (-1, 1)],
        [(s * 0.6 * x + 0.01, 0, low + high - 0.1) for s in (-1, 1)],
    )
    parts = [
        Part(join([columns, pipes]), pick(rng, "enamel", "enamel", "metal")),
        Part(join([feed, bracket]), "metal"),
        Part(valve, "plastic_dark"),
    ]
    return make_piece("radiator", parts)


def coat_rack(rng: np.random.Generator) -> Piece:
    """Build a board with hooks on the wall, and coats on some of them."""
    count, board = int(rng.integers(3, 7)), 0.95
    x = count * 0.07 + 0.03
    at = (np.arange(count) - (count - 1) / 2) * 0.14
    hooks = join(
        [
            rods(
                [(a, -0.02, board + 0.05) for a in at],
                [(a, -0.08, board + 0.07) for a in at],
                0.007,
                sides=8,
            ),
            rods(
                [(a, -0.02, board + 0.03) for a in at],
                [(a, -0.06, board + 0.02) for a in at],
                0.007,
                sides=8,
            ),
            *[sphere((a, -0.082, board + 0.071), 0.011, sides=8) for a in at],
        ]
    )
    parts = [
        Part(
            rounded_box((-x, -0.022, board), (x, 0, board + 0.1), 0.006),
            pick(rng, "wood", "wood_dark", "wood_painted"),
        ),
        Part(hooks, "metal"),
    ]
    worn = at[rng.random(count) < 0.5] if chance(rng, 0.8) else at[:0]
    for number, a in enumerate(worn if len(worn) else at[:1]):
        cloth = _coat(rng.uniform(0.6, 0.9), rng.uniform(0.17, 0.2)).moved((a, -0.02, board + 0.06))
        parts.append(Part(cloth, pick(rng, "fabric", "leather", "fabric"), number))
    return make_piece("coat_rack", parts)


def _coat(long: float, wide: float) -> Shape:
    """Build a coat hanging from the origin: body, sleeves and collar."""
    outline = [
        (-1.15 * wide, -long),
        (1.15 * wide, -long),
        (wide, -0.12),
        (0.07, -0.02),
        (-0.07, -0.02),
        (-wide, -0.12),
    ]
    body = prism(round_corners(outline, (0.03, 0.03, 0.05, 0.02, 0.02, 0.05), closed=True), 0, 0.1)
    sleeves = rods(
        [(s * 0.85 * wide, -0.06, -0.14) for s in (-1, 1)],
        [(s * 1.4 * wide, -0.06, -0.62) for s in (-1, 1)],
        0.055,
        0.04,
    )
    collar = rounded_box((-0.075, -0.115, -0.07), (0.075, -0.005, 0.0), 0.03)
    return join([body.rotated(FACING), sleeves, collar])
