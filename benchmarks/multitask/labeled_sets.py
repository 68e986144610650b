"""Real data sets of ``taskgraph bench data`` as sets of which several tasks are learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.data.data import TEST, TRAIN, VAL, Data
from benchmarks.data.registry import load
from benchmarks.multitask.derived_labels import DerivedLabel, default_labels, derived_labels
from benchmarks.multitask.joint_data import PICTURE, JointData, LabeledImages, SharedTask
from benchmarks.results.hashes import value_hash
from encoders.errors import InvalidDataError, UnknownNameError
from encoders.losses import l2, xentropy
from encoders.networks import OutputSpec
from encoders.transfer.data import evenly
from taskgraph.arrays import Array, Integers, Pixels

LENET = "lenet"
SIDE = 28
"""Side of the images in pixels, to which others are reduced."""


@dataclass(frozen=True, eq=False)
class LabeledSource:
    """Tasks of a labeled set of images; see `JointSource`.

    Attributes
    ----------
    images : (N, 28, 28) array of bytes
    labels : (N,) array
    available : dict of DerivedLabel
        All tasks of the set.
    parts : tuple of arrays
        Rows for training, validation and test.
    """

    name: str
    sha256: str
    tasks: tuple[str, ...]
    train_images: int
    images: Pixels
    labels: Integers
    classes: tuple[str, ...]
    available: dict[str, DerivedLabel]
    parts: tuple[Integers, Integers, Integers]

    def load(self, tasks: Sequence[str]) -> JointData:
        """Return the images of each split with the targets of some tasks."""
        made = {task: self._targets(self.available[task]) for task in tasks}
        train, valid, test = (self._images(made, rows) for rows in self.parts)
        sizes = {task: self._size(task, made[task]) for task in tasks}
        known = {task: _shared_task(task, self.available[task], sizes[task]) for task in tasks}
        return JointData(LENET, SIDE, known, train, valid, test)

    def _size(self, task: str, made: dict[int, Array]) -> int:
        classes = self.available[task].classes
        return classes(self.classes) if classes else len(next(iter(made.values())))

    def _targets(self, label: DerivedLabel) -> dict[int, Array]:
        """Return the target of each used row; numbers are standardized by the training rows."""
        rows = np.concatenate(self.parts)
        values = label.make(self.images[rows], self.labels[rows], self.classes)
        if label.classes is None:
            train = values[: len(self.parts[0])]
            scale = train.std()
            values = (values - train.mean()) / (scale if scale > 0 else 1.0)
        return dict(zip(rows.tolist(), values, strict=True))

    def _images(self, made: dict[str, dict[int, Array]], rows: Integers) -> LabeledImages:
        pictures = torch.from_numpy(self.images[rows]).float()[:, None] / 127.5 - 1
        names = tuple(str(row) for row in rows)
        targets = {
            task: _tensor([each[row] for row in rows.tolist()]) for task, each in made.items()
        }
        masks = torch.ones(len(rows), dtype=torch.bool)
        return LabeledImages(
            {PICTURE: pictures},
            {task: (target, masks) for task, target in targets.items()},
            names,
            names,
            self.labels[rows],
        )


def open_labeled(
    name: str, tasks: Sequence[str], counts: tuple[int, int, int], *, root: str | None = None
) -> LabeledSource:
    """Open a set of ``taskgraph bench data``.

    Parameters
    ----------
    tasks : sequence of str
        Tasks of the set, the main task first; empty for the set's default ones.
    counts : (int, int, int)
        Most images for training, validation and test.

    Raises
    ------
    MissingDataError
        If there is no such set, or it is not on this machine.
    InvalidDataError
        If the set has no images or no classes, or a split is empty.
    UnknownNameError
        If the set has no such task, or a task is named twice.
    """
    data = load(name, Path(root) if root else None)
    if not data.images or data.labels is None:
        raise InvalidDataError(
            f"{name} has no images with classes; choose a set of images for --sets, see `taskgraph "
            "bench data`"
        )
    available = dict(derived_labels(data.classes, name))
    chosen = tuple(tasks) or tuple(available)[: default_labels(data.classes)]
    _check(name, chosen, available)
    train, valid, test = (
        evenly(data.splits[split], count)
        for split, count in zip((TRAIN, VAL, TEST), counts, strict=True)
    )
    if not len(valid) or not len(test):
        raise InvalidDataError(f"{name} has no images for validation or for testing")
    return LabeledSource(
        name,
        _hash(data),
        chosen,
        len(train),
        small_gray(data.inputs),
        np.asarray(data.labels),
        data.classes,
        available,
        (train, valid, test),
    )


def _check(name: str, chosen: Sequence[str], available: dict[str, DerivedLabel]) -> None:
    """Raise UnknownNameError for a task that the set lacks, or that is named twice."""
    for place, task in enumerate(chosen):
        if task not in available:
            raise UnknownNameError(f'{name} has no task "{task}"; it has {", ".join(available)}')
        if task in chosen[:place]:
            raise UnknownNameError(f'task "{task}" is named twice in --labels')


def small_gray(images: Array) -> Pixels:
    """Return (N, H, W, C) images of bytes as (N, 28, 28) gray ones, by the mean over areas."""
    gray = torch.from_numpy(np.ascontiguousarray(images)).float().mean(-1)[:, None]
    if gray.shape[2:] != (SIDE, SIDE):
        gray = F.adaptive_avg_pool2d(gray, SIDE)
    small: Pixels = gray[:, 0].round().to(torch.uint8).numpy()
    return small


def _shared_task(name: str, label: DerivedLabel, size: int) -> SharedTask:
    """Return a task with cross-entropy for classes, and the squared error for numbers."""
    classes = label.classes is not None
    loss = xentropy if classes else l2
    output = OutputSpec("classes" if classes else "vector", size)
    return SharedTask(name, PICTURE, output, loss, loss, counts_errors=classes)


def _tensor(values: list[Array]) -> Tensor:
    made = np.asarray(values)
    return torch.from_numpy(made.astype(np.int64 if made.dtype.kind in "iu" else np.float32))


def _hash(data: Data) -> str:
    """Return a hash of the images, the labels and the splits."""
    parts = [data.inputs, data.labels, *(data.splits[split] for split in (TRAIN, VAL, TEST))]
    hashes = [np.ascontiguousarray(part).tobytes() for part in parts if part is not None]
    return value_hash([sha256(each).hexdigest() for each in hashes])
