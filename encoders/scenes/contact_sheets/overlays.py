"""Labels that are a few numbers, drawn over pictures: points, vanishing points, the room's box."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw

from encoders.codecs.poses import layout_corners, point_info_layout, vanishing_points
from encoders.scenes.contact_sheets.panels import Panel, Subject, written
from taskgraph.arrays import Floats

RED, GREEN, BLUE, YELLOW = (226, 60, 60), (40, 170, 70), (60, 110, 235), (255, 221, 51)

FINE = 4
"""Lines are drawn this many times larger, then averaged, so that they are smooth."""

_NEAR = 0.2  # meters in front of the camera at which lines are cut


def drawn_over(base: Image.Image, draw: Callable[[Any, float], None]) -> Image.Image:
    """Draw smooth lines over a tile; ``draw`` takes the pencil and the side of its paper."""
    side = base.width * FINE
    paper = base.resize((side, side), Image.Resampling.NEAREST)
    draw(ImageDraw.Draw(paper), float(side))
    return paper.resize(base.size, Image.Resampling.BOX)


def vanishing(subject: Subject) -> list[Image.Image]:
    """Nine little crosses of lines that run to the three vanishing points."""
    camera = subject.album.camera(subject.key)
    axes = vanishing_points(camera.rotation).reshape(3, 3)
    return [with_axes(subject.picture(), axes, camera.fov)]


def with_axes(picture: Image.Image, axes: Floats, fov: float) -> Image.Image:
    """A tile with nine crosses of strokes along three (3, 3) directions of the camera's frame."""
    half = np.tan(fov / 2)

    def draw(pencil: Any, side: float) -> None:
        for x, y in itertools.product((-0.62, 0.0, 0.62), repeat=2):
            for axis, color in zip(axes, (RED, GREEN, BLUE), strict=True):
                # How a point at depth 1 moves in the picture when it moves along the axis.
                slope = np.array([axis[0] / half + x * axis[2], axis[1] / half + y * axis[2]])
                ends = np.array([[x, y]]) + 0.17 * np.array([[-1], [1]]) * slope
                line(pencil, ends, side, color, 45)

    return drawn_over(_dim(picture), draw)


def layout(subject: Subject) -> list[Image.Image]:
    """The edges of the room's box."""
    corners = layout_corners(point_info_layout(subject.info))
    return [with_box(subject.picture(), corners, subject.info["field_of_view_rads"])]


def with_box(picture: Image.Image, corners: Floats, fov: float) -> Image.Image:
    """A tile with the edges of a box, whose (8, 3) corners are in the camera's frame."""
    half = np.tan(fov / 2)

    def draw(pencil: Any, side: float) -> None:
        for first, second in itertools.combinations(range(8), 2):
            if bin(first ^ second).count("1") == 1:
                ends = _in_front(corners[first], corners[second])
                if ends is not None:
                    line(pencil, ends[:, :2] / -ends[:, 2:] / half, side, YELLOW, 50)

    return drawn_over(_dim(picture), draw)


def line(pencil: Any, places: ArrayLike, side: float, color: tuple[int, ...], thin: int) -> None:
    """A line through places of which (-1, -1) is the lower left corner of the tile."""
    pixels = side / 2 * (1 + np.asarray(places) * [1, -1])
    pencil.line([tuple(p) for p in pixels], fill=color, width=int(side // thin), joint="curve")


def _in_front(start: ArrayLike, end: ArrayLike) -> Floats | None:
    """The part of a line in front of the camera, as its two ends; None where there is none."""
    ends = np.array([start, end], dtype=float)
    ahead = -ends[:, 2] - _NEAR
    if (ahead < 0).all():
        return None
    for k in (0, 1):
        if ahead[k] < 0:
            ends[k] += (ends[1 - k] - ends[k]) * ahead[k] / (ahead[k] - ahead[1 - k])
    return ends


def _dim(picture: Image.Image) -> Image.Image:
    return Image.blend(picture, Image.new("RGB", picture.size, (128, 128, 128)), 0.35)


def _marked(picture: Image.Image, place: ArrayLike) -> Image.Image:
    """A ring around a place, given as shares of the picture."""

    def draw(pencil: Any, side: float) -> None:
        x, y = np.asarray(place) * side
        for radius, color, width in ((0.085, "black", 0.035), (0.08, YELLOW, 0.02)):
            r = radius * side
            pencil.ellipse([x - r, y - r, x + r, y + r], outline=color, width=int(width * side))

    return drawn_over(picture, draw)


def same_point(count: int) -> Panel:
    """The view and others of its point, which is in the middle of each."""

    def panel(subject: Subject) -> list[Image.Image]:
        keys = [subject.key, *subject.album.same_point(subject.key)[: count - 1]]
        tiles = [_marked(subject.picture(key), (0.5, 0.5)) for key in keys]
        return tiles + [written("no other view", subject.tile)] * (count - len(tiles))

    return panel


def other_point(subject: Subject) -> list[Image.Image]:
    """The view, one of another point, and a point that both see."""
    found = subject.album.shared(subject.key)
    if found is None:
        return [subject.picture(), written("no other view", subject.tile)]
    other, point = found
    return [
        _marked(subject.picture(key), subject.album.place(point, key))
        for key in (subject.key, other)
    ]
