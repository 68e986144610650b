"""Colors of answers that have a value for each pixel, on fixed scales.

A color means the same number in every picture, so predictions, labels and views can be compared.
"""

from __future__ import annotations

from collections.abc import Callable

import matplotlib
import numpy as np

from encoders.codecs.colors import colored, expected_ab
from encoders.codecs.pixels import CENTER, DEPTH_STEPS, restore_curvature
from encoders.draw.canvas import Canvas, as_pixels
from encoders.tasks.curves import log_depth
from taskgraph.arrays import Array, Pixels

MapPainter = Callable[[Canvas, Array], Pixels]

NEAR, FAR = 0.5, 8.0
"""Depths (meters) that the color scale begins and ends at."""

HALF_CURVATURE = 4.0
"""Curvature (1/m) that is drawn half as strong as an infinite one."""

TAILS = (1, 99)
"""Percentiles of an embedding's principal components that become the darkest and brightest."""

_HUES = matplotlib.colormaps["tab20"]([*range(14), 16, 17])[:, :3]
SEMANTIC_COLORS: Pixels = np.vstack([np.full((1, 3), 205), np.rint(255 * _HUES)]).astype(np.uint8)
"""Colors of the background and of the 16 classes of semantic segmentation."""

SEGMENT_COLORS = np.random.default_rng(26).integers(60, 256, (256, 3), dtype=np.uint8)
"""Colors of the segments 0 to 255; later segments repeat them."""


def paint_restored(canvas: Canvas, answer: Array) -> Pixels:
    """Return the picture itself, (3, H, W) in [-1, 1]."""
    return as_pixels(answer)


def paint_recolored(canvas: Canvas, answer: Array) -> Pixels:
    """Color the input's lightness by the (Q, H, W) probabilities of color bins."""
    light = np.moveaxis(canvas.inputs[0], 0, -1)
    return colored(light, expected_ab(np.moveaxis(answer, 0, -1)))


def paint_depth(canvas: Canvas, answer: Array) -> Pixels:
    """Color logarithms of depths by `depth_colors`."""
    return _log_depth_colors(answer[0])


def depth_colors(meters: Array) -> Pixels:
    """Return viridis colors of depths: `NEAR` is dark, `FAR` is bright, on a logarithmic scale."""
    return _log_depth_colors(log_depth(DEPTH_STEPS * meters))


def _log_depth_colors(logarithms: Array) -> Pixels:
    low, high = log_depth(DEPTH_STEPS * np.array([NEAR, FAR]))
    share = ((logarithms - low) / (high - low)).clip(0, 1)
    return _bytes(255 * matplotlib.colormaps["viridis"](share)[..., :3])


def paint_normals(canvas: Canvas, answer: Array) -> Pixels:
    """Color unit normals as Taskonomy's files do: 127 + 127 (x, y, z)."""
    return _bytes(CENTER + 127 * np.moveaxis(answer, 0, -1))


def paint_curvature(canvas: Canvas, answer: Array) -> Pixels:
    """Color the two principal curvatures: red is the larger, green the smaller one, gray is flat.

    The scale is an arctangent: see `HALF_CURVATURE`.
    """
    values = restore_curvature(np.moveaxis(canvas.in_units(answer), 0, -1))  # (H, W, 2), 1/m
    colors = np.full((*values.shape[:2], 3), 127.0)
    colors[..., :2] += 127 * np.arctan(values / HALF_CURVATURE) / (np.pi / 2)
    return _bytes(colors)


def gray_painter(white: float = 1.0) -> MapPainter:
    """Return a painter of one channel in gray: -1 is black, ``white`` is white."""

    def paint(canvas: Canvas, answer: Array) -> Pixels:
        """Draw the channel in gray."""
        return _bytes(np.repeat(255 * (answer[0] + 1)[..., None] / (white + 1), 3, axis=-1))

    return paint


def paint_semantic(canvas: Canvas, answer: Array) -> Pixels:
    """Color each class by `SEMANTIC_COLORS`; class 0 is the background."""
    colors: Pixels = SEMANTIC_COLORS[answer]
    return colors


def paint_segments(canvas: Canvas, answer: Array) -> Pixels:
    """Color segments by their numbers, or an embedding by its principal components."""
    return principal_colors(answer) if answer.ndim == 3 else paint_numbers(canvas, answer)


def paint_numbers(canvas: Canvas, answer: Array) -> Pixels:
    """Color each number by `SEGMENT_COLORS`."""
    colors: Pixels = SEGMENT_COLORS[answer % len(SEGMENT_COLORS)]
    return colors


def principal_colors(embedding: Array) -> Pixels:
    """Draw the first three principal components of a (C, H, W) embedding as red, green and blue.

    Pixels with similar colors have similar embeddings and belong to one segment. The scale of a
    component runs from its 1st to its 99th percentile. Its sign makes its largest weight positive.
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


def paint_map(canvas: Canvas, answer: Array) -> Pixels:
    """Draw one channel in gray, three as a picture, others by their principal components."""
    if len(answer) == 1:
        return gray_painter()(canvas, answer)
    return as_pixels(answer) if len(answer) == 3 else principal_colors(answer)


def _bytes(colors: Array) -> Pixels:
    return np.rint(colors).clip(0, 255).astype(np.uint8)
