"""Labeled images in memory: a pool to train on, validation images and test images."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from torch import Tensor

from benchmarks.data.data import TEST, TRAIN, VAL, contents_of
from benchmarks.data.registry import load
from benchmarks.finetune import made
from benchmarks.finetune.made import Arrays
from benchmarks.finetune.settings import Settings
from benchmarks.learning.classifier import image_tensor
from benchmarks.learning.subsets import nested_subset
from encoders.errors import InvalidDataError
from taskgraph.arrays import Integers

VALIDATED = 150
"""Most validation images of a data set."""


@dataclass(frozen=True, eq=False)
class TargetImages:
    """The labeled images of a target in three splits.

    Attributes
    ----------
    name : str
    classes : int
    train, val, test : (tensor, array)
        (N, C, H, W) bytes, and (N,) labels from 0 to ``classes - 1``. Subsets to train on are drawn
        from ``train``, the pool.
    contents : dict
        For the settings of records: see `contents_of`.
    """

    name: str
    classes: int
    train: tuple[Tensor, Integers]
    val: tuple[Tensor, Integers]
    test: tuple[Tensor, Integers]
    contents: Mapping[str, str] = field(default_factory=dict)

    @property
    def asked(self) -> dict[str, str]:
        """Return the settings of a record that tell the target."""
        return {"target": self.name, **self.contents}

    def subset(self, n: int, seed: int) -> tuple[Tensor, Integers]:
        """Return n images of the pool and their labels, nested over n and stratified by class."""
        rows = self.rows(n, seed)
        return self.train[0][rows], self.train[1][rows]

    def rows(self, n: int, seed: int) -> Integers:
        """Return the rows of `subset` in the pool."""
        return nested_subset(self.train[1], n, seed)

    def sizes(self, wanted: tuple[int, ...]) -> tuple[int, ...]:
        """Return the wanted numbers of training images that the pool has."""
        return tuple(n for n in wanted if n <= len(self.train[1]))

    def of_classes(self, kept: Integers) -> TargetImages:
        """Return the images of some classes, which are renumbered in the order of ``kept``."""

        def chosen(split: tuple[Tensor, Integers]) -> tuple[Tensor, Integers]:
            """Return the images of the kept classes, with their new labels."""
            new = np.full(self.classes, -1)
            new[kept] = np.arange(len(kept))
            labels = new[split[1]]
            return split[0][np.flatnonzero(labels >= 0)], labels[labels >= 0]

        train, val, test = (chosen(each) for each in (self.train, self.val, self.test))
        return replace(self, classes=len(kept), train=train, val=val, test=test)


@functools.cache
def labeled_images(name: str, settings: Settings) -> TargetImages:
    """Return a target by its name: one of `MADE`, or a data set of `benchmarks.data`.

    At most ``settings.pool`` training images, `VALIDATED` validation images and
    ``settings.tested`` test images are kept, with the classes' shares. The choice is the same for
    all seeds.

    Raises
    ------
    MissingDataError
        If the data set is not on this machine.
    """
    if name in MADE:
        return make_labeled(name, MADE[name](settings), settings)
    data = load(name, Path(settings.data_root) if settings.data_root else None)
    if not data.images or data.labels is None:
        raise InvalidDataError(f"the data set {name} has no labeled images; leave it out")
    arrays = {split: (data.inputs[rows], data.labels[rows]) for split, rows in data.splits.items()}
    return replace(make_labeled(name, arrays, settings), contents=contents_of([data]))


def make_labeled(name: str, arrays: Arrays, settings: Settings) -> TargetImages:
    """Return the images of arrays as a target, with at most the settings' number in each split."""
    most = {TRAIN: settings.pool, VAL: VALIDATED, TEST: settings.tested}
    parts = []
    for split in (TRAIN, VAL, TEST):
        images, labels = arrays[split]
        rows = nested_subset(labels, min(most[split], len(labels)), 0)
        parts.append((image_tensor(images[rows]), labels[rows]))
    classes = 1 + max(int(labels.max()) for _, labels in arrays.values())
    train, val, test = parts
    return TargetImages(name, classes, train, val, test)


MADE: dict[str, Callable[[Settings], Arrays]] = {
    "scenes": made.room_types,
    "depth": made.depth_pictures,
    "textures": made.textures,
    "tones": made.tones,
}
"""Targets that this suite makes: from the settings to the images and labels of each split."""
