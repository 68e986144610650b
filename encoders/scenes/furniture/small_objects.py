"""Small objects on tables and shelves: bottles, vases, bowls, cups, pots and boxes."""

from __future__ import annotations

import numpy as np

from encoders.scenes.furniture.piece import Part, Piece, chance, make_piece, pick
from encoders.scenes.solids.outlines import round_corners
from encoders.scenes.solids.rounded import ellipsoid, leaf_blade, rounded_box, sphere
from encoders.scenes.solids.shapes import axis_rotation, box, copies, join, tapered_box
from encoders.scenes.solids.tubes import tube
from encoders.scenes.solids.turned import cylinder, lathe, rods, rotation_from_z


def bottle(rng: np.random.Generator) -> Piece:
    """Build a bottle of wine, of water, of soap or of sauce, with a label and a cap."""
    r, high, neck = pick(
        rng, (0.038, 0.31, 0.014), (0.033, 0.24, 0.012), (0.042, 0.2, 0.02), (0.031, 0.27, 0.013)
    )
    grow = rng.uniform(0.88, 1.15)
    r, high, neck = r * grow, high * grow, neck * grow
    shoulder = rng.uniform(0.55, 0.7) * high
    profile = [
        (0, 0),
        (r, 0),
        (r, shoulder),
        (neck, shoulder + 1.6 * (r - neck) + 0.01),
        (neck, high - 0.02),
        (0, high - 0.02),
    ]
    body = lathe(round_corners(profile, (0, 0, 0.8 * r, 0.8 * r, 0, 0), steps=3), sides=16)
    glass = pick(rng, "glass", "plastic", "plastic_dark", "glass", "leaf")
    cap = cylinder(neck + 0.004, high - 0.035, high, sides=14)
    low, top = 0.25 * shoulder, 0.8 * shoulder
    label = lathe(round_corners([(r + 0.0008, low), (r + 0.0008, top)]), sides=16)
    parts = [
        Part(body, glass),
        Part(cap, pick(rng, "plastic_dark", "metal", "wood", "plastic"), 1),
        Part(label, pick(rng, "paper", "paper", "picture")),
    ]
    return make_piece("bottle", parts)


def vase(rng: np.random.Generator) -> Piece:
    """Build a turned vase, mostly with flowers."""
    high, wide = rng.uniform(0.18, 0.34), rng.uniform(0.05, 0.09)
    style = pick(rng, "belly", "column", "flask", "trumpet")
    foot, neck, lip = {
        "belly": (0.55, 0.4, 0.6),
        "column": (0.75, 0.9, 1.0),
        "flask": (0.7, 0.22, 0.3),
        "trumpet": (0.5, 0.45, 1.1),
    }[style]
    swell = 0.35 if style != "flask" else 0.28
    profile = [
        (0, 0),
        (foot * wide, 0),
        (wide * 1.05, swell * high),
        (neck * wide, 0.82 * high),
        (lip * wide, high),
        (lip * wide - 0.006, high),
        (neck * wide - 0.007, 0.82 * high),
        (0, 0.3 * high),
    ]
    rounding = (0, 0, 1.2 * wide, 0.5 * wide, 0, 0, 0.3 * wide, 0)
    shell = lathe(round_corners(profile, rounding, steps=2), sides=20)
    band = cylinder(foot * wide + 0.004, 0, 0.012, sides=20)
    role = pick(rng, "clay", "enamel", "glass", "clay", "brass")
    parts = [Part(shell, role), Part(band, role)]
    if chance(rng, 0.7):
        parts += _flowers(rng, high, max(neck * wide - 0.01, 0.006))
    return make_piece("vase", parts)


def _flowers(rng: np.random.Generator, high: float, room: float) -> list[Part]:
    """Build stems that spread from a vase's mouth, each with a ring of petals and a few leaves."""
    count = int(rng.integers(3, 8))
    turn = np.arange(count) * 2 * np.pi / count + rng.uniform(0, 1, count)
    spread, rise = rng.uniform(0.2, 0.9, count) * 0.4 * high, rng.uniform(0.4, 0.8, count) * high
    start = np.stack(
        [0.6 * room * np.cos(turn), 0.6 * room * np.sin(turn), np.full(count, 0.7 * high)], axis=1
    )
    end = start + np.stack(
        [spread * np.cos(turn), spread * np.sin(turn), rise + 0.3 * high], axis=1
    )
    size = rng.uniform(0.022, 0.036)
    around = np.arange(6) * np.pi / 3
    petal = leaf_blade(1.2 * size, size, 1.2, widest=0.6, rows=4)
    turns = np.einsum("nij,jk->nik", axis_rotation(2, around), axis_rotation(0, 0.75))
    ring = copies(petal, np.zeros((6, 3)), turns)
    facing = np.stack([np.cos(turn), np.sin(turn), np.full(count, 0.8)], axis=1)
    heads = copies(ring, end, np.stack([rotation_from_z(direction) for direction in facing]))
    hearts = copies(sphere((0, 0, 0), 0.3 * size, sides=6), end + 0.2 * size * facing)
    stems = rods(start, end, 0.0025, sides=5)
    return [Part(stems, "leaf"), Part(heads, "flower"), Part(hearts, "flower", 1)]


