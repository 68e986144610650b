"""Tasks on labeled images: their classes, and numbers that are computed from classes or pixels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from scipy.ndimage import distance_transform_edt
from skimage.morphology import skeletonize

from benchmarks.data.packages import DIGITS, GARMENTS
from taskgraph.arrays import Array, Floats, Integers

INK = 128
"""Gray level from which a pixel belongs to a stroke."""

COARSE = 7
"""Side of the small picture that the task ``coarse`` predicts."""

KINDS = MappingProxyType(
    {
        "top": ("T-shirt/top", "pullover", "coat", "shirt"),
        "trouser": ("trouser",),
        "dress": ("dress",),
        "shoe": ("sandal", "sneaker", "ankle boot"),
        "bag": ("bag",),
    }
)
"""The kind of each garment of Fashion-MNIST."""


@dataclass(frozen=True)
class DerivedLabel:
    """A task on labeled images.

    Attributes
    ----------
    make : callable
        From (N, H, W) gray images of bytes, (N,) labels and the names of the classes to N class
        numbers, or to (N, D) numbers.
    classes : callable, optional
        From the names of the classes to the task's number of classes; None for numbers.
    """

    make: Callable[[Array, Integers, tuple[str, ...]], Array]
    classes: Callable[[tuple[str, ...]], int] | None = None


def stroke_thickness(image: Array) -> float:
    """Return the mean thickness of the strokes of a digit, in pixels; 0 for an empty image.

    It is twice the mean, over the strokes' skeleton, of the distance to the background, less 1,
    since the distance from a pixel's center to the next one's is 1 (after Castro et al., Morpho-
    MNIST, JMLR 2019, section 3.1).

    Parameters
    ----------
    image : (H, W) array of bytes
        Pixels from `INK` on belong to strokes.
    """
    ink = np.pad(np.asarray(image) >= INK, 1)
    skeleton = skeletonize(ink)  # type: ignore[no-untyped-call]
    if not skeleton.any():
        return 0.0
    return float(2 * distance_transform_edt(ink)[skeleton].mean() - 1)


def light(image: Array) -> float:
    """Return by how many gray levels the right half of an image is brighter than the left."""
    half = np.asarray(image).shape[1] // 2
    return float(np.mean(image[:, -half:], dtype=np.float64) - np.mean(image[:, :half]))


def coarse(images: Array) -> Floats:
    """Return (N, 49) mean gray levels of 7 x 7 blocks, scaled from bytes to [-1, 1]."""
    count, height, width = images.shape
    blocks = np.asarray(images, dtype=np.float64).reshape(
        count, COARSE, height // COARSE, COARSE, width // COARSE
    )
    small: Floats = blocks.mean((2, 4)).reshape(count, -1) / 127.5 - 1
    return small


def kind(labels: Integers) -> Integers:
    """Return the number of the kind (`KINDS`) of each garment."""
    of = [
        number
        for garment in GARMENTS
        for number, garments in enumerate(KINDS.values())
        if garment in garments
    ]
    return np.array(of, dtype=np.int64)[labels]


_CLASS = DerivedLabel(lambda images, labels, names: labels, len)
_LIGHT = DerivedLabel(lambda images, labels, names: np.array([[light(each)] for each in images]))
_COARSE = DerivedLabel(lambda images, labels, names: coarse(images))
_PARITY = DerivedLabel(lambda images, labels, names: labels % 2, lambda names: 2)
_THICKNESS = DerivedLabel(
    lambda images, labels, names: np.array([[stroke_thickness(each)] for each in images])
)
_KIND = DerivedLabel(lambda images, labels, names: kind(labels), lambda names: len(KINDS))


def derived_labels(classes: tuple[str, ...], name: str = "") -> Mapping[str, DerivedLabel]:
    """Return the tasks of a set with these classes; the first two are trained by default.

    Sets of digits also have a third one, ``thickness``, by default.

    Parameters
    ----------
    classes : tuple of str
        Names of the set's classes.
    name : str
        Name of the set; the classes of ``orl-faces`` are called persons.
    """
    if classes == DIGITS:
        own = {"digit": _CLASS, "parity": _PARITY, "thickness": _THICKNESS}
        return {**own, "light": _LIGHT, "coarse": _COARSE}
    if classes == GARMENTS:
        return {"garment": _CLASS, "kind": _KIND, "light": _LIGHT, "coarse": _COARSE}
    main = "person" if name == "orl-faces" else "class"
    return {main: _CLASS, "light": _LIGHT, "coarse": _COARSE}


def default_labels(classes: tuple[str, ...]) -> int:
    """Return how many of a set's tasks are trained by default."""
    return 3 if classes == DIGITS else 2
