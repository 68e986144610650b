"""Checks of the images and labels that a user gives to `FineTuned`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.finetune.pictures import PictureFiles
from encoders.errors import InvalidDataError
from taskgraph.arrays import Array, Integers, Pixels

Images = Pixels | Sequence[Pixels]
"""(N, H, W, C) bytes, or a sequence of (H, W, C) bytes of any height and width."""
LAYOUT = "expected bytes (uint8) of shape (N, H, W, C), C = 1 or 3, or a list of (H, W, C)"


def checked_images(images: Any) -> Images:
    """Return images with a last axis of channels.

    Parameters
    ----------
    images : array or sequence of arrays
        (N, H, W, C) or (N, H, W) bytes, or a list of (H, W, C) or (H, W) bytes. Other sequences
        than lists and tuples, such as `PictureFiles`, are not read but returned.

    Raises
    ------
    InvalidDataError
        If the type, the shape or the number of channels differs.
    """
    if isinstance(images, list | tuple):
        pictures = [_with_channels(np.asarray(each), f"image {n}") for n, each in enumerate(images)]
        channels = {each.shape[2] for each in pictures}
        if len(channels) > 1:
            raise InvalidDataError("images of 1 and of 3 channels are mixed, expected one number")
        _check_count(len(pictures))
        return pictures
    if isinstance(images, Sequence):
        _check_count(len(images))
        return images
    array = np.asarray(images)
    if array.ndim not in (3, 4):
        raise InvalidDataError(f"images of shape {array.shape}, {LAYOUT}")
    if array.ndim == 3:
        array = array[..., None]
    _check_count(len(array))
    _check_bytes(array, "images")
    return array


def _with_channels(picture: Array, what: str) -> Pixels:
    """Return one picture as (H, W, C) bytes."""
    if picture.ndim == 2:
        picture = picture[..., None]
    if picture.ndim != 3:
        raise InvalidDataError(f"{what} has shape {picture.shape}, {LAYOUT}")
    _check_bytes(picture, what)
    return picture


def _check_count(count: int) -> None:
    if not count:
        raise InvalidDataError(f"there are no images, {LAYOUT}")


def _check_bytes(array: Array, what: str) -> None:
    """Raise InvalidDataError if an array is not of bytes, or has another number of channels."""
    if array.dtype != np.uint8:
        raise InvalidDataError(
            f"{what} of type {array.dtype}, expected bytes (uint8) from 0 to 255; for numbers in "
            "[0, 1] give (255 * X).round().astype(numpy.uint8)"
        )
    if array.shape[-1] not in (1, 3):
        raise InvalidDataError(
            f"{what} with {array.shape[-1]} channels in the last axis, expected 1 or 3; X[..., :3] "
            "leaves out transparency"
        )


def checked_labels(labels: Any, count: int) -> Array:
    """Return the labels of images as a one-dimensional array.

    Raises
    ------
    InvalidDataError
        If there are not as many as images, they are missing, or they name fewer than two classes.
    """
    if labels is None:
        raise InvalidDataError("y is None, expected the class of each image")
    array = np.asarray(labels)
    if array.ndim != 1 or len(array) != count:
        raise InvalidDataError(
            f"labels of shape {array.shape} for {count} images, expected ({count},)"
        )
    if array.dtype.kind == "f" and not np.array_equal(array, array.round()):
        raise InvalidDataError("labels that are not whole numbers; FineTuned is a classifier")
    return array


def checked_classes(labels: Array) -> Array:
    """Return the sorted classes.

    Raises
    ------
    InvalidDataError
        If there is only one.
    """
    classes: Array = np.unique(labels)
    if len(classes) < 2:
        raise InvalidDataError(
            f"all labels are {classes[0]!s}, expected at least two classes to tell apart"
        )
    return classes


def chosen_images(images: Images, rows: Integers) -> Images:
    """Return the images of these numbers; files are not read."""
    if isinstance(images, np.ndarray):
        return images[rows]
    if isinstance(images, PictureFiles):
        return PictureFiles(tuple(images.paths[row] for row in rows), images.gray)
    return [images[row] for row in rows]


def labeled_images(pair: tuple[Any, Any], classes: Array) -> tuple[Images, Integers]:
    """Return validation images, and the places of their labels among the classes."""
    if not len(pair[0]):
        return np.zeros((0, 1, 1, 3), np.uint8), np.zeros(0, np.int64)
    images = checked_images(pair[0])
    labels = checked_labels(pair[1], len(images))
    unknown = labels[~np.isin(labels, classes)]
    if len(unknown):
        raise InvalidDataError(
            f"the class {unknown[0]!s} has validation images but no training images"
        )
    return images, np.searchsorted(classes, labels)
