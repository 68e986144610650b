"""Plants in pots, from a seedling on a sill to a small tree."""

from __future__ import annotations

import numpy as np

from encoders.scenes.furniture.piece import Part, Piece, make_piece, pick
from encoders.scenes.solids.outlines import round_corners
from encoders.scenes.solids.rounded import leaf_blade
from encoders.scenes.solids.shapes import Shape, axis_rotation, copies
from encoders.scenes.solids.turned import cylinder, lathe, rods
from taskgraph.arrays import Floats


def potted_plant(rng: np.random.Generator) -> Piece:
    """Build a plant of any size."""
    return large_plant(rng) if rng.random() < 0.6 else small_plant(rng)


def large_plant(rng: np.random.Generator) -> Piece:
    """Build a plant on the floor: a palm, a rubber tree, or upright leaves."""
    radius, pot = rng.uniform(0.13, 0.2), rng.uniform(0.24, 0.36)
    grow = pick(rng, _palm, _tree, _swords, _bush)
    return _potted(rng, radius, pot, grow(rng, 0.75 * radius, rng.uniform(0.7, 1.2)))


def small_plant(rng: np.random.Generator) -> Piece:
    """Build a plant for a table or a sill."""
    radius, pot = rng.uniform(0.05, 0.085), rng.uniform(0.08, 0.13)
    grow = pick(rng, _bush, _swords, _rosette)
    return _potted(rng, radius, pot, grow(rng, 0.7 * radius, rng.uniform(0.14, 0.26)))


def _potted(
    rng: np.random.Generator, radius: float, pot: float, plant: list[tuple[Shape, str]]
) -> Piece:
    """Build a pot of soil with a plant, whose shapes start at z = 0."""
    lip, foot = 0.06 * pot + 0.006, radius * rng.uniform(0.62, 0.95)
    style = pick(rng, "rim", "plain", "round")
    if style == "rim":
        outside = [
            (0, 0),
            (foot, 0),
            (radius - 0.01, pot - 3 * lip),
            (radius, pot - 3 * lip),
            (radius, pot),
        ]
        rounding = [0.0] * 5
    elif style == "plain":
        outside, rounding = [(0, 0), (foot, 0), (radius, pot)], [0.0] * 3
    else:
        outside = [(0, 0), (0.6 * foot, 0), (1.1 * radius, 0.45 * pot), (0.85 * radius, pot)]
        rounding = [0, 0.2 * radius, 0.9 * radius, 0]
    rim = outside[-1][0]
    inside = [(rim - 0.08 * radius, pot), (rim - 0.1 * radius, pot - 1.6 * lip)]
    shell = lathe(round_corners(outside + inside, [*rounding, 0, 0], steps=3), sides=20)
    earth = cylinder(rim - 0.085 * radius, pot - 1.7 * lip - 0.01, pot - 1.5 * lip, sides=20)
    role = pick(rng, "clay", "clay", "enamel", "wood", "plastic_dark", "concrete")
    ground = pot - 1.6 * lip
    parts = [Part(shell, role), Part(earth, "soil")]
    parts += [Part(shape.moved((0, 0, ground)), material) for shape, material in plant]
    return make_piece("potted_plant", parts)


def _aimed(turn: Floats, rise: Floats, roll: Floats) -> Floats:
    """Return (N, 3, 3) rotations of leaves along y: rolled, raised by ``rise``, then turned."""
    turns = axis_rotation(2, turn), axis_rotation(0, rise), axis_rotation(1, roll)
    aimed: Floats = np.einsum("nij,njk,nkl->nil", *turns)
    return aimed


def _spiral(rng: np.random.Generator, count: int) -> Floats:
    """Return directions of leaves around a stem: multiples of the golden angle plus noise."""
    turns: Floats = np.arange(count) * 2.39996 + rng.uniform(-0.3, 0.3, count)
    return turns


def _leaves(
    rng: np.random.Generator, leaf: Shape, at: Floats, turn: Floats, rise: Floats
) -> tuple[Shape, str]:
    """Return copies of a leaf at (N, 3) places."""
    roll = rng.uniform(-0.35, 0.35, len(at))
    return copies(leaf, at, _aimed(turn, rise, roll)), "leaf"


