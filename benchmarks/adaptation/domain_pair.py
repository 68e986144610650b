"""A source and a target domain as tensors: what an adaptation is trained, chosen and tested on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.data.data import TEST, TRAIN, VAL, Data
from benchmarks.learning.classifier import image_tensor
from benchmarks.learning.subsets import nested_subset
from taskgraph.arrays import Integers
from taskgraph.errors import InvalidTableError

DIGIT_SIZE, DIGIT_MARGIN = 28, 4
"""Side of a digit's picture, and the width of MNIST's black margin, in pixels."""


@dataclass(frozen=True, eq=False)
class DomainImages:
    """Images, or their frozen features, and their classes.

    Attributes
    ----------
    images : (N, C, H, W) tensor of bytes, or (N, D) tensor of features
    labels : (N,) array
        Places in the classes of the pair; -1 where a class is not known.
    """

    images: Tensor
    labels: Integers

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class DomainPair:
    """A source with labels and a target without.

    Attributes
    ----------
    source, target : str
        Names of the domains.
    classes : tuple of str
        Classes that both have.
    source_train, source_val : LabeledImages
    target_train, target_val, target_test : LabeledImages
        Labels of ``target_train`` serve the target-supervised reference alone, those of
        ``target_val`` this reference and the oracle, those of ``target_test`` the reported
        measures.
    """

    source: str
    target: str
    classes: tuple[str, ...]
    source_train: DomainImages
    source_val: DomainImages
    target_train: DomainImages
    target_val: DomainImages
    target_test: DomainImages

    @property
    def labeled(self) -> bool:
        """Return whether the classes of the target are known."""
        return bool((self.target_test.labels >= 0).all())

    @property
    def channels(self) -> int:
        """Return the number of channels of all images."""
        return int(self.source_train.images.shape[1])


@dataclass(frozen=True)
class PairSizes:
    """Numbers of images that are used of a domain.

    Attributes
    ----------
    train, val, test : int
        At most so many of each split.
    """

    train: int
    val: int
    test: int


def make_pair(source: Data, target: Data, sizes: PairSizes, seed: int) -> DomainPair:
    """Return the pair of two data sets with the same classes, whose splits are kept.

    Both are resized to one size and number of channels (`fitted_images`). A seed draws the
    training images. Validation and test images are the same ones for every seed.

    Raises
    ------
    InvalidTableError
        If a set has no labels or no images, or a split is empty.
    """
    if source.classes != target.classes:
        raise InvalidTableError(
            f"{source.name} and {target.name} have different classes; keep the common ones"
        )
    pictures = source.images and target.images
    channels = max(source.inputs.shape[3], target.inputs.shape[3]) if pictures else 0
    size = max(source.inputs.shape[1], target.inputs.shape[1])
    mine, theirs = (_parts(each, sizes, seed, size, channels) for each in (source, target))
    return DomainPair(
        source.name,
        target.name,
        source.classes,
        mine[TRAIN],
        mine[VAL],
        theirs[TRAIN],
        theirs[VAL],
        theirs[TEST],
    )


def _parts(
    data: Data, sizes: PairSizes, seed: int, size: int, channels: int
) -> dict[str, DomainImages]:
    """Return the images and labels of each split."""
    found = {}
    wanted = {TRAIN: (sizes.train, seed), VAL: (sizes.val, 0), TEST: (sizes.test, 0)}
    for split, (most, drawn) in wanted.items():
        rows = np.asarray(data.splits.get(split, np.zeros(0, np.int64)))
        if not len(rows):
            raise InvalidTableError(
                f"{data.name} has no image in its split {split}; add more images"
            )
        kept = _kept_rows(data, rows, most, drawn)
        images = fitted_images(data, kept, size, channels)
        labels = np.full(len(kept), -1) if data.labels is None else data.labels[kept]
        found[split] = DomainImages(images, labels)
    return found


def _kept_rows(data: Data, rows: Integers, most: int, seed: int) -> Integers:
    """Return at most so many rows of a split, with the shares of the classes kept."""
    labels = np.full(len(rows), -1) if data.labels is None else data.labels[rows]
    kept: Integers = rows[nested_subset(labels, min(most, len(rows)), seed)]
    return kept


def rows_of_test(data: Data, most: int) -> Integers:
    """Return the rows of a target that are its test images in a pair, in their order."""
    return _kept_rows(data, np.asarray(data.splits[TEST]), most, 0)


def spread_rows(count: int, most: int) -> Integers:
    """Return at most ``most`` rows of ``count``, spread evenly over them, in their order.

    Data sets are often sorted by class or by building, so that their first rows are of a few.
    """
    kept: Integers = np.linspace(0, count - 1, min(most, count)).round().astype(np.int64)
    return kept


def fitted_images(data: Data, rows: Integers, size: int, channels: int) -> Tensor:
    """Return images of a set at a size and with a number of channels, (N, channels, size, size).

    Features are returned as they are, (N, D).

    Images of 8 x 8 pixels whose pair has 28 are UCI's digits, which have no margin: they get that
    of MNIST, so that digits are equally large.
    """
    if not data.images:
        return torch.from_numpy(np.asarray(data.inputs[rows], np.float32))
    images = image_tensor(np.ascontiguousarray(data.inputs[rows]))
    margin = DIGIT_MARGIN if images.shape[2] == 8 and size == DIGIT_SIZE else 0
    inner = size - 2 * margin
    if images.shape[2] != inner or images.shape[3] != inner:
        resized = F.interpolate(
            images.float(), (inner, inner), mode="bilinear", antialias=True, align_corners=False
        )
        images = resized.round().clamp(0, 255).to(torch.uint8)
    if margin:
        images = F.pad(images, (margin,) * 4)
    return images.expand(-1, channels, -1, -1).contiguous()
