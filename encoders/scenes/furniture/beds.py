"""Beds and cribs."""

from __future__ import annotations

import itertools

import numpy as np

from encoders.scenes.furniture.fittings import leaning_box, legs, pad, tip_back
from encoders.scenes.furniture.piece import Part, Piece, chance, make_piece, pick
from encoders.scenes.solids.rounded import ellipsoid, rounded_box
from encoders.scenes.solids.shapes import Shape, boxes, join
from encoders.scenes.solids.turned import rods


def bed(rng: np.random.Generator) -> Piece:
    """Build a bed for one or for two: frame, headboard, mattress, duvet and pillows."""
    return pick(rng, single_bed, double_bed)(rng)


def double_bed(rng: np.random.Generator) -> Piece:
    """Build a bed for two."""
    return _bed(rng, pick(rng, 1.4, 1.6, 1.8), 2)


def single_bed(rng: np.random.Generator) -> Piece:
    """Build a bed for one."""
    return _bed(rng, pick(rng, 0.9, 1.0, 1.2), 1)


def _bed(rng: np.random.Generator, wide: float, sleepers: int) -> Piece:
    """Build a bed whose mattress is ``wide`` meters; its head is at the back."""
    x, y = wide / 2, rng.uniform(0.98, 1.03)
    base, thick = rng.uniform(0.24, 0.34), rng.uniform(0.17, 0.25)
    wood = pick(rng, "wood", "wood_dark", "wood_painted", "fabric")
    frame = rounded_box(
        (-x - 0.03, -y - 0.03, base - 0.14), (x + 0.03, y + 0.01, base + 0.03), 0.02
    )
    top = base + thick
    parts = [
        Part(
            legs(pick(rng, "square", "tapered", "round"), (x, y - 0.02), base - 0.13, 0.06),
            "wood_dark" if wood == "fabric" else wood,
        ),
        Part(frame, wood),
        Part(rounded_box((-x, -y, base), (x, y, top), 0.05, steps=3), "bedding"),
        *_headboard(rng, x + 0.03, y, (base - 0.12, rng.uniform(0.9, 1.2)), wood),
        *_covers(rng, x, y, (base, top)),
        *_pillows(rng, x, y, top, sleepers),
    ]
    if chance(rng, 0.3):
        board = leaning_box((-x - 0.03, x + 0.03), (-y - 0.07, -y - 0.028), (0.02, top + 0.08))
        parts.append(Part(board, "wood" if wood == "fabric" else wood))
    return make_piece("bed", parts)


def _headboard(
    rng: np.random.Generator, x: float, y: float, z: tuple[float, float], wood: str
) -> list[Part]:
    """Build a panel, slats between posts, bars of metal, or upholstery."""
    back = y + 0.012
    style = "padded" if wood == "fabric" else pick(rng, "panel", "slats", "bars", "padded")
    if style == "padded":
        count = pick(rng, 1, 2, 4)
        edge = np.linspace(-x, x, count + 1)
        soft = [
            rounded_box((a + 0.002, back, z[0]), (b - 0.002, back + 0.09, z[1]), 0.035, steps=3)
            for a, b in itertools.pairwise(edge)
        ]
        return [Part(join(soft), pick(rng, "fabric", "leather"))]
    posts = boxes(
        [(-x, back, 0), (x - 0.06, back, 0)],
        [(0.06 - x, back + 0.05, z[1]), (x, back + 0.05, z[1])],
    )
    if style == "panel":
        board = rounded_box(
            (0.06 - x, back + 0.008, z[0]), (x - 0.06, back + 0.042, z[1] - 0.03), 0.01
        )
        return [Part(posts, wood), Part(board, wood)]
    at = np.linspace(0.06 - x, x - 0.06, int(rng.integers(6, 12)) + 2)[1:-1]
    if style == "slats":
        low = np.stack([at - 0.02, np.full_like(at, back + 0.012), np.full_like(at, z[0])], axis=1)
        slats = boxes(low, low + np.array([0.04, 0.02, z[1] - 0.06 - z[0]]))
    else:
        low = np.stack([at, np.full_like(at, back + 0.025), np.full_like(at, z[0])], axis=1)
        slats = rods(low, low + np.array([0, 0, z[1] - 0.06 - z[0]]), 0.012, sides=8)
    rail = boxes([(0.06 - x, back, z[1] - 0.09)], [(x - 0.06, back + 0.05, z[1] - 0.02)])
    return [Part(posts, wood), Part(slats, wood if style == "slats" else "metal"), Part(rail, wood)]


