"""Exact classes: of each pixel, of the view's main object, and of its room."""

from __future__ import annotations

import numpy as np

from encoders.errors import UnknownNameError
from encoders.scenes.furniture import OBJECTS, SEMANTIC
from encoders.scenes.homes.rooms import SCENES
from encoders.scenes.labels.raycast_view import RaycastView
from taskgraph.arrays import Floats, Floats32, Pixels

UNCERTAIN = 0
"""Value of pixels without a class; Taskonomy's losses ignore it."""

BACKGROUND = 1
FIRST_CLASS = 2

LEAST_SHARE = 0.02
"""Least share of the picture that the main object must cover."""

CENTER_SPREAD = 0.25
"""Standard deviation of the Gaussian weight around the center, in widths of the picture."""


def segment_semantic(view: RaycastView) -> Pixels:
    """Return the class of each pixel, with the numbers of Taskonomy's files.

    Labels are exact for objects of any size: one pixel of a bottle is a bottle.

    Returns
    -------
    (size, size) uint8 array
        0 for pixels without a surface (through a window), 1 for the background (the building itself
        and furniture of other classes), 2 + k for class k of `furniture.SEMANTIC`.
    """
    values = {kind: FIRST_CLASS + k for k, kind in enumerate(SEMANTIC)}
    kinds = view.raycaster.building.instance_kind
    table = np.array([*(values.get(kind, BACKGROUND) for kind in kinds), UNCERTAIN], dtype=np.uint8)
    # Rays without a hit have the instance -1: the last entry.
    return np.asarray(view.grid(table[view.hits.instance]), dtype=np.uint8)


def class_object(view: RaycastView) -> Floats32:
    r"""Return the class of the view's main object.

    The piece of furniture with the largest weight among those that cover at least 2 % of the
    picture; the weight of a piece is the sum over its pixels of

    .. math:: \exp\left(-\frac{r^2}{2 \cdot 0.25^2}\right),

    r being the pixel's distance from the middle of the picture in widths of the picture. Each
    piece counts by itself: six chairs are not one large object. Of equal weights, the class that
    comes first in `furniture.OBJECTS` wins.

    Returns
    -------
    (K,) float32 array
        One at the class in `furniture.OBJECTS`, else zero; all zero (no valid label) where no
        piece covers 2 %.
    """
    numbers = {kind: k for k, kind in enumerate(OBJECTS)}
    kinds = view.raycaster.building.instance_kind
    classes = np.array([*(numbers.get(kind, -1) for kind in kinds), -1])  # -1: not furniture
    seen = view.hits.instance
    area = np.bincount(seen + 1, minlength=len(kinds) + 1)[1:]
    weight = np.bincount(seen + 1, weights=_closeness(view.size), minlength=len(kinds) + 1)[1:]
    able = np.flatnonzero((classes[:-1] >= 0) & (area >= LEAST_SHARE * view.size**2))
    label = np.zeros(len(OBJECTS), dtype=np.float32)
    if len(able):
        # Sums of the same weights in another order differ in their last bits; they count as equal.
        order = np.lexsort((classes[able], -np.round(weight[able], 9)))
        label[classes[able[order[0]]]] = 1
    return label


def class_scene(view: RaycastView) -> Floats32:
    """Return the type of the camera's room; in a doorway, that of the nearest room.

    Returns
    -------
    (K,) float32 array
        One at the type in `rooms.SCENES`, else zero.

    Raises
    ------
    UnknownNameError
        If the room's type is none of `rooms.SCENES`.
    """
    rooms, place = view.raycaster.building.rooms, view.camera.position
    apart = [np.maximum(np.maximum(room.low - place, place - room.high), 0) for room in rooms]
    kind = rooms[int(np.argmin([(gap**2).sum() for gap in apart]))].kind
    if kind not in SCENES:
        raise UnknownNameError(
            f"room type {kind!r} is unknown, expected one of {', '.join(SCENES)}"
        )
    label = np.zeros(len(SCENES), dtype=np.float32)
    label[SCENES.index(kind)] = 1
    return label


def _closeness(size: int) -> Floats:
    """Return the (size * size,) weights of pixels by their distance from the middle."""
    offset = (np.arange(size) + 0.5) / size - 0.5
    falloff = np.exp(-(offset**2) / (2 * CENTER_SPREAD**2))
    return np.asarray(np.multiply.outer(falloff, falloff).ravel())
