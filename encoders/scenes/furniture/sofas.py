"""Couches and armchairs."""

from __future__ import annotations

import numpy as np

from encoders.scenes.furniture.fittings import legs, pad, tip_back
from encoders.scenes.furniture.piece import Part, Piece, chance, make_piece, pick
from encoders.scenes.solids.rounded import rounded_box
from encoders.scenes.solids.shapes import Shape, axis_rotation, join
from encoders.scenes.solids.turned import rods


def couch(rng: np.random.Generator) -> Piece:
    """Build a sofa of two to four cushions with arms, and with a chaise now and then."""
    count = int(rng.integers(2, 5))
    places = max(count, 2) if count < 4 else 3
    return _soft_seat(rng, "couch", places, rng.uniform(0.58, 0.72), rng.uniform(0.84, 0.98))


def armchair(rng: np.random.Generator) -> Piece:
    """Build an armchair: a couch with one seat."""
    return _soft_seat(rng, "armchair", 1, rng.uniform(0.5, 0.6), rng.uniform(0.78, 0.9))


def _soft_seat(
    rng: np.random.Generator, kind: str, places: int, cushion: float, deep: float
) -> Piece:
    """Build base, back, arms, and a seat and a back cushion for each place, ``cushion`` wide."""
    cloth = pick(rng, "fabric", "fabric", "leather", "fabric_pattern" if places == 1 else "fabric")
    foot, seat = rng.uniform(0.05, 0.15), rng.uniform(0.41, 0.46)
    top, arm = rng.uniform(0.74, 0.9), rng.uniform(0.11, 0.24)
    inner = places * cushion / 2
    back = rng.uniform(0.16, 0.22)
    x, y = inner + arm, deep / 2
    chaise = pick(rng, -1.0, 1.0) if places > 1 and chance(rng, 0.2) else 0.0
    parts = [
        Part(
            legs(pick(rng, "tapered", "round", "square"), (x - 0.03, y - 0.03), foot + 0.01, 0.05),
            pick(rng, "wood", "wood_dark", "metal"),
        ),
        Part(
            rounded_box(
                (-inner - 0.01, -y + 0.02, foot), (inner + 0.01, y - 0.02, seat - 0.14), 0.02
            ),
            cloth,
        ),
        Part(rounded_box((-x + 0.01, y - back, foot), (x - 0.01, y, top), 0.06, steps=3), cloth),
        _arms(rng, (inner, x), y, (foot, rng.uniform(0.55, 0.66)), cloth),
    ]
    parts += _cushions(rng, places, cushion, y, back, (seat, top), chaise, cloth)
    if chaise:
        side = chaise * (inner - cushion / 2)
        base = rounded_box(
            (side - cushion / 2, -y - 0.55, foot),
            (side + cushion / 2, -y + 0.03, seat - 0.14),
            0.02,
        )
        parts.append(Part(base, cloth))
        feet = rods(
            [(side + s * 0.2, -y - 0.5, 0) for s in (-1, 1)],
            [(side + s * 0.2, -y - 0.5, foot + 0.01) for s in (-1, 1)],
            0.022,
        )
        parts.append(Part(feet, parts[0].role))
    return make_piece(kind, parts)


def _arms(
    rng: np.random.Generator, x: tuple[float, float], y: float, z: tuple[float, float], cloth: str
) -> Part:
    """Build two arms: blocks, soft blocks, or blocks with a roll on top."""
    wide = x[1] - x[0]
    style = pick(rng, "block", "soft", "roll")
    if style == "roll":
        block = rounded_box((x[0], -y + 0.02, z[0]), (x[1] - 0.02, y - 0.05, z[1] - 0.04), 0.02)
        roll = rods(
            [(x[0] + wide / 2, -y, z[1] - wide / 2)],
            [(x[0] + wide / 2, y - 0.06, z[1] - wide / 2)],
            wide / 2,
            sides=18,
        )
        arm = join([block, roll])
    else:
        radius = 0.025 if style == "block" else 0.45 * min(wide, 0.16)
        arm = rounded_box((x[0], -y, z[0]), (x[1], y - 0.02, z[1]), radius, steps=3)
    return Part(join([arm, _mirrored(arm)]), cloth)


def _mirrored(shape: Shape) -> Shape:
    """Reflect a shape across x = 0."""
    flip = np.array([-1.0, 1.0, 1.0])
    return Shape(
        shape.vertices * flip, shape.faces[:, ::-1], shape.normals * flip, shape.curvatures
    )


def _cushions(
    rng: np.random.Generator,
    places: int,
    wide: float,
    y: float,
    back: float,
    z: tuple[float, float],
    chaise: float,
    cloth: str,
) -> list[Part]:
    """Seat and back cushions, and a few thrown ones."""
    seat, top = z
    middles = (np.arange(places) - (places - 1) / 2) * wide
    seats, backs = [], []
    for middle in middles:
        long = 0.55 if chaise * middle == np.abs(middles).max() and chaise else 0.0
        front = -y - long + 0.005
        seats.append(
            rounded_box(
                (middle - wide / 2 + 0.003, front, seat - 0.15),
                (middle + wide / 2 - 0.003, y - back + 0.02, seat),
                0.045,
            )
        )
        soft = pad(wide - 0.012, 0.16, top - seat + rng.uniform(-0.06, 0.03), 0.07)
        backs.append(tip_back(soft, 0.16, (middle, y - back - 0.085, seat - 0.01)))
    parts = [Part(join(seats), cloth), Part(join(backs), cloth)]
    for number in range(int(rng.integers(0, 2 if places == 1 else 4))):
        size, spin = rng.uniform(0.36, 0.46), rng.uniform(-0.25, 0.25)
        end = (-1, 1)[number % 2] * max(places * wide / 2 - size / 2 - 0.02, 0.0)
        soft = pad(size, 0.13, size, 0.06).rotated(axis_rotation(2, spin))
        where = end * (1 - 0.35 * (number // 2))
        thrown = tip_back(soft, 0.3, (where, y - back - 0.25, seat + 0.005))
        parts.append(Part(thrown, "cushion", number))
    return parts
