"""Chairs, stools and benches."""

from __future__ import annotations

import itertools

import numpy as np

from encoders.scenes.furniture.fittings import Pair, leaning_box, legs, pad, tip_back
from encoders.scenes.furniture.piece import Part, Piece, chance, make_piece, pick
from encoders.scenes.solids.outlines import circle, round_corners
from encoders.scenes.solids.rounded import rounded_box, sphere
from encoders.scenes.solids.shapes import Shape, join
from encoders.scenes.solids.tubes import tube
from encoders.scenes.solids.turned import cylinder, lathe, rods


def chair(rng: np.random.Generator) -> Piece:
    """Build a chair of any style."""
    return pick(rng, wooden_chair, wooden_chair, padded_chair, shell_chair, office_chair)(rng)


def dining_chair(rng: np.random.Generator) -> Piece:
    """Build a chair for a table: any but an office chair."""
    return pick(rng, wooden_chair, wooden_chair, padded_chair, shell_chair)(rng)


def wooden_chair(rng: np.random.Generator) -> Piece:
    """Build four legs, a flat seat, and a back of slats, rungs or a panel between two posts."""
    x, y = rng.uniform(0.20, 0.24), rng.uniform(0.20, 0.25)
    seat, top = rng.uniform(0.43, 0.47), rng.uniform(0.82, 1.02)
    wood, slope, leg = pick(rng, "wood", "wood_dark", "wood_painted"), rng.uniform(0.1, 0.2), 0.038
    posts = [
        leaning_box((side - leg / 2, side + leg / 2), (y - leg, y), heights, tilt).moved(
            (0, shift, 0)
        )
        for side in (leg / 2 - x, x - leg / 2)
        for heights, tilt, shift in (((0, seat), 0.0, 0.0), ((seat, top), slope, -slope * seat))
    ]
    front = [
        leaning_box((side - leg / 2, side + leg / 2), (-y, leg - y), (0, seat - 0.02))
        for side in (leg / 2 - x, x - leg / 2)
    ]
    aprons = [
        leaning_box((leg - x, x - leg), (at, at + 0.02), (seat - 0.09, seat - 0.03))
        for at in (-y + 0.008, y - 0.028)
    ]
    parts = [
        Part(join(posts + front), wood),
        Part(join(aprons), wood),
        Part(_wooden_back(rng, x - leg, (y - 0.028, y - 0.01), (seat, top), slope), wood),
        Part(rounded_box((-x, -y, seat - 0.03), (x, y - leg - 0.002, seat), 0.012), wood),
    ]
    if chance(rng, 0.35):
        cushion = pad(1.84 * x, 1.84 * y - leg, 0.045, 0.02).moved((0, -leg / 2, seat))
        parts.append(Part(cushion, pick(rng, "cushion", "fabric")))
    return make_piece("chair", parts)


def _wooden_back(rng: np.random.Generator, x: float, y: Pair, z: Pair, slope: float) -> Shape:
    """Build a back between two posts: slats, rungs or a panel, under a top rail."""
    style = pick(rng, "slats", "rungs", "panel")
    high = z[1] - z[0]
    bars = [((-x, x), (z[1] - 0.08, z[1] - 0.005))]
    if style == "slats":
        count = int(rng.integers(3, 7))
        for middle in np.linspace(-x, x, count + 2)[1:-1]:
            bars.append(((middle - 0.014, middle + 0.014), (z[0] + 0.1, z[1] - 0.08)))
        bars.append(((-x, x), (z[0] + 0.07, z[0] + 0.11)))
    elif style == "rungs":
        for low in np.linspace(z[0] + 0.12, z[1] - 0.19, int(rng.integers(2, 4))):
            bars.append(((-x, x), (low, low + 0.05)))
    else:
        bars.append(((-0.8 * x, 0.8 * x), (z[0] + 0.25 * high, z[1] - 0.08)))
        bars.append(((-x, x), (z[0] + 0.18 * high, z[0] + 0.25 * high)))
    return join([leaning_box(a, y, b, slope).moved((0, -slope * z[0], 0)) for a, b in bars])


