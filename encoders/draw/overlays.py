"""Lines over pictures: strokes to the vanishing points, and the edges of a room's box."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw

from taskgraph.arrays import Floats

RED, GREEN, BLUE, YELLOW = (226, 60, 60), (40, 170, 70), (60, 110, 235), (255, 221, 51)

OVERSAMPLING = 4
"""Lines are drawn this many times larger and then averaged, so that they are smooth."""

_NEAR = 0.2  # meters in front of the camera at which lines are cut


def draw_smooth(base: Image.Image, draw: Callable[[Any, float], None]) -> Image.Image:
    """Draw smooth lines over a tile.

    ``draw`` receives a Pillow drawing of an enlarged copy of the tile, and the side of the copy
    in pixels.
    """
    side = base.width * OVERSAMPLING
    paper = base.resize((side, side), Image.Resampling.NEAREST)
    draw(ImageDraw.Draw(paper), float(side))
    return paper.resize(base.size, Image.Resampling.BOX)


def with_vanishing_axes(picture: Image.Image, axes: Floats, fov: float) -> Image.Image:
    """Draw nine crosses whose strokes run to the three vanishing points.

    Parameters
    ----------
    axes : (3, 3) array
        A row for each vanishing point: its direction in the camera's frame. The strokes are red,
        green and blue, in this order.
    fov : float
        Field of view, radians.
    """
    half = np.tan(fov / 2)

    def draw(drawing: Any, side: float) -> None:
        """Draw the nine crosses."""
        for x, y in itertools.product((-0.62, 0.0, 0.62), repeat=2):
            for axis, color in zip(axes, (RED, GREEN, BLUE), strict=True):
                # How a point at depth 1 moves in the picture when it moves along the axis.
                slope = np.array([axis[0] / half + x * axis[2], axis[1] / half + y * axis[2]])
                ends = np.array([[x, y]]) + 0.17 * np.array([[-1], [1]]) * slope
                polyline(drawing, ends, side, color, 45)

    return draw_smooth(_dimmed(picture), draw)


def with_box(picture: Image.Image, corners: Floats, fov: float) -> Image.Image:
    """Draw the edges of a box whose (8, 3) corners are in the camera's frame, meters."""
    half = np.tan(fov / 2)

    def draw(drawing: Any, side: float) -> None:
        """Draw the box's edges that are in front of the camera."""
        for first, second in itertools.combinations(range(8), 2):
            if (first ^ second).bit_count() == 1:
                ends = _in_front(corners[first], corners[second])
                if ends is not None:
                    polyline(drawing, ends[:, :2] / -ends[:, 2:] / half, side, YELLOW, 50)

    return draw_smooth(_dimmed(picture), draw)


def polyline(
    drawing: Any, places: ArrayLike, side: float, color: tuple[int, ...], thinness: int
) -> None:
    """Draw a line through places, of which (-1, -1) is the tile's lower left corner.

    The line is ``side / thinness`` pixels wide.
    """
    pixels = side / 2 * (1 + np.asarray(places) * [1, -1])
    width = int(side // thinness)
    drawing.line([tuple(p) for p in pixels], fill=color, width=width, joint="curve")


def _in_front(start: ArrayLike, end: ArrayLike) -> Floats | None:
    """Cut a line to the part in front of the camera; None if there is no such part."""
    ends = np.array([start, end], dtype=float)
    ahead = -ends[:, 2] - _NEAR
    if (ahead < 0).all():
        return None
    for k in (0, 1):
        if ahead[k] < 0:
            ends[k] += (ends[1 - k] - ends[k]) * ahead[k] / (ahead[k] - ahead[1 - k])
    return ends


def _dimmed(picture: Image.Image) -> Image.Image:
    return Image.blend(picture, Image.new("RGB", picture.size, (128, 128, 128)), 0.35)
