"""Which task is drawn how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from encoders.codecs.jigsaw import tile_orders
from encoders.draw import maps, strokes, words
from encoders.draw.canvas import Canvas, as_pixels, montage
from encoders.scenes.contact_sheets.panels import UNSEEN, enlarged, written
from encoders.tasks import Task
from encoders.tasks.sample import scaled_pictures
from taskgraph.arrays import Array

Painter = Callable[[Canvas, Array], Image.Image]


def puzzle(canvas: Canvas, answer: Array) -> Image.Image:
    """The nine pieces, put where the likeliest order says that they come from."""
    order = tile_orders()[int(answer.argmax())]
    pieces = [as_pixels(canvas.given[place]) for place in np.argsort(order)]
    return montage(pieces, canvas.tile)


MAPS: dict[str, maps.Painter] = {
    "autoencoder": maps.restored,
    "colorization": maps.recolored,
    "curvature": maps.curvature,
    "denoise": maps.restored,
    "edge3d": maps.gray(white=0.0),
    "impainting_whole": maps.restored,
    "keypoint2d": maps.gray(white=0.25),
    "keypoint3d": maps.gray(white=0.0),
    "rgb2depth": maps.depth,
    "rgb2mist": maps.depth,
    "rgb2sfnorm": maps.normals,
    "segmentsemantic_rb": maps.semantic,
}
"""Tasks whose answer is a picture; others are drawn as `MAPS_OF_KIND` says.

Occlusion edges and keypoints are faint over most of a picture, hence white below 1.
"""

MAPS_OF_KIND: dict[str, maps.Painter] = {
    "map": maps.plain_map,
    "class_map": maps.numbered,
    "segments": maps.segments,
}

TILES: dict[str, Painter] = {
    "ego_motion": strokes.egomotion,
    "fix_pose": strokes.pose,
    "jigsaw": puzzle,
    "non_fixated_pose": strokes.pose,
    "point_match": words.match,
    "room_layout": strokes.layout,
    "vanishing_point_well_defined": strokes.vanishing,
}
"""Tasks whose answer is a few numbers; others are drawn as `TILES_OF_KIND` says."""

TILES_OF_KIND: dict[str, Painter] = {"vector": words.numbers, "classes": words.classes}


def draw(canvas: Canvas, answer: Array, mask: ArrayLike | None = None) -> Image.Image:
    """A tile with an answer (`encoders.draw.answers`), predicted or true.

    Parameters
    ----------
    mask : (H, W) bool array, or one bool, optional
        Where the answer counts, for labels: other pixels take the color of what sees nothing.
    """
    task = canvas.task
    assert task.output is not None
    counts = np.asarray(True if mask is None else mask)
    if not counts.any():
        return written("no other view" if task.partners else "no label", canvas.tile)
    if not task.output.pixels:
        return TILES.get(task.name, TILES_OF_KIND[task.output.kind])(canvas, answer)
    pixels = MAPS.get(task.name, MAPS_OF_KIND[task.output.kind])(canvas, answer)
    counts = np.broadcast_to(counts, pixels.shape[:2] if counts.ndim == 0 else counts.shape)
    fine = [len(pixels) // counts.shape[0], pixels.shape[1] // counts.shape[1]]
    counts = counts.repeat(fine[0], axis=0).repeat(fine[1], axis=1)
    pixels = np.where(counts[..., None], pixels, np.array(UNSEEN, dtype=np.uint8))
    return enlarged(pixels, canvas.tile, whole=task.output.kind != "map")


def draw_input(canvas: Canvas) -> Image.Image:
    """What the network is given: one picture, or several in a tile.

    Of cameras, each has a frame in the color that `strokes.plan` draws it with.
    """
    pictures = [as_pixels(one) for one in canvas.given]
    if len(pictures) == 1:
        return canvas.picture()
    kind = canvas.task.output.kind if canvas.task.output else ""
    frames: Any = strokes.FRAMES.get(len(pictures), ()) if kind == "vector" else ()
    return montage(pictures, canvas.tile, frames)


def has_own_input(task: Task) -> bool:
    """Whether a network is given anything but the view's own picture as it is."""
    return task.inputs > 1 or task.prepare is not scaled_pictures
