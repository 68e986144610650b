"""Tables: for meals, for work, beside a bed and before a couch."""

from __future__ import annotations

import numpy as np

from encoders.scenes.furniture.fittings import (
    front_grid,
    fronts,
    handle_style,
    handles,
    leaning_box,
    legs,
)
from encoders.scenes.furniture.piece import Part, Piece, Top, chance, make_piece, pick
from encoders.scenes.solids.outlines import round_corners, rounded_rectangle
from encoders.scenes.solids.rounded import rounded_box
from encoders.scenes.solids.shapes import Shape, box, boxes, join
from encoders.scenes.solids.turned import cylinder, lathe, prism, rods

WOODS = ("wood", "wood_dark", "wood_painted")


def dining_table(rng: np.random.Generator) -> Piece:
    """Build a table for two to eight: oblong on four legs or two trestles, or round on a column."""
    high = rng.uniform(0.72, 0.77)
    if chance(rng, 0.3):
        return _round_table(rng, "dining_table", rng.uniform(0.48, 0.68), high)
    x, y = rng.uniform(0.55, 1.05), rng.uniform(0.38, 0.5)
    wood = pick(rng, *WOODS)
    thick = rng.uniform(0.025, 0.045)
    corner = pick(rng, 0.01, 0.03, 0.12)
    board = prism(rounded_rectangle((-x, -y), (x, y), corner, steps=3), high - thick, high)
    under = high - thick + 0.001
    style = pick(rng, "square", "tapered", "round", "splayed", "bars", "trestle")
    if style == "trestle":
        stand = _trestles(0.62 * x, 0.8 * y, under)
    else:
        stand = legs(style, (x - 0.05, y - 0.04), under, 0.075)
    parts = [Part(board, wood), Part(stand, "metal" if style == "bars" else wood)]
    if style in ("square", "tapered", "round"):
        parts.append(Part(_apron(x - 0.09, y - 0.08, (high - thick - 0.09, under)), wood))
    else:
        beam = leaning_box((-0.62 * x, 0.62 * x), (-0.02, 0.02), (high - thick - 0.07, under))
        parts.append(Part(beam, wood))
    return make_piece("dining_table", parts, [_top(x - 0.3 * corner, y - 0.3 * corner, high)])


def _top(x: float, y: float, high: float) -> Top:
    return Top((0.02 - x, 0.02 - y), (x - 0.02, y - 0.02), high)


def _apron(x: float, y: float, z: tuple[float, float]) -> Shape:
    """Build four boards under the edge of a table's top."""
    return join(
        [leaning_box((-x, x), (s * y - 0.01, s * y + 0.01), z) for s in (-1, 1)]
        + [leaning_box((s * x - 0.01, s * x + 0.01), (-y, y), z) for s in (-1, 1)]
    )


def _trestles(x: float, y: float, high: float) -> Shape:
    """Build two posts on feet, joined by a beam."""
    pieces = []
    for at in (-x, x):
        pieces += [
            leaning_box((at - 0.04, at + 0.04), (-0.07, 0.07), (0.05, high)),
            leaning_box((at - 0.04, at + 0.04), (-y, y), (0, 0.06)),
            leaning_box((at - 0.04, at + 0.04), (-0.9 * y, 0.9 * y), (high - 0.06, high)),
        ]
    pieces.append(leaning_box((-x, x), (-0.025, 0.025), (0.25, 0.34)))
    return join(pieces)