def padded_chair(rng: np.random.Generator) -> Piece:
    """Build an upholstered seat and back on wooden legs."""
    x, y = rng.uniform(0.22, 0.26), rng.uniform(0.22, 0.26)
    seat, top = rng.uniform(0.45, 0.49), rng.uniform(0.84, 0.98)
    cloth = pick(rng, "fabric", "leather", "fabric_pattern")
    style = pick(rng, "tapered", "round", "splayed")
    back = tip_back(pad(1.9 * x, 0.075, top - seat + 0.06, 0.03), 0.14, (0, y - 0.06, seat - 0.06))
    parts = [
        Part(legs(style, (x - 0.01, y - 0.01), seat - 0.09, 0.04), pick(rng, "wood", "wood_dark")),
        Part(pad(2 * x, 2 * y, 0.09, 0.035).moved((0, 0, seat - 0.09)), cloth),
        Part(back, cloth),
    ]
    if chance(rng, 0.25):
        arm = tube(
            [(0, -0.6 * y, seat - 0.03), (0, -0.6 * y, seat + 0.2), (0, y, seat + 0.22)],
            0.016,
            0.06,
            sides=8,
        )
        parts.append(Part(join([arm.moved((x, 0, 0)), arm.moved((-x, 0, 0))]), "wood"))
    return make_piece("chair", parts)


def shell_chair(rng: np.random.Generator) -> Piece:
    """Build a moulded seat and back on thin splayed legs."""
    x, y, seat = rng.uniform(0.21, 0.24), rng.uniform(0.20, 0.23), rng.uniform(0.44, 0.47)
    tall, lean = rng.uniform(0.36, 0.44), rng.uniform(0.15, 0.25)
    shell = pick(rng, "plastic", "plastic", "wood", "plastic_dark", "wood_painted")
    seat_shape = rounded_box((-x, -y, seat - 0.03), (x, y, seat), 0.014, steps=2)
    back = tip_back(
        rounded_box((-0.95 * x, -0.012, 0), (0.95 * x, 0.012, tall), 0.011, steps=2),
        lean,
        (0, y - 0.012, seat - 0.01),
    )
    swell = tube(
        [(-0.9 * x, y - 0.02, seat - 0.015), (0.9 * x, y - 0.02, seat - 0.015)],
        0.028,
        0.1,
        sides=10,
    )
    metal = pick(rng, "metal", "wood", "plastic_dark")
    brace = rods(
        [(-0.7 * x, -0.75 * y, 0.2), (-0.7 * x, 0.75 * y, 0.2)],
        [(0.7 * x, -0.75 * y, 0.2), (0.7 * x, 0.75 * y, 0.2)],
        0.007,
        sides=6,
    )
    parts = [
        Part(legs("splayed", (x, y), seat - 0.028, 0.028 if metal != "wood" else 0.04), metal),
        Part(brace, metal),
        Part(join([seat_shape, swell]), shell),
        Part(back, shell),
    ]
    return make_piece("chair", parts)


def office_chair(rng: np.random.Generator) -> Piece:
    """Build a padded seat on a gas spring and a star of five castors, mostly with arms."""
    seat, x = rng.uniform(0.46, 0.52), rng.uniform(0.23, 0.26)
    tall = rng.uniform(0.45, 0.68)
    cloth = pick(rng, "fabric", "leather", "plastic_dark")
    frame = pick(rng, "plastic_dark", "plastic_dark", "metal")
    turn = np.arange(5) * 2 * np.pi / 5 + rng.uniform(0, 1)
    ends = np.stack([0.29 * np.cos(turn), 0.29 * np.sin(turn), np.full(5, 0.075)], axis=1)
    star = rods(np.tile((0.0, 0.0, 0.12), (5, 1)), ends, 0.028, 0.018, sides=8)
    castors = [sphere((*end[:2], 0.03), 0.03, sides=8) for end in ends]
    parts = [
        Part(join(castors), "plastic_dark"),
        Part(join([star, cylinder(0.028, 0.1, seat - 0.08, sides=12)]), frame),
        Part(pad(2 * x, 0.48, 0.09, 0.04).moved((0, -0.02, seat - 0.08)), cloth),
        Part(tip_back(pad(1.85 * x, 0.08, tall, 0.038), 0.12, (0, 0.22, seat + 0.09)), cloth),
        Part(
            tube(
                [(0, 0.05, seat - 0.07), (0, 0.27, seat - 0.07), (0, 0.31, seat + 0.25)],
                0.022,
                0.08,
                sides=8,
            ),
            frame,
        ),
    ]
    if chance(rng, 0.75):
        arm = tube(
            [(0.1 - x, 0, seat - 0.06), (0.03, 0, seat - 0.06), (0.03, 0, seat + 0.18)],
            0.016,
            0.04,
            sides=8,
        )
        rest = rounded_box((0.0, -0.13, seat + 0.18), (0.06, 0.12, seat + 0.21), 0.013)
        side = join([arm, rest]).moved((x, 0, 0))
        mirror = join([arm.rotated(np.diag([-1.0, -1.0, 1.0])), rest.moved((-0.06, 0, 0))])
        parts.append(Part(join([side, mirror.moved((-x, 0, 0))]), "plastic_dark"))
    return make_piece("chair", parts)


