"""Answers about the camera and the room, drawn with lines."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw, ImageFont

from encoders.codecs.poses import layout_corners, pose_to_transform
from encoders.draw.canvas import Canvas
from encoders.scenes.contact_sheets.overlays import (
    BLUE,
    GREEN,
    RED,
    drawn_over,
    line,
    with_axes,
    with_box,
)
from taskgraph.arrays import Array

REACH = 5.0
"""Meters from the middle of a plan of cameras to its border."""

WING = np.radians(28)
"""Half the angle that a camera's symbol opens to."""

FRAMES = {2: (RED, BLUE), 3: (RED, GREEN, BLUE)}
"""Colors of the cameras, in the order of the pictures; the last one is in the plan's middle."""


def vanishing(canvas: Canvas, answer: Array) -> Image.Image:
    """Nine little crosses of strokes that run to the three vanishing points."""
    axes = canvas.in_units(answer).reshape(3, 3)
    axes = axes / np.maximum(np.linalg.norm(axes, axis=1, keepdims=True), 1e-9)
    return with_axes(canvas.picture(), axes, canvas.fov)


def layout(canvas: Canvas, answer: Array) -> Image.Image:
    """The edges of the room's box."""
    return with_box(canvas.picture(), layout_corners(canvas.in_units(answer)), canvas.fov)


def pose(canvas: Canvas, answer: Array) -> Image.Image:
    """The first camera (red) as the second (blue) sees it: a plan from above, and in words."""
    return plan([canvas.in_units(answer)], canvas.tile)


def egomotion(canvas: Canvas, answer: Array) -> Image.Image:
    """The first (red) and the second camera (green) as the third (blue) sees them."""
    _, first, second = canvas.in_units(answer).reshape(3, 6)
    return plan([first, second], canvas.tile)


def plan(poses: list[Array], tile: int) -> Image.Image:
    """Cameras from above, in the frame of one that stands in the middle and looks up the tile.

    Parameters
    ----------
    poses : list of (6,) arrays
        `codecs.poses.relative_pose` of each in the middle one. Below is written by what angle
        it is turned against it, and how far away it is.
    """
    colors = FRAMES[len(poses) + 1]
    placed = [(*pose_to_transform(one), color) for one, color in zip(poses, colors, strict=False)]

    def pen(pencil: Any, side: float) -> None:
        unit = side / 2 / REACH
        for meters in range(1, int(REACH) + 1):
            box = [side / 2 - meters * unit, side / 2 + meters * unit]
            pencil.ellipse([box[0], box[0], box[1], box[1]], outline=(225, 225, 225), width=4)
        for turn, place, color in [*placed, (np.eye(3), np.zeros(3), colors[-1])]:
            ahead = turn @ [0.0, 0.0, -1.0]
            _camera(pencil, side, np.array([place[0], -place[2]]), ahead[[0, 2]] * [1, -1], color)

    paper = drawn_over(Image.new("RGB", (tile, tile), "white"), pen)
    pencil, size = ImageDraw.Draw(paper), max(10, tile // 11)
    font = ImageFont.load_default(size=size)
    for row, (turn, place, color) in enumerate(reversed(placed)):
        said = f"{np.degrees(angle(turn)):.0f}° turned, {np.linalg.norm(place):.1f} m"
        where = (tile / 2, tile - 3 - row * (size + 1))
        pencil.text(where, said, color, font, "mb", stroke_width=2, stroke_fill="white")
    return paper


def angle(rotation: ArrayLike) -> float:
    """The angle of a rotation matrix, radians in [0, pi]."""
    trace = float(np.trace(np.asarray(rotation)))
    return float(np.arccos(np.clip((trace - 1) / 2, -1, 1)))


def _camera(pencil: Any, side: float, place: Array, ahead: Array, color: tuple[int, ...]) -> None:
    """A wedge that opens in the direction of view; at the border where it is too far away."""
    middle = (place / REACH).clip(-0.97, 0.97)
    heading = np.arctan2(ahead[1], ahead[0])
    ends = [
        middle + 0.34 * np.array([np.cos(a), np.sin(a)]) for a in (heading - WING, heading + WING)
    ]
    line(pencil, [ends[0], middle, ends[1]], side, color, 40)
    x, y = side / 2 * (1 + middle * [1, -1])
    r = side / 28
    pencil.ellipse([x - r, y - r, x + r, y + r], fill=color)
