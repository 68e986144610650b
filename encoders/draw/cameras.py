"""Answers about cameras and the room: vanishing points, the room's box, and camera poses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw, ImageFont

from encoders.codecs.poses import layout_corners, pose_to_transform
from encoders.draw.canvas import Canvas
from encoders.draw.overlays import (
    BLUE,
    GREEN,
    RED,
    draw_smooth,
    polyline,
    with_box,
    with_vanishing_axes,
)
from taskgraph.arrays import Array

REACH = 5.0
"""Meters from the middle of a map of cameras to its border."""

HALF_ANGLE = np.radians(28)
"""Half the opening angle of a camera's wedge on the map."""

FRAMES = {2: (RED, BLUE), 3: (RED, GREEN, BLUE)}
"""Colors of two or three cameras in the order of the pictures; the last is in the map's middle."""


def draw_vanishing_points(canvas: Canvas, answer: Array) -> Image.Image:
    """Draw nine crosses whose strokes run to the three vanishing points."""
    axes = canvas.in_units(answer).reshape(3, 3)
    axes = axes / np.maximum(np.linalg.norm(axes, axis=1, keepdims=True), 1e-9)
    return with_vanishing_axes(canvas.picture(), axes, canvas.fov)


def draw_layout(canvas: Canvas, answer: Array) -> Image.Image:
    """Draw the edges of the room's box."""
    return with_box(canvas.picture(), layout_corners(canvas.in_units(answer)), canvas.fov)


def draw_pose(canvas: Canvas, answer: Array) -> Image.Image:
    """Draw a map of the first camera (red) as seen from the second one (blue)."""
    return camera_map([canvas.in_units(answer)], canvas.tile)


def draw_egomotion(canvas: Canvas, answer: Array) -> Image.Image:
    """Draw a map of the first (red) and second camera (green) as seen from the third (blue)."""
    _, first, second = canvas.in_units(answer).reshape(3, 6)
    return camera_map([first, second], canvas.tile)


def camera_map(poses: list[Array], tile: int) -> Image.Image:
    """Draw cameras from above, in the frame of one in the middle that looks up the tile.

    Circles are one meter apart. Text below gives each camera's rotation against the middle one,
    and its distance.

    Parameters
    ----------
    poses : list of (6,) arrays
        `codecs.poses.relative_pose` of each camera in the middle one.
    """
    colors = FRAMES[len(poses) + 1]
    placed = [(*pose_to_transform(one), color) for one, color in zip(poses, colors, strict=False)]
    cameras = [*placed, (np.eye(3), np.zeros(3), colors[-1])]
    white = Image.new("RGB", (tile, tile), "white")
    paper = draw_smooth(white, lambda drawing, side: _draw_map(drawing, side, cameras))
    drawing, size = ImageDraw.Draw(paper), max(10, tile // 11)
    font = ImageFont.load_default(size=size)
    for row, (turn, place, color) in enumerate(reversed(placed)):
        text = f"{np.degrees(angle(turn)):.0f}° turned, {np.linalg.norm(place):.1f} m"
        where = (tile / 2, tile - 3 - row * (size + 1))
        drawing.text(where, text, color, font, "mb", stroke_width=2, stroke_fill="white")
    return paper


def _draw_map(
    drawing: Any, side: float, cameras: Sequence[tuple[Array, Array, tuple[int, ...]]]
) -> None:
    """Draw circles one meter apart, and each camera by its rotation, position and color."""
    unit = side / 2 / REACH
    for meters in range(1, int(REACH) + 1):
        low, high = side / 2 - meters * unit, side / 2 + meters * unit
        drawing.ellipse([low, low, high, high], outline=(225, 225, 225), width=4)
    for turn, place, color in cameras:
        ahead = turn @ [0.0, 0.0, -1.0]
        _draw_camera(drawing, side, place[[0, 2]] * [1, -1], ahead[[0, 2]] * [1, -1], color)


def angle(rotation: ArrayLike) -> float:
    """Return the angle of a rotation matrix, radians in [0, pi]."""
    trace = float(np.trace(np.asarray(rotation)))
    return float(np.arccos(np.clip((trace - 1) / 2, -1, 1)))


def _draw_camera(
    drawing: Any, side: float, place: Array, ahead: Array, color: tuple[int, ...]
) -> None:
    """Draw a wedge that opens in the viewing direction; distant cameras stay at the border."""
    middle = (place / REACH).clip(-0.97, 0.97)
    heading = np.arctan2(ahead[1], ahead[0])
    ends = [
        middle + 0.34 * np.array([np.cos(a), np.sin(a)])
        for a in (heading - HALF_ANGLE, heading + HALF_ANGLE)
    ]
    polyline(drawing, [ends[0], middle, ends[1]], side, color, 40)
    x, y = side / 2 * (1 + middle * [1, -1])
    r = side / 28
    drawing.ellipse([x - r, y - r, x + r, y + r], fill=color)