def _round_table(rng: np.random.Generator, kind: str, radius: float, high: float) -> Piece:
    """Build a disc on a turned column or on three or four legs."""
    wood, thick = pick(rng, *WOODS), rng.uniform(0.022, 0.035)
    board = cylinder(radius, high - thick, high, sides=36)
    under = high - thick + 0.001
    tops = [Top((-0.66 * radius, -0.66 * radius), (0.66 * radius, 0.66 * radius), high)]
    if chance(rng, 0.5):
        foot, neck = 0.55 * radius, rng.uniform(0.035, 0.05)
        profile = [
            (0, 0),
            (foot, 0),
            (foot, 0.02),
            (neck, 0.09),
            (neck, high - 0.12),
            (0.28 * radius, under),
            (0, under),
        ]
        column = lathe(round_corners(profile, (0, 0, 0, 0.08, 0.1, 0, 0), steps=3), sides=20)
        collar = cylinder(neck + 0.015, 0.45 * high, 0.45 * high + 0.03, sides=16)
        stand = [Part(column, pick(rng, wood, "metal", "plastic_dark")), Part(collar, wood)]
    else:
        count = pick(rng, 3, 4)
        turn = np.arange(count) * 2 * np.pi / count + np.pi / 4
        around = np.stack([np.cos(turn), np.sin(turn), np.zeros(count)], axis=1)
        feet, heads = 0.82 * radius * around, 0.6 * radius * around + [0, 0, under]
        ring = cylinder(0.66 * radius, high - thick - 0.04, under, sides=24)
        stand = [Part(rods(feet, heads, 0.018, 0.028), wood), Part(ring, wood)]
    return make_piece(kind, [Part(board, wood), *stand], tops)


def coffee_table(rng: np.random.Generator) -> Piece:
    """Build a low table: oblong with or without a shelf, round, or a closed block."""
    high = rng.uniform(0.36, 0.46)
    style = pick(rng, "shelf", "plain", "round", "sides")
    if style == "round":
        return _round_table(rng, "coffee_table", rng.uniform(0.32, 0.45), high)
    x, y, wood = rng.uniform(0.45, 0.65), rng.uniform(0.26, 0.36), pick(rng, *WOODS)
    board = rounded_box((-x, -y, high - 0.035), (x, y, high), 0.008)
    tops = [_top(x, y, high)]
    under = high - 0.034
    if style == "sides":
        stand = boxes(
            [(-x, -y + 0.004, 0), (x - 0.035, -y + 0.004, 0)],
            [(0.035 - x, y - 0.004, under), (x, y - 0.004, under)],
        )
        role = wood
    else:
        leg = pick(rng, "square", "tapered", "round", "splayed", "bars")
        stand = legs(leg, (x - 0.02, y - 0.02), under, 0.05)
        role = pick(rng, wood, "metal", "plastic_dark") if leg == "bars" else wood
    parts = [Part(board, wood), Part(stand, role)]
    if style != "plain":
        inset = 0.07
        low = 0.12
        shelf = box((inset - x, inset - y, low), (x - inset, y - inset, low + 0.02))
        parts.append(Part(shelf, wood))
        tops.append(
            Top(
                (inset + 0.03 - x, inset + 0.03 - y),
                (x - inset - 0.03, y - inset - 0.03),
                low + 0.02,
                under - low - 0.022,
            )
        )
    else:
        parts.append(Part(_apron(x - 0.06, y - 0.06, (high - 0.09, under)), wood))
    return make_piece("coffee_table", parts, tops)


def nightstand(rng: np.random.Generator) -> Piece:
    """Build a small cabinet with one to three drawers, or a drawer over an open shelf."""
    x, y, high = rng.uniform(0.2, 0.27), rng.uniform(0.17, 0.22), rng.uniform(0.45, 0.62)
    foot, wood = rng.uniform(0.08, 0.18), pick(rng, *WOODS)
    open_ = chance(rng, 0.45)
    style, metal = handle_style(rng)
    low = high - 0.2 if open_ else foot + 0.02
    rows = 1 if open_ else int(rng.integers(1, 4))
    below, above = front_grid((-x + 0.01, x - 0.01), (low, high - 0.03), 1, rows, 0.006)
    board = box((-x - 0.01, -y - 0.025, high - 0.022), (x + 0.01, y, high))
    parts = [
        Part(legs(pick(rng, "square", "tapered", "round"), (x, y), foot + 0.01, 0.04), wood),
        Part(board, wood),
        Part(fronts(below, above, -y), wood, 0 if chance(rng, 0.6) else 1),
        Part(handles(style, below, above, -y - 0.018, upright=False), metal),
        Part(box((-x, -y, low - 0.01), (x, y, high - 0.021)), wood),
    ]
    tops = [_top(x, y, high)]
    if open_:
        sides = boxes(
            [(-x, -y, foot), (x - 0.02, -y, foot), (-x, y - 0.02, foot), (-x, -y, foot)],
            [(0.02 - x, y, low), (x, y, low), (x, y, low), (x, y, foot + 0.02)],
        )
        parts.append(Part(sides, wood))
        tops.append(
            Top((0.03 - x, 0.01 - y), (x - 0.03, y - 0.03), foot + 0.02, low - foot - 0.032)
        )
    return make_piece("nightstand", parts, tops)