def bowl(rng: np.random.Generator) -> Piece:
    """Build a bowl, mostly with fruit in it."""
    wide, high = rng.uniform(0.1, 0.15), rng.uniform(0.06, 0.09)
    profile = [
        (0, 0),
        (0.4 * wide, 0),
        (0.45 * wide, 0.12 * high),
        (0.95 * wide, 0.5 * high),
        (wide, high),
        (wide - 0.006, high),
        (0.85 * wide, 0.5 * high),
        (0, 0.14 * high),
    ]
    rounding = (0, 0, 0, 0.5 * high, 0, 0, 0.5 * high, 0)
    shell = lathe(round_corners(profile, rounding, steps=2), sides=24)
    foot = cylinder(0.42 * wide, 0, 0.008, sides=20)
    role = pick(rng, "clay", "enamel", "wood", "metal", "glass")
    parts = [Part(shell, role), Part(foot, role)]
    if chance(rng, 0.8):
        count = int(rng.integers(3, 7))
        turn = np.arange(count) * 2 * np.pi / count
        size = rng.uniform(0.03, 0.038, count)
        for number, (angle, radius) in enumerate(zip(turn, size, strict=True)):
            center = (0.48 * wide * np.cos(angle), 0.48 * wide * np.sin(angle), 0.4 * high + radius)
            fruit = ellipsoid(center, (radius, radius, 0.92 * radius), sides=10)
            parts.append(Part(fruit, "food", number % 3))
        top = sphere((0, 0, 0.4 * high + 2.1 * size[0]), 0.034, sides=10)
        parts.append(Part(top, "food", 1))
    return make_piece("bowl", parts)


def cup(rng: np.random.Generator) -> Piece:
    """Build a mug with a handle, now and then on a saucer."""
    wide, high = rng.uniform(0.036, 0.045), rng.uniform(0.08, 0.105)
    profile = [
        (0, 0),
        (0.85 * wide, 0),
        (wide, high),
        (wide - 0.004, high),
        (0.8 * wide, 0.7 * high),
        (0, 0.7 * high),
    ]
    shell = lathe(round_corners(profile, 0.0), sides=20)
    grip = tube(
        [
            (0.85 * wide, 0, 0.8 * high),
            (wide + 0.03, 0, 0.8 * high),
            (wide + 0.03, 0, 0.25 * high),
            (0.85 * wide, 0, 0.25 * high),
        ],
        0.005,
        0.016,
        sides=6,
        steps=3,
    )
    tea = cylinder(wide - 0.006, 0.7 * high, 0.82 * high, sides=20)
    role = pick(rng, "enamel", "clay", "plastic")
    parts = [Part(shell, role), Part(grip, role), Part(tea, "soil")]
    if chance(rng, 0.4):
        dish = lathe(
            round_corners(
                [
                    (0, -0.01),
                    (0.04, -0.01),
                    (0.072, 0.003),
                    (0.07, 0.005),
                    (0.04, -0.002),
                    (0, -0.002),
                ],
                0.0,
            ),
            sides=20,
        )
        parts.append(Part(dish, role))
    return make_piece("cup", parts)


def pot(rng: np.random.Generator) -> Piece:
    """Build a cooking pot with a lid, a knob and two handles."""
    wide, high = rng.uniform(0.09, 0.13), rng.uniform(0.1, 0.16)
    body = cylinder(wide, 0, high, sides=24)
    lid = lathe(
        round_corners(
            [
                (wide + 0.003, high - 0.002),
                (wide + 0.003, high + 0.006),
                (0.5 * wide, high + 0.022),
                (0, high + 0.026),
            ],
            (0, 0, 0.2, 0),
            steps=3,
        ),
        sides=24,
    )
    knob = join(
        [
            cylinder(0.008, high + 0.02, high + 0.04, sides=8),
            sphere((0, 0, high + 0.045), 0.015, sides=10),
        ]
    )
    grip = tube(
        [
            (wide - 0.004, -0.035, 0.75 * high),
            (wide + 0.035, -0.035, 0.75 * high),
            (wide + 0.035, 0.035, 0.75 * high),
            (wide - 0.004, 0.035, 0.75 * high),
        ],
        0.006,
        0.014,
        sides=6,
        steps=2,
    )
    role, dark = (
        pick(rng, "metal", "metal", "enamel", "plastic"),
        pick(rng, "plastic_dark", "metal"),
    )
    grips = join([grip, grip.rotated(axis_rotation(2, np.pi))])
    parts = [
        Part(body, role),
        Part(lid, pick(rng, role, "glass")),
        Part(knob, dark),
        Part(grips, dark),
    ]
    return make_piece("pot", parts)


def storage_box(rng: np.random.Generator) -> Piece:
    """Build a cardboard or plastic box with a lid and a label."""
    x, y, high = rng.uniform(0.14, 0.22), rng.uniform(0.11, 0.16), rng.uniform(0.14, 0.24)
    role = pick(rng, "clay", "paper", "plastic", "fabric", "wood")
    inset = 0.012
    body = tapered_box(
        [(1.6 * inset - x, 1.6 * inset - y), (x - 1.6 * inset, y - 1.6 * inset)],
        [(inset - x, inset - y), (x - inset, y - inset)],
        0,
        high - 0.02,
    )
    lid = rounded_box((-x, -y, high - 0.05), (x, y, high), 0.006)
    label = box((-0.05, -y + 0.004, 0.3 * high), (0.05, 0.03 - y, 0.3 * high + 0.05))
    parts = [Part(body, role), Part(lid, role, int(rng.integers(2))), Part(label, "paper", 1)]
    return make_piece("storage_box", parts)