def stool(rng: np.random.Generator) -> Piece:
    """Build a round or square seat without a back, low or as high as a bar."""
    seat = pick(rng, rng.uniform(0.42, 0.48), rng.uniform(0.62, 0.76))
    radius, count = rng.uniform(0.16, 0.2), int(rng.integers(3, 5))
    wood = pick(rng, "wood", "wood_dark", "metal", "wood_painted")
    turn = np.arange(count) * 2 * np.pi / count + np.pi / 4
    around = np.stack([np.cos(turn), np.sin(turn), np.zeros(count)], axis=1)
    feet, heads = around * (radius + 0.02), around * 0.7 * radius + [0, 0, seat - 0.035]
    level = rng.uniform(0.3, 0.45)
    ring = feet + level * (heads - feet)
    parts = [Part(rods(feet, heads, 0.014, 0.018), wood)]
    if chance(rng, 0.6):
        flat = np.sqrt((ring[0, :2] ** 2).sum())
        hoop = lathe(circle((flat, ring[0, 2]), 0.008, steps=1), sides=20)
        parts.append(Part(hoop, wood))
    else:
        parts.append(Part(rods(ring, np.roll(ring, 1, axis=0), 0.009, sides=8), wood))
    round_seat = lathe(
        round_corners(
            [(0, seat - 0.035), (radius, seat - 0.035), (radius, seat), (0, seat)], 0.012, steps=2
        )
    )
    parts.append(Part(round_seat, pick(rng, "wood", "leather", "fabric", wood)))
    return make_piece("stool", parts)


def wooden_bench(rng: np.random.Generator) -> Piece:
    """Build a long wooden or padded seat, now and then with a back."""
    x, y, seat = rng.uniform(0.5, 0.8), rng.uniform(0.17, 0.22), rng.uniform(0.42, 0.47)
    wood = pick(rng, "wood", "wood_dark", "wood_painted")
    style = pick(rng, "square", "tapered", "splayed", "bars")
    count = pick(rng, 1, 2, 3)
    edges = np.linspace(-y, y, count + 1)
    boards = [
        rounded_box((-x, a + 0.004, seat - 0.035), (x, b - 0.004, seat), 0.008)
        for a, b in itertools.pairwise(edges)
    ]
    stretcher = leaning_box((-0.85 * x, 0.85 * x), (-0.02, 0.02), (0.5 * seat, 0.5 * seat + 0.05))
    parts = [
        Part(legs(style, (0.94 * x, 0.9 * y), seat - 0.034, 0.055), wood),
        Part(join(boards), wood),
        Part(
            join(
                [
                    stretcher,
                    leaning_box(
                        (-0.86 * x, -0.82 * x), (-0.8 * y, 0.8 * y), (0.5 * seat, 0.5 * seat + 0.05)
                    ),
                    leaning_box(
                        (0.82 * x, 0.86 * x), (-0.8 * y, 0.8 * y), (0.5 * seat, 0.5 * seat + 0.05)
                    ),
                ]
            ),
            wood,
        ),
    ]
    if chance(rng, 0.35):
        rails = [
            leaning_box((-x, x), (y - 0.02, y), (z, z + 0.09), 0.12)
            for z in (seat + 0.15, seat + 0.3)
        ]
        ends = [
            leaning_box((a, a + 0.045), (y, y + 0.03), (seat - 0.03, seat + 0.4), 0.12)
            for a in (-0.9 * x, 0.9 * x - 0.045)
        ]
        parts.append(Part(join(rails + ends).moved((0, -0.12 * seat, 0)), wood))
    elif chance(rng, 0.6):
        cushion = pad(1.9 * x, 1.9 * y, 0.05, 0.022).moved((0, 0, seat))
        parts.append(Part(cushion, pick(rng, "cushion", "fabric", "leather")))
    return make_piece("bench", parts)