def desk(rng: np.random.Generator) -> Piece:
    """Build a table for work: a block of drawers, a panel behind the knees, a shelf at times."""
    x, y, high = rng.uniform(0.5, 0.85), rng.uniform(0.29, 0.4), rng.uniform(0.72, 0.76)
    wood, style = pick(rng, *WOODS), pick(rng, "legs", "block", "two blocks", "sides")
    under = high - 0.03
    board = rounded_box((-x, -y, under), (x, y, high), 0.006)
    parts = [Part(board, pick(rng, wood, "wood"))]
    leg = pick(rng, "square", "bars", "tapered", "splayed")
    if style == "legs":
        parts.append(
            Part(legs(leg, (x - 0.03, y - 0.03), under, 0.05), "metal" if leg == "bars" else wood)
        )
    else:
        ends = boxes(
            [(-x + 0.02, -y + 0.02, 0), (x - 0.045, -y + 0.02, 0)],
            [(-x + 0.045, y - 0.02, under), (x - 0.02, y - 0.02, under)],
        )
        parts.append(Part(ends, wood))
    panel = leaning_box((-x + 0.04, x - 0.04), (y - 0.06, y - 0.042), (0.32, under))
    parts.append(Part(panel, wood))
    if "block" in style:
        parts += _pedestals(rng, x, y, under, wood, (1,) if style == "block" else (-1, 1))
    elif chance(rng, 0.7):
        below, above = front_grid((-0.45 * x, 0.45 * x), (under - 0.1, under), 1, 1, 0.004)
        handle, metal = handle_style(rng)
        tray = box((-0.45 * x, -y + 0.04, under - 0.1), (0.45 * x, y - 0.07, under + 0.001))
        parts += [
            Part(tray, wood),
            Part(fronts(below, above, -y + 0.04), wood),
            Part(handles(handle, below, above, -y + 0.022, upright=False), metal),
        ]
    deep = y
    if chance(rng, 0.25):
        deep = y - 0.22
        rack = boxes(
            [
                (-x + 0.02, y - 0.2, high),
                (x - 0.04, y - 0.2, high),
                (-x + 0.02, y - 0.2, high + 0.3),
            ],
            [
                (-x + 0.04, y - 0.01, high + 0.3),
                (x - 0.02, y - 0.01, high + 0.3),
                (x - 0.02, y - 0.01, high + 0.32),
            ],
        )
        parts.append(Part(rack, wood))
    tops = [Top((0.02 - x, 0.02 - y), (x - 0.02, deep - 0.02), high)]
    return make_piece("desk", parts, tops)


def _pedestals(
    rng: np.random.Generator, x: float, y: float, under: float, wood: str, sides: tuple[int, ...]
) -> list[Part]:
    """Build blocks of drawers under a desk's top, at its right (1) or left (-1) end."""
    wide, rows = rng.uniform(0.32, 0.4), int(rng.integers(2, 5))
    handle, metal = handle_style(rng)
    shade = int(rng.integers(2))
    parts = []
    for side in sides:
        a, b = sorted((side * (x - 0.046), side * (x - 0.046 - wide)))
        below, above = front_grid((a, b), (0.06, under - 0.01), 1, rows, 0.006)
        parts += [
            Part(box((a, -y + 0.05, 0.05), (b, y - 0.07, under + 0.001)), wood),
            Part(fronts(below, above, -y + 0.05), wood, shade),
            Part(handles(handle, below, above, -y + 0.032, upright=False), metal),
        ]
    return parts
