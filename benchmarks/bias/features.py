"""Features of images by name: pixels, the box of the ink, HOG, and encoders of the bank.

A feature is a function of a set's inputs. Add one to `FEATURES`; the command finds it by its name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from PIL import Image

from benchmarks.data.data import Data
from taskgraph.arrays import Array, Floats, Pixels
from taskgraph.errors import InvalidTableError

Feature = Callable[[Array], Floats]
"""From (N, H, W, C) images of bytes, or (N, D) numbers, to (N, F) features."""

TINY, INK, EDGES = 16, 8, 64
"""Sides in pixels of the images of `pixels`, `ink` and `hog`."""
POOLED = 8
"""Side of the map to which an encoder's representation is averaged."""
BATCH = 256


def given(inputs: Array) -> Floats:
    """Return the features of a set that has features and no images."""
    if inputs.ndim != 2:
        raise InvalidTableError("the set has images; choose their features with --features")
    return inputs.astype(np.float64)


def pixels(images: Pixels) -> Floats:
    """Return tiny images: 16 x 16 pixels in color, in [0, 1], as one row each."""
    return np.stack([_resized(image, TINY).ravel() for image in _colored(images)]) / 255


def ink(images: Pixels) -> Floats:
    """Return the box around the ink of each drawing, at 8 x 8 pixels in [0, 1].

    Ink is what differs from black by more than a quarter of the image's brightest pixel. The box
    is made square around its middle, so that shapes keep their proportions, and resized by area.
    Digits of different sets are thus compared in one size and position.
    """
    gray = _colored(images).mean(axis=3)
    return np.stack([_boxed(each) for each in gray])


def hog(images: Pixels) -> Floats:
    """Return histograms of oriented gradients of the gray image at 64 x 64 pixels.

    scikit-image's, with 9 orientations, cells of 16 x 16 pixels and blocks of 2 x 2 cells: 324
    numbers.
    """
    from skimage.feature import hog as histogram

    gray = (_resized(image, EDGES).mean(axis=2) / 255 for image in _colored(images))
    cells = {"orientations": 9, "pixels_per_cell": (16, 16), "cells_per_block": (2, 2)}
    return np.stack([histogram(each, **cells) for each in gray])


def encoded(images: Pixels, *, task: str) -> Floats:
    """Return the representations of an encoder of the bank that comes with the library.

    Images are resized to the size that the encoder was trained on. Its maps are averaged to 8 x 8.

    Raises
    ------
    MissingPackageError
        If torch is not installed.
    """
    import torch

    from encoders.bank.pretrained import default_bank, form_of, load

    size = form_of(default_bank(), [task]).size
    network = load(task)
    found = []
    colored = _colored(images)
    with torch.no_grad():
        for begin in range(0, len(colored), BATCH):
            chunk = np.stack([_resized(each, size) for each in colored[begin : begin + BATCH]])
            pictures = torch.from_numpy(chunk).permute(0, 3, 1, 2).float() / 127.5 - 1
            if task == "colorization":
                pictures = pictures.mean(dim=1, keepdim=True)
            maps = torch.nn.functional.adaptive_avg_pool2d(network.represent(pictures), POOLED)
            found.append(maps.flatten(1).numpy().astype(np.float64))
    return np.concatenate(found)


FEATURES: dict[str, Feature] = {"given": given, "pixels": pixels, "ink": ink, "hog": hog}


def find_feature(name: str) -> Feature:
    """Return a feature by its name: a key of `FEATURES`, or ``bank:TASK``.

    Raises
    ------
    InvalidTableError
        If there is no such feature.
    UnknownNameError
        If there is no such task.
    """
    kind, _, task = name.partition(":")
    if kind == "bank" and task:
        from encoders.tasks.names import known_name

        return partial(encoded, task=known_name(task))
    if name not in FEATURES:
        raise InvalidTableError(
            f'there are no features "{name}"; expected {", ".join(FEATURES)}, or bank:TASK, such '
            "as bank:normals"
        )
    return FEATURES[name]


def features_of(data: Data, name: str) -> Floats:
    """Return the (N, F) features of a data set.

    Raises
    ------
    InvalidTableError
        If the set has no images but the feature needs them, or a feature is not finite.
    """
    feature = find_feature(name)
    if not data.images and name != "given":
        raise InvalidTableError(f"{data.name} has features and no images; use --features given")
    found = feature(data.inputs)
    wrong = ~np.isfinite(found).all(axis=1)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InvalidTableError(
            f"{data.name}: a feature ({name}) of item {row} is not a finite number; leave that "
            "item out, or mend it"
        )
    return found


def _colored(images: Pixels) -> Pixels:
    """Return images with three channels; gray ones are repeated."""
    return np.repeat(images, 3, axis=3) if images.shape[-1] == 1 else images


def _resized(image: Pixels, size: int) -> Pixels:
    """Return an (H, W, 3) image at size x size pixels."""
    if image.shape[:2] == (size, size):
        return image
    how = Image.Resampling.BOX if min(image.shape[:2]) >= size else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(np.ascontiguousarray(image)).resize((size, size), how))


def _boxed(gray: Floats) -> Floats:
    """Return the square around the ink of one (H, W) drawing as a row of `INK` x `INK` values."""
    rows, columns = np.nonzero(gray > gray.max() / 4)
    if not len(rows):
        return np.zeros(INK * INK)
    box = gray[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    side = max(box.shape)
    square = np.zeros((side, side), np.float32)
    top, left = (side - box.shape[0]) // 2, (side - box.shape[1]) // 2
    square[top : top + box.shape[0], left : left + box.shape[1]] = box
    how = Image.Resampling.BOX if side >= INK else Image.Resampling.BILINEAR
    small = np.asarray(Image.fromarray(square).resize((INK, INK), how), dtype=np.float64)
    return small.ravel() / max(float(small.max()), 1.0)
