"""Machines that stand on a kitchen's worktop."""

from __future__ import annotations

import numpy as np

from encoders.scenes.furniture.piece import Part, Piece, chance, make_piece, pick
from encoders.scenes.solids.rounded import rounded_box, sphere
from encoders.scenes.solids.shapes import box, boxes, join
from encoders.scenes.solids.turned import rods


def microwave(rng: np.random.Generator) -> Piece:
    """Build a box with a dark window in its door, a handle, and a panel of buttons."""
    x, y, high = rng.uniform(0.22, 0.27), rng.uniform(0.17, 0.2), rng.uniform(0.26, 0.31)
    body = pick(rng, "metal", "enamel", "plastic_dark")
    split = x - rng.uniform(0.11, 0.14)
    front = -y - 0.015
    middle = (split + x) / 2
    at = [(middle + dx, z) for z in np.linspace(0.06, high - 0.14, 4) for dx in (-0.03, 0, 0.03)]
    buttons = boxes(
        [(a - 0.011, front - 0.003, z - 0.008) for a, z in at],
        [(a + 0.011, front, z + 0.008) for a, z in at],
    )
    panel = pick(rng, "plastic_dark", body)
    grip = join(
        [
            rods(
                [(split - 0.02, front - 0.03, 0.06)],
                [(split - 0.02, front - 0.03, high - 0.05)],
                0.008,
                sides=8,
            ),
            boxes(
                [(split - 0.026, front - 0.03, z) for z in (0.07, high - 0.07)],
                [(split - 0.014, front, z + 0.01) for z in (0.07, high - 0.07)],
            ),
        ]
    )
    parts = [
        Part(
            boxes(
                [(s * 0.8 * x - 0.02, t * 0.7 * y - 0.02, 0) for s in (-1, 1) for t in (-1, 1)],
                [(s * 0.8 * x + 0.02, t * 0.7 * y + 0.02, 0.013) for s in (-1, 1) for t in (-1, 1)],
            ),
            "plastic_dark",
        ),
        Part(box((-x, -y, 0.012), (x, y, high)), body),
        Part(box((-x, front, 0.014), (split - 0.002, -y, high - 0.002)), body),
        Part(box((split + 0.002, front, 0.014), (x, -y, high - 0.002)), panel, 1),
        Part(
            box((0.04 - x, front - 0.002, 0.055), (split - 0.05, front + 0.002, high - 0.04)),
            "plastic_dark",
            2,
        ),
        Part(
            box((split + 0.02, front - 0.003, high - 0.07), (x - 0.02, front, high - 0.03)),
            "screen",
        ),
        Part(buttons, "metal" if panel != "metal" else "plastic_dark", 3),
        Part(grip, "metal", 4),
    ]
    return make_piece("microwave", parts)


def toaster(rng: np.random.Generator) -> Piece:
    """Build a rounded box with two or four slots, a lever and a knob; with bread in it or not."""
    x, y, high = rng.uniform(0.14, 0.18), rng.uniform(0.08, 0.1), rng.uniform(0.18, 0.21)
    body = pick(rng, "metal", "metal", "enamel", "plastic")
    slots = [(-0.7 * x, -0.045), (-0.7 * x, 0.02)]
    wide = 1.4 * x
    dark = boxes(
        [(a, b, high - 0.01) for a, b in slots],
        [(a + wide, b + 0.026, high + 0.001) for a, b in slots],
    )
    lever = join(
        [
            box((x - 0.004, -0.006, 0.05), (x + 0.002, 0.006, high - 0.04)),
            box((x, -0.022, high - 0.075), (x + 0.028, 0.022, high - 0.06)),
        ]
    )
    parts = [
        Part(rounded_box((-x, -y, 0.012), (x, y, high), 0.035, steps=3), body),
        Part(box((0.01 - x, 0.01 - y, 0), (x - 0.01, y - 0.01, 0.045)), "plastic_dark"),
        Part(dark, "plastic_dark", 1),
        Part(lever, "plastic_dark"),
        Part(
            rods([(0.4 * x, -y + 0.002, 0.075)], [(0.4 * x, -y - 0.016, 0.075)], 0.018, sides=12),
            pick(rng, "plastic_dark", "metal"),
        ),
        Part(sphere((-0.4 * x, -y, 0.075), 0.006, sides=8), "plastic"),
    ]
    if chance(rng, 0.6):
        bread = [
            rounded_box(
                (a + 0.03, b + 0.004, high - 0.03), (a + wide - 0.03, b + 0.022, high + 0.04), 0.008
            )
            for a, b in slots
        ]
        parts.append(Part(join(bread), "food"))
    return make_piece("toaster", parts)