def _palm(rng: np.random.Generator, room: float, high: float) -> list[tuple[Shape, str]]:
    """Build long fronds that arch from one point above a few thin stems."""
    count = int(rng.integers(14, 22))
    turn = _spiral(rng, count)
    stem = 0.45 * high
    at = np.stack([0 * turn, 0 * turn, stem * rng.uniform(0.85, 1.0, count)], axis=1)
    rise = np.linspace(1.25, 0.5, count) + rng.uniform(-0.1, 0.1, count)
    leaf = leaf_blade(rng.uniform(0.6, 0.75) * high, 0.12 * high, rng.uniform(1.2, 1.7), rows=7)
    trunk = rods([(0, 0, -0.01)], [(0, 0, stem)], 0.022, 0.015)
    return [(trunk, "wood"), _leaves(rng, leaf, at, turn, rise)]


def _tree(rng: np.random.Generator, room: float, high: float) -> list[tuple[Shape, str]]:
    """Build a trunk with a crown of broad leaves around its upper half."""
    count = int(rng.integers(36, 56))
    turn, share = _spiral(rng, count), np.linspace(0.35, 1.0, count)
    out = 0.13 * high * np.sin(np.pi * (share * 0.85 + 0.1)) * rng.uniform(0.5, 1.1, count)
    at = np.stack([-out * np.sin(turn), out * np.cos(turn), high * share], axis=1)
    rise = rng.uniform(-0.2, 0.7, count) + 0.5 * (share > 0.93)
    leaf = leaf_blade(0.22 * high, 0.12 * high, rng.uniform(0.7, 1.1), rows=5)
    trunk = rods([(0, 0, -0.01)], [(0, 0, 0.97 * high)], 0.02, 0.008)
    twigs = rods(
        np.stack([0 * out, 0 * out, at[:, 2] - 0.05], axis=1)[::2], at[::2], 0.004, sides=5
    )
    return [(trunk, "wood"), (twigs, "wood"), _leaves(rng, leaf, at, turn, rise)]


def _swords(rng: np.random.Generator, room: float, high: float) -> list[tuple[Shape, str]]:
    """Build stiff upright leaves from the ground."""
    count = int(rng.integers(14, 24))
    turn, out = _spiral(rng, count), room * np.sqrt(rng.uniform(0.02, 0.8, count))
    at = np.stack([-out * np.sin(turn), out * np.cos(turn), np.full(count, -0.01)], axis=1)
    leaf = leaf_blade(0.9 * high, 0.1 * high, -rng.uniform(0.1, 0.3), widest=0.45, rows=7)
    half = count // 2
    rise = rng.uniform(1.1, 1.5, count)
    small = leaf_blade(0.6 * high, 0.085 * high, -0.25, widest=0.45, rows=6)
    return [
        _leaves(rng, leaf, at[:half], turn[:half], rise[:half]),
        _leaves(rng, small, at[half:], turn[half:], rise[half:] - 0.15),
    ]


def _bush(rng: np.random.Generator, room: float, high: float) -> list[tuple[Shape, str]]:
    """Build broad leaves on thin stalks, in a half ball."""
    count = int(rng.integers(30, 48))
    turn, share = _spiral(rng, count), np.linspace(0.15, 1.0, count)
    lift = 0.75 * high * share
    out = 0.42 * high * np.sqrt(np.clip(1 - (share - 0.3) ** 2 / 0.6, 0.05, 1)) * share**0.3
    out = out * rng.uniform(0.5, 1.0, count)
    at = np.stack([-out * np.sin(turn), out * np.cos(turn), lift], axis=1)
    leaf = leaf_blade(0.3 * high, 0.17 * high, rng.uniform(0.6, 1.2), rows=5)
    stalks = rods(
        np.stack([0.1 * at[:, 0], 0.1 * at[:, 1], np.full(count, -0.005)], axis=1),
        at,
        0.006 * high + 0.001,
        0.004 * high + 0.0005,
        sides=4,
    )
    return [(stalks, "leaf"), _leaves(rng, leaf, at, turn, rng.uniform(-0.1, 0.8, count))]


def _rosette(rng: np.random.Generator, room: float, high: float) -> list[tuple[Shape, str]]:
    """Build thick leaves in a flat spiral, as those of an aloe."""
    count = int(rng.integers(18, 28))
    turn = _spiral(rng, count)
    rise = np.linspace(0.35, 1.35, count)
    leaf = leaf_blade(0.75 * high, 0.14 * high, -0.5, widest=0.3, rows=6)
    at = np.stack([0 * turn, 0 * turn, np.full(count, -0.005)], axis=1)
    core = rods([(0, 0, -0.01)], [(0, 0, 0.25 * high)], 0.06 * high, 0.02 * high, sides=8)
    return [(core, "leaf"), _leaves(rng, leaf, at, turn, rise)]
