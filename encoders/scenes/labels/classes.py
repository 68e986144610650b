"""What a view shows, exactly: the class of each pixel, of its main object, and of its room."""

from __future__ import annotations

import numpy as np

from encoders.errors import UnknownNameError
from encoders.scenes.furniture import OBJECTS, SEMANTIC
from encoders.scenes.homes.rooms import SCENES
from encoders.scenes.labels.sight import Sight
from taskgraph.arrays import Floats, Floats32, Pixels

UNCERTAIN = 0
"""Value of pixels without a class: the data's own mark for what a loss is to leave out."""

BACKGROUND = 1
FIRST_CLASS = 2

LEAST_SHARE = 0.02
"""Share of the picture that an object must cover to be what the picture is of."""

CENTER_SPREAD = 0.25
"""Standard deviation (widths of the picture) of the Gaussian by which the center counts more."""


def segment_semantic(sight: Sight) -> Pixels:
    """The class of what each pixel sees: the values of Taskonomy's files.

    Labels are exact however small an object is: one pixel of a bottle is a bottle.

    Returns
    -------
    (size, size) uint8 array
        0 where no surface is met (through a window), 1 for the background (the building itself
        and furniture of other classes), 2 + k for class k of `furniture.SEMANTIC`.
    """
    values = {kind: FIRST_CLASS + k for k, kind in enumerate(SEMANTIC)}
    kinds = sight.caster.building.instance_kind
    table = np.array([*(values.get(kind, BACKGROUND) for kind in kinds), UNCERTAIN], dtype=np.uint8)
    # Where nothing was met, the instance is -1: the last entry.
    return np.asarray(sight.grid(table[sight.hits.instance]), dtype=np.uint8)


def class_object(sight: Sight) -> Floats32:
    r"""The class of the view's main object.

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
    kinds = sight.caster.building.instance_kind
    classes = np.array([*(numbers.get(kind, -1) for kind in kinds), -1])  # -1: not furniture
    seen = sight.hits.instance
    area = np.bincount(seen + 1, minlength=len(kinds) + 1)[1:]
    weight = np.bincount(seen + 1, weights=_closeness(sight.size), minlength=len(kinds) + 1)[1:]
    able = np.flatnonzero((classes[:-1] >= 0) & (area >= LEAST_SHARE * sight.size**2))
    label = np.zeros(len(OBJECTS), dtype=np.float32)
    if len(able):
        # Sums of the same weights in another order differ in their last bits: they tie.
        order = np.lexsort((classes[able], -np.round(weight[able], 9)))
        label[classes[able[order[0]]]] = 1
    return label


def class_scene(sight: Sight) -> Floats32:
    """The type of the room that the camera stands in; of the nearest room if in none (a doorway).

    Returns
    -------
    (K,) float32 array
        One at the type in `rooms.SCENES`, else zero.

    Raises
    ------
    UnknownNameError
        If the room's type is none of `rooms.SCENES`.
    """
    rooms, place = sight.caster.building.rooms, sight.camera.position
    apart = [np.maximum(np.maximum(room.low - place, place - room.high), 0) for room in rooms]
    kind = rooms[int(np.argmin([(gap**2).sum() for gap in apart]))].kind
    if kind not in SCENES:
        raise UnknownNameError(f"room type {kind!r} is none of the scenes: {', '.join(SCENES)}")
    label = np.zeros(len(SCENES), dtype=np.float32)
    label[SCENES.index(kind)] = 1
    return label


def _closeness(size: int) -> Floats:
    """(size * size,) weight of each pixel by its distance from the middle, row by row."""
    offset = (np.arange(size) + 0.5) / size - 0.5
    falloff = np.exp(-(offset**2) / (2 * CENTER_SPREAD**2))
    return np.asarray(np.multiply.outer(falloff, falloff).ravel())
