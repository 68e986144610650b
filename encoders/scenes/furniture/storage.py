"""Cabinets, wardrobes, bookshelves and chests."""

from __future__ import annotations

import numpy as np

from encoders.scenes.furniture.fittings import (
    front_grid,
    fronts,
    handle_style,
    handles,
    legs,
)
from encoders.scenes.furniture.piece import Part, Piece, Top, chance, make_piece, pick
from encoders.scenes.furniture.shelves import CASE_WOODS, open_case
from encoders.scenes.solids.shapes import Shape, box, boxes


def cabinet(rng: np.random.Generator) -> Piece:
    """Build a sideboard or a chest of drawers: doors, drawers, or both side by side."""
    x, deep, high = rng.uniform(0.4, 0.8), rng.uniform(0.36, 0.46), rng.uniform(0.7, 0.95)
    foot, wood = rng.uniform(0.06, 0.2), pick(rng, *CASE_WOODS)
    y = (-deep / 2, deep / 2)
    parts = [
        Part(
            legs(
                pick(rng, "square", "tapered", "round"),
                (x - 0.02, deep / 2 - 0.02),
                foot + 0.01,
                0.045,
            ),
            pick(rng, wood, "metal", "wood"),
        ),
        Part(box((-x, y[0], foot), (x, y[1], high - 0.024)), wood),
        Part(box((-x - 0.012, y[0] - 0.03, high - 0.025), (x + 0.012, y[1], high)), wood),
        *_mixed_fronts(rng, x - 0.008, y[0], (foot + 0.01, high - 0.03), wood),
    ]
    return make_piece("cabinet", parts, [Top((-x, y[0] - 0.02), (x, y[1] - 0.01), high)])