def _covers(rng: np.random.Generator, x: float, y: float, z: tuple[float, float]) -> list[Part]:
    """Build a duvet that hangs over the sides, its head end turned back; at times a throw."""
    hang, puff = rng.uniform(0.02, 0.05), rng.uniform(0.04, 0.09)
    head = y - rng.uniform(0.5, 0.85)
    low = z[0] + rng.uniform(0.04, 0.1)
    duvet = rounded_box((-x - hang, -y - 0.02, low), (x + hang, head, z[1] + puff), 0.055, steps=3)
    fold = rounded_box(
        (-x - hang - 0.008, head - 0.24, low - 0.005),
        (x + hang + 0.008, head + 0.02, z[1] + puff + 0.025),
        0.03,
    )
    cloth = pick(rng, "bedding", "fabric_pattern", "fabric")
    parts = [Part(duvet, cloth, 1), Part(fold, "bedding", 2)]
    if chance(rng, 0.4):
        at = -y + rng.uniform(0.15, 0.4)
        throw = rounded_box(
            (-x - hang - 0.012, at, low - 0.03),
            (x + hang + 0.012, at + 0.5, z[1] + puff + 0.015),
            0.05,
        )
        parts.append(Part(throw, pick(rng, "cushion", "fabric_pattern", "fabric"), 2))
    return parts


def _pillows(rng: np.random.Generator, x: float, y: float, top: float, sleepers: int) -> list[Part]:
    """Build a pillow for each sleeper, or two, and perhaps small cushions before them."""
    wide = min(0.72, 0.9 * 2 * x / sleepers)
    soft = pad(wide, 0.16, 0.42, 0.075)
    lean = rng.uniform(0.9, 1.3)
    places = (np.arange(sleepers) - (sleepers - 1) / 2) * (wide + 0.05)
    tipped = [tip_back(soft, lean, (at, y - 0.48, top + 0.075)) for at in places]
    if chance(rng, 0.4):
        tipped += [tip_back(soft, 0.45, (at, y - 0.3, top + 0.06)) for at in places]
    parts = [Part(join([_within(shape, y) for shape in tipped]), "bedding", 3)]
    if chance(rng, 0.4):
        small = tip_back(pad(0.4, 0.13, 0.34, 0.06), 0.6, (0, y - 0.64, top + 0.05))
        parts.append(Part(small, "cushion"))
    return parts


def _within(shape: Shape, y: float) -> Shape:
    """Move a shape forwards until it ends at ``y``, before the headboard."""
    return shape.moved((0, min(0.0, y - float(shape.vertices[:, 1].max())), 0))


def crib(rng: np.random.Generator) -> Piece:
    """Build a small bed behind bars, with a mattress, a pillow and perhaps a teddy bear."""
    x, y = rng.uniform(0.60, 0.68), rng.uniform(0.31, 0.36)
    top, base = rng.uniform(0.85, 1.0), rng.uniform(0.3, 0.45)
    wood = pick(rng, "wood", "wood_painted", "wood_painted", "wood_dark")
    corner = np.array([(-x, -y), (x, -y), (x, y), (-x, y)])
    posts = boxes(
        np.insert(corner - 0.022, 2, 0.0, axis=1), np.insert(corner + 0.022, 2, top, axis=1)
    )
    rails = [
        leaning_box(a, b, (z, z + 0.035))
        for z in (top - 0.055, base - 0.06)
        for a, b in (
            ((-x, x), (-y - 0.012, -y + 0.012)),
            ((-x, x), (y - 0.012, y + 0.012)),
            ((-x - 0.012, -x + 0.012), (-y, y)),
            ((x - 0.012, x + 0.012), (-y, y)),
        )
    ]
    across, along = np.linspace(-x, x, 13)[1:-1], np.linspace(-y, y, 7)[1:-1]
    feet = np.array(
        [(a, s * y, base - 0.04) for s in (-1, 1) for a in across]
        + [(s * x, b, base - 0.04) for s in (-1, 1) for b in along]
    )
    bars = rods(feet, feet + np.array([0, 0, top - base]), 0.008, sides=6)
    mattress = rounded_box(
        (0.02 - x, 0.02 - y, base - 0.03), (x - 0.02, y - 0.02, base + 0.09), 0.04
    )
    quilt = rounded_box(
        (-0.1 * x, 0.025 - y, base + 0.05), (x - 0.03, y - 0.025, base + 0.12), 0.03
    )
    pillow = rounded_box((0.06 - x, -0.7 * y, base + 0.08), (0.3 - x, 0.7 * y, base + 0.15), 0.034)
    parts = [
        Part(posts, wood),
        Part(join(rails), wood),
        Part(bars, wood),
        Part(mattress, "bedding"),
        Part(quilt, pick(rng, "fabric_pattern", "cushion"), 1),
        Part(pillow, "bedding", 1),
    ]
    if chance(rng, 0.5):
        at = np.array([-0.2 * x, 0.3 * y, base + 0.2])
        bear = [
            ellipsoid(at, (0.08, 0.07, 0.1), sides=12),
            ellipsoid(at + np.array([0, 0, 0.14]), (0.065, 0.06, 0.06), sides=12),
            ellipsoid(at + np.array([0.05, 0, 0.2]), (0.022, 0.015, 0.022), sides=8),
            ellipsoid(at + np.array([-0.05, 0, 0.2]), (0.022, 0.015, 0.022), sides=8),
        ]
        parts.append(Part(join(bear), "fabric"))
    return make_piece("crib", parts)
