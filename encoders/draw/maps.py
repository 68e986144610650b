"""Answers that are pictures: from an answer's numbers to colors, on scales that never change.

A color means the same number in every picture, so that predictions, labels and views compare.
"""

from __future__ import annotations

from collections.abc import Callable

import matplotlib
import numpy as np

from encoders.codecs.colors import colored, expected_ab
from encoders.codecs.pixels import CENTER, DEPTH_STEPS, restore_curvature
from encoders.draw.canvas import Canvas, as_pixels
from encoders.scenes.contact_sheets.panels import SEGMENT_COLORS, SEMANTIC_COLORS
from encoders.tasks.curves import log_depth
from taskgraph.arrays import Array, Pixels

Painter = Callable[[Canvas, Array], Pixels]

NEAR, FAR = 0.5, 8.0
"""Meters from which depths are dark, and to which they grow brighter."""

SOFT_BEND = 4.0
"""Curvature (1/m) that is drawn half as strong as the strongest."""

TAILS = (1, 99)
"""Percentiles of an embedding's principal components that become the darkest and brightest."""


def restored(canvas: Canvas, answer: Array) -> Pixels:
    """A picture in [-1, 1], as it is."""
    return as_pixels(answer)


def recolored(canvas: Canvas, answer: Array) -> Pixels:
    """The lightness that was given, in the colors of the (Q, H, W) probabilities of bins."""
    light = np.moveaxis(canvas.given[0], 0, -1)
    return colored(light, expected_ab(np.moveaxis(answer, 0, -1)))


def depth(canvas: Canvas, answer: Array) -> Pixels:
    """Logarithms of depths: `NEAR` is dark, `FAR` is bright."""
    low, high = log_depth(DEPTH_STEPS * np.array([NEAR, FAR]))
    share = ((answer[0] - low) / (high - low)).clip(0, 1)
    return _bytes(255 * matplotlib.colormaps["viridis"](share)[..., :3])


def normals(canvas: Canvas, answer: Array) -> Pixels:
    """The colors of Taskonomy's files: 127 + 127 (x, y, z)."""
    return _bytes(CENTER + 127 * np.moveaxis(answer, 0, -1))


def curvature(canvas: Canvas, answer: Array) -> Pixels:
    """Red and green for the two curvatures; gray is flat. Strong ones are drawn weaker."""
    bend = restore_curvature(np.moveaxis(canvas.in_units(answer), 0, -1))  # (H, W, 2), 1/m
    colors = np.full((*bend.shape[:2], 3), 127.0)
    colors[..., :2] += 127 * np.arctan(bend / SOFT_BEND) / (np.pi / 2)
    return _bytes(colors)


def gray(white: float = 1.0) -> Painter:
    """From -1, black, to ``white``."""

    def paint(canvas: Canvas, answer: Array) -> Pixels:
        return _bytes(np.repeat(255 * (answer[0] + 1)[..., None] / (white + 1), 3, axis=-1))

    return paint


def semantic(canvas: Canvas, answer: Array) -> Pixels:
    """The colors of the contact sheet; class 0 is the background."""
    colors: Pixels = SEMANTIC_COLORS[1:][answer]
    return colors


def segments(canvas: Canvas, answer: Array) -> Pixels:
    """A color a segment, whose number means nothing; or the directions of an embedding."""
    return principal_colors(answer) if answer.ndim == 3 else numbered(canvas, answer)


def numbered(canvas: Canvas, answer: Array) -> Pixels:
    """A fixed color for each number."""
    colors: Pixels = SEGMENT_COLORS[answer % len(SEGMENT_COLORS)]
    return colors


def principal_colors(embedding: Array) -> Pixels:
    """The three principal components of a (C, H, W) embedding as red, green and blue.

    Alike colors are near in the embedding, and so one segment. Each component runs from its 1st
    to its 99th percentile; its sign is that which makes the largest weight positive.
    """
    points = embedding.reshape(len(embedding), -1).T.astype(np.float64)  # (H W, C)
    points -= points.mean(axis=0)
    _, axes = np.linalg.eigh(points.T @ points)
    axes = axes[:, :-4:-1]  # (C, 3), the largest first
    axes = axes * np.sign(np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], axis=0))
    parts = points @ axes
    low, high = np.percentile(parts, TAILS, axis=0)
    share = (parts - low) / np.maximum(high - low, 1e-9)
    colors = np.zeros((len(points), 3))
    colors[:, : share.shape[1]] = 255 * share
    return _bytes(colors.reshape(*embedding.shape[1:], 3))


def plain_map(canvas: Canvas, answer: Array) -> Pixels:
    """Any other map: gray, colors, or the principal components of its channels."""
    if len(answer) == 1:
        return gray()(canvas, answer)
    return as_pixels(answer) if len(answer) == 3 else principal_colors(answer)


def _bytes(colors: Array) -> Pixels:
    return np.rint(colors).clip(0, 255).astype(np.uint8)