def _mixed_fronts(
    rng: np.random.Generator, x: float, y: float, z: tuple[float, float], wood: str
) -> list[Part]:
    """Build fronts with handles over a whole case: doors, drawers, or drawers beside doors."""
    style, metal = handle_style(rng)
    shade = int(rng.integers(2))
    plan = pick(rng, "doors", "drawers", "both", "drawers above")
    doors = 2 * max(1, round(x / 0.5))
    blocks = {
        "doors": [((-x, x), z, doors, 1, True)],
        "drawers": [((-x, x), z, max(1, doors // 2), int(rng.integers(3, 5)), False)],
        "both": [((-x, -x / 3), z, 1, 3, False), ((-x / 3, x), z, 2, 1, True)],
        "drawers above": [
            ((-x, x), (z[0], z[1] - 0.17), doors, 1, True),
            ((-x, x), (z[1] - 0.17, z[1]), doors // 2, 1, False),
        ],
    }[plan]
    parts = []
    for across, up, columns, rows, upright in blocks:
        low, high = front_grid(across, up, columns, rows, 0.006)
        parts += [
            Part(fronts(low, high, y), wood, shade),
            Part(handles(style, low, high, y - 0.018, upright=upright), metal),
        ]
    return parts


def dresser(rng: np.random.Generator) -> Piece:
    """Build a tall chest of drawers."""
    x, deep, high = rng.uniform(0.35, 0.5), rng.uniform(0.4, 0.5), rng.uniform(0.95, 1.3)
    wood, style = pick(rng, *CASE_WOODS), handle_style(rng)
    y, foot = (-deep / 2, deep / 2), rng.uniform(0.05, 0.12)
    low, top = front_grid(
        (-x + 0.01, x - 0.01),
        (foot + 0.01, high - 0.03),
        pick(rng, 1, 2),
        int(rng.integers(4, 6)),
        0.008,
    )
    parts = [
        Part(legs("square", (x, deep / 2), foot + 0.01, 0.05), wood),
        Part(box((-x, y[0], foot), (x, y[1], high - 0.024)), wood),
        Part(box((-x - 0.012, y[0] - 0.03, high - 0.025), (x + 0.012, y[1], high)), wood),
        Part(fronts(low, top, y[0]), wood, int(rng.integers(2))),
        Part(handles(style[0], low, top, y[0] - 0.018, upright=False), style[1]),
    ]
    return make_piece("dresser", parts, [Top((-x, y[0] - 0.02), (x, y[1] - 0.01), high)])


def wardrobe(rng: np.random.Generator) -> Piece:
    """Build a wardrobe as high as a person: two to four doors, perhaps with a mirror in one."""
    doors = int(rng.integers(2, 5))
    x, deep, high = (
        doors * rng.uniform(0.42, 0.52) / 2,
        rng.uniform(0.55, 0.62),
        rng.uniform(1.85, 2.2),
    )
    wood, (style, metal) = pick(rng, *CASE_WOODS), handle_style(rng)
    y = -deep / 2
    plinth, cornice = rng.uniform(0.04, 0.1), pick(rng, 0.0, 0.05)
    below = pick(rng, 0.0, 0.0, 0.32)
    low, top = front_grid(
        (-x + 0.006, x - 0.006), (plinth + 0.01 + below, high - 0.02 - cornice), doors, 1, 0.007
    )
    shade = int(rng.integers(2))
    parts = [
        Part(box((-x + 0.02, y + 0.03, 0), (x - 0.02, -y, plinth + 0.001)), wood),
        Part(box((-x, y, plinth), (x, -y, high)), wood),
        Part(fronts(low, top, y), wood, shade),
        Part(handles(style, low, top, y - 0.018, upright=True), metal),
        Part(fronts(low + 0.08, top - 0.08, y - 0.018, thickness=0.006), wood, 1 - shade),
    ]
    if chance(rng, 0.3):
        door = int(rng.integers(doors))
        glass = fronts(low[[door]] + 0.06, top[[door]] - 0.06, y - 0.019, thickness=0.008)
        parts.append(Part(glass, "glass"))
    if below:
        low, top = front_grid(
            (-x + 0.006, x - 0.006), (plinth + 0.01, plinth + below), (doors + 1) // 2, 1, 0.007
        )
        parts += [
            Part(fronts(low, top, y), wood, shade),
            Part(handles(style, low, top, y - 0.018, upright=False), metal),
        ]
    if cornice:
        edge = box((-x - 0.03, y - 0.04, high - 0.02), (x + 0.03, -y, high + 0.05))
        parts.append(Part(edge, wood))
    return make_piece("wardrobe", parts)


def tv_stand(rng: np.random.Generator) -> Piece:
    """Build a long low cabinet with open places between doors."""
    x, deep, high = rng.uniform(0.6, 0.95), rng.uniform(0.36, 0.45), rng.uniform(0.4, 0.55)
    foot, wood = rng.uniform(0.05, 0.16), pick(rng, *CASE_WOODS)
    y, third = (-deep / 2, deep / 2), x / 3
    middle = (foot + high) / 2
    inner = _inner_boards(third, y, foot, high)
    style, metal = handle_style(rng)
    ends = [
        front_grid(side, (foot + 0.008, high - 0.008), 1, 1, 0.006)
        for side in ((-x + 0.006, -third - 0.012), (third + 0.012, x - 0.006))
    ]
    low, top = (np.concatenate(corners) for corners in zip(*ends, strict=True))
    parts = [
        Part(
            legs(
                pick(rng, "tapered", "round", "square"),
                (x - 0.03, deep / 2 - 0.02),
                foot + 0.01,
                0.045,
            ),
            pick(rng, wood, "metal"),
        ),
        Part(open_case(x, y, (foot, high), 0.02), wood),
        Part(inner, wood),
        Part(fronts(low, top, y[0]), wood, int(rng.integers(2))),
        Part(handles(style, low, top, y[0] - 0.018, upright=False), metal),
    ]
    if chance(rng, 0.6):
        device = box(
            (-0.7 * third, y[0] + 0.05, foot + 0.02), (0.6 * third, y[1] - 0.05, foot + 0.075)
        )
        parts.append(Part(device, "plastic_dark"))
    tops = [
        Top((0.01 - x, y[0] + 0.01), (x - 0.01, y[1] - 0.01), high),
        Top(
            (0.02 - third, y[0] + 0.02),
            (third - 0.02, y[1] - 0.02),
            middle + 0.018,
            high - middle - 0.04,
        ),
    ]
    return make_piece("tv_stand", parts, tops)


def _inner_boards(third: float, y: tuple[float, float], foot: float, high: float) -> Shape:
    """Build the two upright boards of a television stand, and the shelf between them."""
    middle = (foot + high) / 2
    return boxes(
        [
            (-third - 0.02, y[0], foot + 0.02),
            (third, y[0], foot + 0.02),
            (-third, y[0] + 0.01, middle),
        ],
        [
            (-third, y[1] - 0.008, high - 0.02),
            (third + 0.02, y[1] - 0.008, high - 0.02),
            (third, y[1] - 0.008, middle + 0.018),
        ],
    )
