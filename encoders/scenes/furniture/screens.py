"""Televisions, monitors and laptops."""

from __future__ import annotations

import numpy as np

from encoders.scenes.furniture.fittings import tip_back
from encoders.scenes.furniture.piece import Part, Piece, chance, make_piece, pick
from encoders.scenes.solids.rounded import rounded_box
from encoders.scenes.solids.shapes import box, boxes, join
from encoders.scenes.solids.turned import cylinder, rods


def tv(rng: np.random.Generator) -> Piece:
    """Build a flat television on a foot or on two splayed feet."""
    x = rng.uniform(0.4, 0.7)
    high, gap, edge = 2 * x * 9 / 16, rng.uniform(0.05, 0.09), rng.uniform(0.012, 0.022)
    frame = pick(rng, "plastic_dark", "plastic_dark", "metal")
    panel = rounded_box((-x, -0.02, gap), (x, 0.02, gap + high + edge), 0.006)
    screen = box((edge - x, -0.0215, gap + 2 * edge), (x - edge, -0.018, gap + high))
    hump = rounded_box((-0.6 * x, 0.015, gap + 0.05), (0.6 * x, 0.055, gap + 0.6 * high), 0.015)
    if chance(rng, 0.5):
        at = np.array([-0.7 * x, 0.7 * x])
        ends = np.array([(a, y, 0.008) for a in at for y in (-0.12, 0.12)])
        tops = np.array([(a, 0.0, gap + 0.02) for a in at for _ in (0, 1)])
        stand = join(
            [
                rods(ends, tops, 0.008, sides=8),
                boxes([(a - 0.012, -0.13, 0) for a in at], [(a + 0.012, 0.13, 0.009) for a in at]),
            ]
        )
    else:
        stand = join(
            [
                rounded_box((-0.38 * x, -0.11, 0), (0.38 * x, 0.11, 0.016), 0.006),
                box((-0.05, -0.01, 0.01), (0.05, 0.03, gap + 0.06)),
            ]
        )
    parts = [
        Part(panel, frame),
        Part(screen, "screen"),
        Part(hump, "plastic_dark"),
        Part(stand, pick(rng, frame, "metal")),
    ]
    return make_piece("tv", parts)


def monitor(rng: np.random.Generator) -> Piece:
    """Build a computer's screen on a stem and a foot, with a keyboard and a mouse at times."""
    x, high = rng.uniform(0.25, 0.34), rng.uniform(0.3, 0.38)
    low = rng.uniform(0.1, 0.16)
    frame = pick(rng, "plastic_dark", "plastic_dark", "metal")
    foot = (
        cylinder(0.11, 0, 0.014, sides=24)
        if chance(rng, 0.5)
        else rounded_box((-0.12, -0.09, 0), (0.12, 0.1, 0.014), 0.005)
    )
    parts = [
        Part(rounded_box((-x, -0.02, low), (x, 0.02, low + high), 0.008), frame),
        Part(
            box((0.014 - x, -0.0215, low + 0.03), (x - 0.014, -0.018, low + high - 0.014)), "screen"
        ),
        Part(join([foot, box((-0.03, 0.019, 0.01), (0.03, 0.05, low + 0.6 * high))]), frame),
    ]
    if chance(rng, 0.7):
        parts += _keyboard(rng, -0.3)
    return make_piece("monitor", parts)


def _keyboard(rng: np.random.Generator, y: float) -> list[Part]:
    """Build a keyboard with rows of keys, and a mouse beside it."""
    tint = pick(rng, "plastic_dark", "metal")
    at = np.stack(np.meshgrid(np.linspace(-0.195, 0.165, 11), np.linspace(-0.055, 0.035, 4)), -1)
    low = np.insert(at.reshape(-1, 2) + np.array([0, y]), 2, 0.012, axis=1)
    keys = boxes(low, low + np.array([0.03, 0.022, 0.006]))
    base = box((-0.21, y - 0.07, 0), (0.21, y + 0.07, 0.012))
    mouse = rounded_box((0.26, y - 0.05, 0), (0.32, y + 0.05, 0.03), 0.014)
    return [Part(base, tint), Part(keys, "plastic_dark", 1), Part(mouse, tint)]


def laptop(rng: np.random.Generator) -> Piece:
    """Build an open laptop: keys, a touch pad, and a tilted screen."""
    x, deep, tilt = rng.uniform(0.15, 0.18), rng.uniform(0.21, 0.25), rng.uniform(0.15, 0.45)
    case = pick(rng, "metal", "plastic_dark", "metal")
    lid = tip_back(
        rounded_box((-x, -0.004, 0), (x, 0.004, deep), 0.003), tilt, (0, deep / 2, 0.012)
    )
    screen = tip_back(
        box((0.008 - x, -0.0052, 0.012), (x - 0.008, -0.003, deep - 0.008)),
        tilt,
        (0, deep / 2, 0.012),
    )
    at = np.stack(np.meshgrid(np.linspace(-0.87, 0.77, 11) * x, np.linspace(0, 0.4, 4) * deep), -1)
    low = np.insert(at.reshape(-1, 2) + np.array([0, -0.03]), 2, 0.015, axis=1)
    keys = boxes(low, low + np.array([0.13 * x, 0.08 * deep, 0.003]))
    touch = box((-0.045, -0.46 * deep, 0.0152), (0.045, -0.24 * deep, 0.0165))
    parts = [
        Part(rounded_box((-x, -deep / 2, 0), (x, deep / 2, 0.016), 0.005), case),
        Part(keys, "plastic_dark", 1),
        Part(touch, case, 1),
        Part(lid, case),
        Part(screen, "screen"),
    ]
    return make_piece("laptop", parts)
