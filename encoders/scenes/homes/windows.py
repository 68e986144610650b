"""Windows: reveals, frames, bars and sills; openings have no panes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from encoders.scenes.furniture.piece import Part
from encoders.scenes.homes.floor_plan import FloorPlan
from encoders.scenes.homes.frames import Block, blocks_shape, frame_blocks, opening_extents
from encoders.scenes.homes.spaces import Extent, Opening
from encoders.scenes.homes.walls import Finish, Fixture, rectangles_shape
from encoders.scenes.solids.shapes import Shape


def windows(
    plan: FloorPlan, finishes: Sequence[Finish], rng: np.random.Generator
) -> Iterator[Fixture]:
    """Yield the fixtures of every window of a building."""
    for opening in plan.openings:
        if opening.kind == "window":
            yield _window(opening, finishes, rng)


def _window(window: Opening, finishes: Sequence[Finish], rng: np.random.Generator) -> Fixture:
    """Return reveals, frame, bars and sill; there is no pane, so that rays reach the sky."""
    through, along, up = opening_extents(window)
    inside = 0 if window.rooms[0] >= 0 else 1
    room, face = window.rooms[inside], through[inside]
    inward = -1.0 if inside == 0 else 1.0
    near = face - inward * float(rng.uniform(0.45, 0.7)) * (through[1] - through[0])
    frame, bar = _sorted(near, near - inward * 0.06), float(rng.uniform(0.045, 0.07))
    blocks = [*frame_blocks(frame, along, up, bar), (frame, along, (up[0], up[0] + bar))]
    blocks += _bars(frame, along, up, bar, rng)
    sill = _sill(near, face, inward, along, up[0], rng)
    plain = finishes[room].wall if finishes[room].wall != "wall_paper" else "wall_plaster"
    parts = [Part(shape, plain) for shape in _reveals(window)]
    parts.append(Part(blocks_shape(window.axis, blocks), "window_frame"))
    role = "window_frame" if rng.random() < 0.7 else "wood"
    parts.append(Part(blocks_shape(window.axis, sill), role))
    return Fixture("window", room, tuple(parts))


def _sill(
    near: float, face: float, inward: float, along: Extent, level: float, rng: np.random.Generator
) -> list[Block]:
    """Return a board from the frame into the room, a little wider than the window there."""
    edge = face + inward * float(rng.uniform(0.02, 0.04))
    over = float(rng.uniform(0.03, 0.06))
    up = (level - 0.03, level + 0.004)
    return [
        (_sorted(near, edge), along, up),
        (_sorted(face, edge), (along[0] - over, along[1] + over), up),
    ]


def _sorted(one: float, other: float) -> Extent:
    return (one, other) if one < other else (other, one)


def _bars(
    frame: Extent, along: Extent, up: Extent, bar: float, rng: np.random.Generator
) -> Iterator[Block]:
    """Yield bars between casements of about 0.7 m, which are sometimes divided into panes."""
    width, height = along[1] - along[0], up[1] - up[0]
    casements = max(1, round(width / float(rng.uniform(0.55, 1.1))))
    for number in range(1, casements):
        at = along[0] + width * number / casements
        yield frame, (at - bar / 2, at + bar / 2), up
    panes = int(rng.integers(0, 3)) if height > 0.8 else 0
    slim, thin = 0.013, (frame[0] + 0.02, frame[1] - 0.02)
    if rng.random() < 0.35:
        for number in range(1, panes + 1):
            level = up[0] + height * number / (panes + 1)
            yield thin, along, (level - slim, level + slim)
    elif height > 1.2 and rng.random() < 0.35:
        level = up[0] + height * float(rng.uniform(0.62, 0.75))
        yield frame, along, (level - bar / 2, level + bar / 2)


def _reveals(window: Opening) -> list[Shape]:
    """Return the four sides of the opening, facing its inside."""
    (low, high), axis, along = (window.low, window.high), window.axis, 1 - window.axis
    shapes = []
    for side in (0, 1):
        across = [[low[axis], high[axis], low[2], high[2]]]
        shapes.append(
            rectangles_shape(along, float((low, high)[side][along]), 1 - 2 * side, across)
        )
        level = [[low[0], high[0], low[1], high[1]]]
        shapes.append(rectangles_shape(2, float((low, high)[side][2]), 1 - 2 * side, level))
    return shapes
