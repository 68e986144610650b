"""Painters by task: how each task's answers and inputs are drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from encoders.codecs.jigsaw import tile_orders
from encoders.draw import cameras, maps, words
from encoders.draw.canvas import Canvas, as_pixels
from encoders.draw.tiles import UNSEEN, as_tile, montage, text_tile
from encoders.tasks import Task
from encoders.tasks.sample import scaled_pictures
from taskgraph.arrays import Array

Painter = Callable[[Canvas, Array], Image.Image]
"""Draws an answer as a tile."""


def puzzle(canvas: Canvas, answer: Array) -> Image.Image:
    """Put the nine pieces back to where the likeliest order says that they come from."""
    order = tile_orders()[int(answer.argmax())]
    pieces = [as_pixels(canvas.inputs[place]) for place in np.argsort(order)]
    return montage(pieces, canvas.tile)


MAPS: dict[str, maps.MapPainter] = {
    "autoencoder": maps.paint_restored,
    "colorization": maps.paint_recolored,
    "curvature": maps.paint_curvature,
    "denoise": maps.paint_restored,
    "edge3d": maps.gray_painter(white=0.0),
    "impainting_whole": maps.paint_restored,
    "keypoint2d": maps.gray_painter(white=0.25),
    "keypoint3d": maps.gray_painter(white=0.0),
    "rgb2depth": maps.paint_depth,
    "rgb2mist": maps.paint_depth,
    "rgb2sfnorm": maps.paint_normals,
    "segmentsemantic_rb": maps.paint_semantic,
}
"""Painters of tasks whose answer has a value for each pixel; `MAPS_OF_KIND` draws other tasks.

Occlusion edges and keypoints are faint in most of a picture, so values below 1 are white already.
"""

MAPS_OF_KIND: dict[str, maps.MapPainter] = {
    "map": maps.paint_map,
    "class_map": maps.paint_numbers,
    "segments": maps.paint_segments,
}

TILES: dict[str, Painter] = {
    "ego_motion": cameras.draw_egomotion,
    "fix_pose": cameras.draw_pose,
    "jigsaw": puzzle,
    "non_fixated_pose": cameras.draw_pose,
    "point_match": words.draw_match,
    "room_layout": cameras.draw_layout,
    "vanishing_point_well_defined": cameras.draw_vanishing_points,
}
"""Painters of tasks whose answer is a few numbers; `TILES_OF_KIND` draws other tasks."""

TILES_OF_KIND: dict[str, Painter] = {"vector": words.draw_numbers, "classes": words.draw_classes}


def draw_answer(canvas: Canvas, answer: Array, mask: ArrayLike | None = None) -> Image.Image:
    """Draw an answer (`encoders.draw.answers`), predicted or true, as a tile.

    Parameters
    ----------
    mask : (H, W) bool array, or one bool, optional
        Pixels that have a label; others get the color `UNSEEN`.
    """
    task = canvas.task
    assert task.output is not None
    labeled = np.asarray(True if mask is None else mask)
    if not labeled.any():
        return text_tile("no other view" if task.partners else "no label", canvas.tile)
    if not task.output.pixels:
        return TILES.get(task.name, TILES_OF_KIND[task.output.kind])(canvas, answer)
    pixels = MAPS.get(task.name, MAPS_OF_KIND[task.output.kind])(canvas, answer)
    labeled = np.broadcast_to(labeled, pixels.shape[:2] if labeled.ndim == 0 else labeled.shape)
    repeats = [len(pixels) // labeled.shape[0], pixels.shape[1] // labeled.shape[1]]
    labeled = labeled.repeat(repeats[0], axis=0).repeat(repeats[1], axis=1)
    pixels = np.where(labeled[..., None], pixels, np.array(UNSEEN, dtype=np.uint8))
    return as_tile(pixels, canvas.tile, exact=task.output.kind != "map")


def draw_input(canvas: Canvas) -> Image.Image:
    """Draw the network's input: one picture, or several in a tile.

    Pictures of several cameras have frames in the cameras' colors on `cameras.camera_map`.
    """
    pictures = [as_pixels(one) for one in canvas.inputs]
    if len(pictures) == 1:
        return canvas.picture()
    kind = canvas.task.output.kind if canvas.task.output else ""
    frames: Any = cameras.FRAMES.get(len(pictures), ()) if kind == "vector" else ()
    return montage(pictures, canvas.tile, frames)


def has_own_input(task: Task) -> bool:
    """Return whether the network's input is anything but the unchanged picture of the view."""
    return task.inputs > 1 or task.prepare is not scaled_pictures
