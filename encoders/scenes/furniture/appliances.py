"""Large machines of kitchens and laundries: cookers, fridges, extractors, washing machines."""

from __future__ import annotations

import numpy as np

from encoders.scenes.furniture.kitchen import BACK, FRONT, HEIGHT
from encoders.scenes.furniture.piece import Part, Piece, Top, chance, make_piece, pick
from encoders.scenes.solids.outlines import circle, round_corners, rounded_rectangle
from encoders.scenes.solids.rounded import rounded_box
from encoders.scenes.solids.shapes import (
    Shape,
    axis_rotation,
    box,
    boxes,
    copies,
    join,
    tapered_box,
)
from encoders.scenes.solids.turned import cylinder, lathe, rods


def oven(rng: np.random.Generator) -> Piece:
    """Build an oven: a door with a window, knobs, and rings on top; of a counter's size."""
    x = pick(rng, 0.3, 0.3, 0.38, 0.45)
    body, knob = pick(
        rng, ("enamel", "metal"), ("metal", "plastic_dark"), ("plastic_dark", "metal")
    )
    gas = chance(rng, 0.4)
    door = (0.2, HEIGHT - 0.17)
    count = 4 if x < 0.35 else 5
    at = np.linspace(-0.75 * x, 0.75 * x, count + 1)
    at = np.delete(at, (count + 1) // 2)
    knobs = rods(
        [(a, -BACK, HEIGHT - 0.09) for a in at],
        [(a, -BACK - 0.03, HEIGHT - 0.09) for a in at],
        0.022,
        0.018,
        sides=12,
    )
    clock = box((-0.06, -BACK - 0.002, HEIGHT - 0.11), (0.06, -BACK + 0.01, HEIGHT - 0.07))
    pane = rounded_box(
        (-0.72 * x, -BACK - 0.004, door[0] + 0.09), (0.72 * x, FRONT, door[1] - 0.13), 0.003
    )
    bar = join(
        [
            rods(
                [(-0.8 * x, -BACK - 0.045, door[1] - 0.05)],
                [(0.8 * x, -BACK - 0.045, door[1] - 0.05)],
                0.011,
            ),
            boxes(
                [(s * 0.7 * x - 0.008, -BACK - 0.045, door[1] - 0.058) for s in (-1, 1)],
                [(s * 0.7 * x + 0.008, -BACK, door[1] - 0.042) for s in (-1, 1)],
            ),
        ]
    )
    parts = [
        Part(box((-x, FRONT, 0.03), (x, BACK, HEIGHT - 0.012)), body),
        Part(box((-x + 0.04, FRONT + 0.04, 0), (x - 0.04, BACK, 0.031)), "plastic_dark"),
        Part(box((0.004 - x, -BACK, door[0]), (x - 0.004, FRONT, door[1])), body),
        Part(box((0.004 - x, -BACK, 0.04), (x - 0.004, FRONT, door[0] - 0.008)), body),
        Part(box((-x, -BACK, HEIGHT - 0.16), (x, FRONT, HEIGHT - 0.012)), body),
        Part(pane, "plastic_dark"),
        Part(bar, "metal"),
        Part(knobs, knob),
        Part(clock, "screen"),
        Part(box((-x, -BACK, HEIGHT - 0.0125), (x, BACK, HEIGHT)), pick(rng, "plastic_dark", body)),
        _rings(x, gas),
    ]
    if chance(rng, 0.4):
        parts.append(Part(box((-x, BACK - 0.03, HEIGHT - 0.001), (x, BACK, HEIGHT + 0.13)), body))
    return make_piece("oven", parts)


def _rings(x: float, gas: bool) -> Part:
    """Build four cooking rings: iron discs, or gas burners under crossed bars."""
    places = np.array([(sx * 0.48 * x, y, HEIGHT) for y in (-0.14, 0.13) for sx in (-1, 1)])
    if gas:
        burner = cylinder(0.045, 0, 0.014, sides=14)
        grate = boxes(
            [(-0.1, -0.006, 0.018), (-0.006, -0.1, 0.018)], [(0.1, 0.006, 0.03), (0.006, 0.1, 0.03)]
        )
        feet = boxes(
            [(a - 0.006, b - 0.006, 0) for a, b in ((-0.09, 0), (0.09, 0), (0, -0.09), (0, 0.09))],
            [
                (a + 0.006, b + 0.006, 0.02)
                for a, b in ((-0.09, 0), (0.09, 0), (0, -0.09), (0, 0.09))
            ],
        )
        return Part(copies(join([burner, grate, feet]), places), "plastic_dark", 1)
    disc = cylinder(0.085, 0, 0.008, sides=20)
    hoop = lathe(circle((0.092, 0.004), 0.005, steps=1), sides=20)
    return Part(copies(join([disc, hoop]), places), "metal", 1)


def refrigerator(rng: np.random.Generator) -> Piece:
    """Build a tall fridge with a freezer below, above or beside it, two doors and their handles."""
    style = pick(rng, "below", "above", "beside")
    x = rng.uniform(0.42, 0.47) if style == "beside" else rng.uniform(0.28, 0.36)
    high, y = rng.uniform(1.6, 1.95), rng.uniform(0.29, 0.34)
    body = pick(rng, "enamel", "metal", "enamel", "plastic_dark")
    door = 0.06
    if style == "beside":
        split = rng.uniform(-0.1, 0.0) * x
        blocks = [((-x, split), (0.05, high)), ((split, x), (0.05, high))]
        grips = [(split - 0.04, 0.6, high - 0.5), (split + 0.04, 0.6, high - 0.5)]
    else:
        split = high * (rng.uniform(0.33, 0.42) if style == "below" else rng.uniform(0.66, 0.74))
        blocks = [((-x, x), (0.05, split)), ((-x, x), (split, high))]
        side = pick(rng, -1, 1) * (x - 0.05)
        grips = [
            (side, max(split - 0.45, 0.12), split - 0.06),
            (side, split + 0.06, min(split + 0.5, high - 0.08)),
        ]
    doors = [
        rounded_box(
            (a + 0.003, -y - door, low + 0.004), (b - 0.003, -y - 0.004, top - 0.004), 0.015
        )
        for (a, b), (low, top) in blocks
    ]
    front = -y - door
    parts = [
        Part(box((0.02 - x, 0.03 - y, 0), (x - 0.02, y - 0.03, 0.041)), "plastic_dark"),
        Part(box((-x, -y, 0.04), (x, y, high)), body),
        Part(join(doors), body),
        Part(
            _bar_handles(grips, front),
            "plastic_dark" if body == "metal" and chance(rng, 0.4) else "metal",
        ),
    ]
    if chance(rng, 0.5):
        parts += _notes(rng, (blocks[1][0][0] + 0.08, blocks[1][0][1] - 0.14), front, high)
    return make_piece(
        "refrigerator", parts, [Top((0.02 - x, 0.02 - y), (x - 0.02, y - 0.02), high)]
    )


def _bar_handles(grips: list[tuple[float, float, float]], front: float) -> Shape:
    """Build upright bars on a front, each from its x, and its lower and upper z, meters."""
    bars = rods(
        [(a, front - 0.035, low) for a, low, _ in grips],
        [(a, front - 0.035, top) for a, _, top in grips],
        0.012,
    )
    places = [(a, z) for a, low, top in grips for z in (low + 0.03, top - 0.03)]
    ends = boxes(
        [(a - 0.008, front - 0.04, z - 0.01) for a, z in places],
        [(a + 0.008, front, z + 0.01) for a, z in places],
    )
    return join([bars, ends])


def _notes(
    rng: np.random.Generator, x: tuple[float, float], front: float, high: float
) -> list[Part]:
    """Build notes with magnets on a fridge's door."""
    parts = []
    for number in range(int(rng.integers(1, 4))):
        a, z = rng.uniform(*x), high - rng.uniform(0.15, 0.45)
        w, h = rng.uniform(0.05, 0.1), rng.uniform(0.06, 0.14)
        parts.append(
            Part(
                box((a - w / 2, front - 0.002, z - h), (a + w / 2, front + 0.004, z)),
                pick(rng, "paper", "picture"),
                number,
            )
        )
        parts.append(
            Part(
                rods([(a, front, z - 0.012)], [(a, front - 0.008, z - 0.012)], 0.011, sides=8),
                "plastic",
                number,
            )
        )
    return parts


def range_hood(rng: np.random.Generator) -> Piece:
    """Build an extractor that hangs on the wall over an oven: a sloping hood under a chimney."""
    x, deep, high = pick(rng, 0.3, 0.38, 0.45), rng.uniform(0.45, 0.5), rng.uniform(0.7, 0.9)
    steel = pick(rng, "metal", "plastic_dark", "enamel")
    slope = rng.uniform(0.15, 0.25)
    hood = tapered_box([(-x, -deep), (x, 0)], [(-0.14, -0.26), (0.14, 0)], 0.05, 0.05 + slope)
    parts = [
        Part(box((-x, -deep, 0), (x, 0, 0.05)), steel),
        Part(hood, steel),
        Part(box((-0.14, -0.26, 0.05 + slope), (0.14, 0, high)), steel),
        Part(
            boxes(
                [(a - 0.012, -deep - 0.006, 0.015) for a in (-0.06, 0, 0.06)],
                [(a + 0.012, -deep, 0.035) for a in (-0.06, 0, 0.06)],
            ),
            "plastic_dark",
            1,
        ),
    ]
    return make_piece("range_hood", parts)


def washing_machine(rng: np.random.Generator) -> Piece:
    """Build a white cube with a round glass door, a panel, a knob and a drawer for soap."""
    x, y, high = 0.3, rng.uniform(0.26, 0.3), rng.uniform(0.84, 0.87)
    body, front = pick(rng, "enamel", "enamel", "metal"), -y
    facing = axis_rotation(0, np.pi / 2)  # the z axis to -y
    middle, radius = (0.0, front, rng.uniform(0.4, 0.46)), rng.uniform(0.16, 0.19)
    hoop = (
        lathe(
            rounded_rectangle((radius - 0.035, -0.005), (radius, 0.035), 0.015, steps=2), sides=24
        )
        .rotated(facing)
        .moved(middle)
    )
    bulge = (
        lathe(
            round_corners([(radius - 0.03, 0.02), (0.5 * radius, 0.03), (0, 0.03)], (0, 0.1, 0)),
            sides=24,
        )
        .rotated(facing)
        .moved(middle)
    )
    grip = box(
        (radius - 0.03, front - 0.045, middle[2] - 0.05),
        (radius + 0.005, front - 0.03, middle[2] + 0.05),
    )
    knob = rods(
        [(0.05, front - 0.004, high - 0.07)],
        [(0.05, front - 0.03, high - 0.07)],
        0.03,
        0.026,
        sides=16,
    )
    parts = [
        Part(box((0.03 - x, 0.03 - y, 0), (x - 0.03, y - 0.03, 0.021)), "plastic_dark"),
        Part(rounded_box((-x, -y, 0.02), (x, y, high), 0.012), body),
        Part(hoop, pick(rng, "metal", "plastic_dark", "enamel"), 1),
        Part(bulge, "plastic_dark"),
        Part(grip, "plastic_dark"),
        Part(
            box((0.01 - x, front - 0.005, high - 0.125), (-0.1, front + 0.01, high - 0.02)), body, 2
        ),
        Part(
            box((-0.09, front - 0.004, high - 0.125), (x - 0.01, front + 0.01, high - 0.02)),
            pick(rng, "plastic_dark", body),
            3,
        ),
        Part(knob, "metal"),
        Part(box((0.13, front - 0.006, high - 0.095), (0.25, front, high - 0.045)), "screen"),
        Part(box((0.13 - x, front - 0.004, 0.05), (0.27 - x, front + 0.01, 0.13)), body, 2),
    ]
    tops = [Top((0.02 - x, 0.02 - y), (x - 0.02, y - 0.02), high)]
    return make_piece("washing_machine", parts, tops)
