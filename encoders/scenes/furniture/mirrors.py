"""Mirrors, mirror cabinets and towel rails."""

from __future__ import annotations

import numpy as np

from encoders.scenes.furniture.fittings import front_grid, fronts, handles
from encoders.scenes.furniture.piece import Part, Piece, chance, make_piece, pick
from encoders.scenes.solids.outlines import circle
from encoders.scenes.solids.rounded import rounded_box
from encoders.scenes.solids.shapes import axis_rotation, box, boxes
from encoders.scenes.solids.turned import cylinder, lathe, rods


def mirror_cabinet(rng: np.random.Generator) -> Piece:
    """Build a shallow cabinet with mirrors for doors, hung over a sink."""
    x, high, deep = rng.uniform(0.25, 0.5), rng.uniform(0.55, 0.75), rng.uniform(0.12, 0.16)
    doors = 1 if x < 0.3 else pick(rng, 2, 3)
    case = pick(rng, "enamel", "wood", "wood_painted", "metal")
    low, top = front_grid((-x, x), (0.03, high), doors, 1, 0.004)
    parts = [
        Part(box((-x, -deep, 0), (x, 0, high)), case),
        Part(fronts(low, top, -deep, thickness=0.012), case),
        Part(fronts(low + 0.012, top - 0.012, -deep - 0.0115, thickness=0.004), "glass"),
        Part(
            handles("knob", low, top, -deep - 0.0155, upright=True).moved((0, 0, 0.06 - high / 2)),
            "metal",
        ),
    ]
    return make_piece("mirror_cabinet", parts)


def mirror(rng: np.random.Generator) -> Piece:
    """Build a mirror in a frame: oblong or round."""
    role = pick(rng, "wood", "brass", "metal", "wood_dark", "wood_painted")
    if chance(rng, 0.35):
        radius, facing = rng.uniform(0.25, 0.4), axis_rotation(0, np.pi / 2)
        hoop = lathe(circle((radius, 0.016), 0.016, steps=2), sides=32).rotated(facing)
        disc = cylinder(radius, 0, 0.01, sides=36).rotated(facing)
        bracket = box((-0.03, -0.012, radius), (0.03, 0, radius + 0.03))
        return make_piece("mirror", [Part(hoop, role), Part(disc, "glass"), Part(bracket, role)])
    x, high, edge = rng.uniform(0.2, 0.4), rng.uniform(0.6, 1.3), rng.uniform(0.025, 0.06)
    bars = boxes(
        [(-x, -0.03, 0), (-x, -0.03, high - edge), (-x, -0.03, edge), (x - edge, -0.03, edge)],
        [(x, 0, edge), (x, 0, high), (edge - x, 0, high - edge), (x, 0, high - edge)],
    )
    pane = box((edge - x, -0.018, edge), (x - edge, -0.005, high - edge))
    return make_piece("mirror", [Part(bars, role), Part(pane, "glass")])


def towel_rail(rng: np.random.Generator) -> Piece:
    """Build a bar on the wall with one or two towels over it."""
    x, hang = rng.uniform(0.25, 0.38), rng.uniform(0.4, 0.6)
    bar = rods([(-x, -0.07, hang)], [(x, -0.07, hang)], 0.009)
    ends = rods([(-x, 0, hang), (x, 0, hang)], [(-x, -0.08, hang), (x, -0.08, hang)], 0.016)
    parts = [Part(bar, "metal"), Part(ends, "metal")]
    count = pick(rng, 1, 2)
    for number in range(count):
        wide = rng.uniform(0.7, 0.9) * 2 * x / count
        at = (number - (count - 1) / 2) * 2 * x / count
        low = 0.0 if number == 0 else rng.uniform(0.0, 0.15)
        cloth = rounded_box(
            (at - wide / 2, -0.085, low), (at + wide / 2, -0.055, hang + 0.012), 0.012
        )
        parts.append(Part(cloth, pick(rng, "fabric", "cushion", "bedding"), number))
    return make_piece("towel_rail", parts)
