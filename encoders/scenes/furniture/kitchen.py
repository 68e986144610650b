"""Kitchen units of equal depth (0.6 m without handles) and height (0.9 m)."""

from __future__ import annotations

import itertools

import numpy as np

from encoders.scenes.furniture.fittings import front_grid, fronts, handle_style, handles, tap
from encoders.scenes.furniture.piece import Part, Piece, Top, chance, make_piece, pick
from encoders.scenes.solids.hollows import holed_slab, plate_with_hole
from encoders.scenes.solids.rounded import basin
from encoders.scenes.solids.shapes import Shape, box, join, open_box
from encoders.scenes.solids.turned import cylinder

DEPTH, HEIGHT, WORKTOP = 0.6, 0.9, 0.04
"""Depth and height of base units and thickness of their tops, meters."""

BACK, FRONT = DEPTH / 2, 0.02 - DEPTH / 2
"""Positions (y, meters) of the units' backs and of the faces behind doors."""

CASES = ("wood_painted", "wood", "wood_painted", "wood_dark", "enamel")
TOPS = ("wood", "floor_stone", "floor_stone", "concrete", "plastic_dark")


def counter(rng: np.random.Generator, width: float | None = None) -> Piece:
    """Build a base cabinet with a worktop: a door or two, drawers, or a drawer over doors."""
    x = (pick(rng, 0.6, 0.8, 0.9, 1.0, 1.2) if width is None else width) / 2
    case, top = pick(rng, *CASES), pick(rng, *TOPS)
    board = box((-x, -DEPTH / 2, HEIGHT - WORKTOP), (x, BACK, HEIGHT))
    body = box((-x, FRONT, 0.1), (x, BACK, HEIGHT - WORKTOP))
    parts = [*_base(x, body, case), Part(board, top), *_unit_fronts(rng, x, case)]
    return make_piece(
        "counter", parts, [Top((0.01 - x, 0.02 - BACK), (x - 0.01, BACK - 0.02), HEIGHT)]
    )


def _base(x: float, body: Shape, case: str) -> list[Part]:
    """Build a recessed plinth, and the body on it."""
    plinth = box((-x, FRONT + 0.05, 0), (x, BACK, 0.1))
    return [Part(plinth, "plastic_dark"), Part(body, case)]


def _unit_fronts(rng: np.random.Generator, x: float, case: str) -> list[Part]:
    """Build doors and drawers of a base unit."""
    style, metal = handle_style(rng)
    z, doors = (0.105, HEIGHT - WORKTOP - 0.005), 1 if x < 0.32 else 2
    plan = pick(rng, "doors", "drawers", "drawer over doors")
    blocks = {
        "doors": [(z, doors, 1, True)],
        "drawers": [(z, 1, 3, False)],
        "drawer over doors": [((z[0], 0.68), doors, 1, True), ((0.68, z[1]), doors, 1, False)],
    }[plan]
    parts = []
    for up, columns, rows, upright in blocks:
        low, high = front_grid((-x + 0.002, x - 0.002), up, columns, rows, 0.005)
        parts += [
            Part(fronts(low, high, FRONT), case),
            Part(handles(style, low, high, FRONT - 0.018, upright=upright), metal),
        ]
    return parts


def kitchen_sink(rng: np.random.Generator, width: float | None = None) -> Piece:
    """Build a base cabinet with one or two steel basins let into its worktop, and a tap."""
    x = (pick(rng, 0.6, 0.8, 0.9) if width is None else width) / 2
    case, top = pick(rng, *CASES), pick(rng, *TOPS)
    steel = pick(rng, "metal", "metal", "enamel")
    bowls = 2 if x > 0.38 and chance(rng, 0.5) else 1
    edge = np.linspace(0.05 - x, x - 0.05, bowls + 1)
    holes = [((a + 0.02, -0.19), (b - 0.02, 0.15)) for a, b in itertools.pairwise(edge)]
    inside = [basin((*low, HEIGHT - 0.18), (*high, HEIGHT), 0.06) for low, high in holes]
    cuts = np.linspace(-x, x, bowls + 1)
    lids = [
        holed_slab((a, -BACK, HEIGHT - WORKTOP), (b, BACK, HEIGHT), *hole, radius=0.06)
        for a, b, hole in zip(cuts[:-1], cuts[1:], holes, strict=True)
    ]
    drains = [
        cylinder(0.028, HEIGHT - 0.185, HEIGHT - 0.177, sides=12).moved(
            ((low[0] + high[0]) / 2, -0.02, 0)
        )
        for low, high in holes
    ]
    body = open_box((-x, FRONT, 0.1), (x, BACK, HEIGHT - WORKTOP))
    rims = [_rim(low, high) for low, high in holes]
    parts = [
        *_base(x, body, case),
        Part(join(lids), top),
        *_unit_fronts(rng, x, case),
        Part(join([*inside, *rims]), steel),
        Part(join(drains), "plastic_dark"),
        Part(tap((0, 0.2, HEIGHT), rng.uniform(0.2, 0.32), 0.2, levers=chance(rng, 0.3)), "metal"),
    ]
    tops = [Top((0.01 - x, 0.235), (-0.12, BACK - 0.01), HEIGHT)] if x > 0.35 else []
    return make_piece("sink", parts, tops)


def _rim(low: tuple[float, float], high: tuple[float, float]) -> Shape:
    """Build a flat steel edge around a hole in a worktop, 2 mm above it."""
    out = 0.018
    return plate_with_hole(
        (low[0] - out, low[1] - out),
        (high[0] + out, high[1] + out),
        low,
        high,
        HEIGHT + 0.002,
        radius=0.06,
    )


def wall_cabinet(rng: np.random.Generator, width: float | None = None) -> Piece:
    """Build a kitchen cupboard with doors that hangs over a counter."""
    x = (pick(rng, 0.6, 0.8, 0.9, 1.0, 1.2) if width is None else width) / 2
    deep, high, case = rng.uniform(0.32, 0.36), rng.uniform(0.55, 0.75), pick(rng, *CASES)
    style, metal = handle_style(rng)
    low, top = front_grid((-x, x), (0, high), 1 if x < 0.32 else 2, 1, 0.005)
    panes = fronts(low + 0.06, top - 0.06, -deep - 0.017, thickness=0.004)
    parts = [
        Part(box((-x, -deep, 0), (x, 0, high)), case),
        Part(fronts(low, top, -deep), case),
        Part(panes, "glass" if chance(rng, 0.25) else case),
        Part(
            handles(style, low, top, -deep - 0.018, upright=True).moved((0, 0, 0.1 - high / 2)),
            metal,
        ),
    ]
    return make_piece("wall_cabinet", parts)
