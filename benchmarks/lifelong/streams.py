"""Streams of labeled images: new classes, new domains or a user's own sets, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmarks.data.data import TEST, TRAIN, VAL, Data
from benchmarks.learning.classifier import image_tensor
from benchmarks.learning.subsets import nested_subset
from encoders.errors import InvalidDataError
from taskgraph.arrays import Integers

SPLITS = (TRAIN, VAL, TEST)

LabeledPart = tuple[Tensor, Integers]
"""(N, C, H, W) images of bytes, and their (N,) labels."""


@dataclass(frozen=True, eq=False)
class StreamStep:
    """The images that arrive in one step.

    Attributes
    ----------
    name : str
    parts : mapping of `LabeledPart`
        By split: ``train``, ``val``, ``test``. Validation is cut from training and never trained.
    classes : tuple of int
        The classes of which the step has training images, sorted.
    """

    name: str
    parts: dict[str, LabeledPart]
    classes: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class LearningStream:
    """Steps in the order in which they arrive.

    Attributes
    ----------
    name : str
    classes : tuple of str
        Names of all classes. Labels are places in it, in the order of arrival, so that the classes
        seen after a step are the first ones.
    steps : tuple of `StreamStep`
    """

    name: str
    classes: tuple[str, ...]
    steps: tuple[StreamStep, ...]

    def seen(self, step: int) -> int:
        """Return the number of classes that have arrived after a step, which counts from 0."""
        return 1 + max(label for each in self.steps[: step + 1] for label in each.classes)

    def until(self, step: int, split: str) -> LabeledPart:
        """Return all images and labels of a split that have arrived after a step."""
        parts = [each.parts[split] for each in self.steps[: step + 1]]
        return torch.cat([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def class_order(classes: int, seed: int, *, legacy_seed: int | None = None) -> Integers:
    """Return a random order of classes.

    Parameters
    ----------
    classes : int
        Number of classes.
    seed : int
        Each seed has an order of its own.
    legacy_seed : int, optional
        Seed of NumPy's legacy generator, which shuffles once for each of the orders 0 to ``seed``,
        as the authors of iCaRL do with 1993.
    """
    if legacy_seed is None:
        return np.random.default_rng([seed, classes]).permutation(classes)
    generator = np.random.RandomState(legacy_seed)
    for _ in range(seed + 1):
        order = np.arange(classes)
        generator.shuffle(order)
    return order


def class_incremental(
    data: Data,
    order: Sequence[int] | Integers,
    increment: int,
    *,
    base: int = 0,
    per_class: int = 0,
) -> LearningStream:
    """Cut a data set into steps of new classes.

    Parameters
    ----------
    data : Data
        Images with labels and the splits ``train``, ``val`` and ``test``.
    order : sequence of int
        All classes, in the order in which they arrive.
    increment : int
        Classes of a step.
    base : int
        Classes of the first step; 0: as many as of the others (B0). With half of the classes this
        is the protocol B50.
    per_class : int
        Most training images of a class, which are drawn by a fixed seed; 0 for all.

    Raises
    ------
    InvalidDataError
        If the classes cannot be divided so, or a class has no training or test images.
    """
    first, count = base or increment, len(data.classes)
    if increment < 1 or first > count or (count - first) % increment:
        raise InvalidDataError(
            f"{data.name} has {count} classes, which cannot be {first} in the first step and then "
            f"{increment} a step; choose another --increment or --base"
        )
    place = np.empty(count, np.int64)
    place[np.asarray(order)] = np.arange(count)
    ends = range(first, count + 1, increment)
    names = tuple(data.classes[k] for k in order)
    steps = []
    for number, end in enumerate(ends):
        begin = 0 if number == 0 else end - increment
        chosen = _parts(data, place, range(begin, end), per_class)
        steps.append(_step(", ".join(names[begin:end]), chosen, data.name))
    return LearningStream(data.name, names, tuple(steps))


def stream_of_sets(sets: Iterable[tuple[str, Data]], *, per_class: int = 0) -> LearningStream:
    """Return a stream with one step a data set: domains, or a user's own sets.

    Parameters
    ----------
    sets : iterable of (name, data)
        Classes are the same where their names are. Images must have one shape.
    per_class : int
        As in `class_incremental`.

    Raises
    ------
    InvalidDataError
        If there is no set, a set has no labeled images, or its images have another shape.
    """
    classes: dict[str, int] = {}
    steps: list[StreamStep] = []
    shape: tuple[int, ...] | None = None
    for name, data in sets:
        if not data.images or data.labels is None:
            raise InvalidDataError(f"{name} has no labeled images, which a stream needs")
        shape = shape or data.inputs.shape[1:]
        if data.inputs.shape[1:] != shape:
            raise InvalidDataError(
                f"the images of {name} have the shape {data.inputs.shape[1:]}, expected {shape} as "
                "in the first step; resize them"
            )
        trained = np.unique(data.labels[data.splits[TRAIN]])
        for k in trained:
            classes.setdefault(data.classes[k], len(classes))
        place = np.array([classes.get(each, -1) for each in data.classes], np.int64)
        kept = [classes[data.classes[k]] for k in trained]
        steps.append(_step(name, _parts(data, place, kept, per_class), name))
    if not steps:
        raise InvalidDataError("a stream needs at least one data set; name some with --data")
    return LearningStream("+".join(step.name for step in steps), tuple(classes), tuple(steps))


def _parts(
    data: Data, place: Integers, kept: Iterable[int], per_class: int
) -> dict[str, LabeledPart]:
    """Return the images of some classes by split, with labels in the order of arrival."""
    if not data.images or data.labels is None:
        raise InvalidDataError(f"{data.name} has no labeled images, which a stream needs")
    labels, chosen, parts = place[data.labels], list(kept), {}
    for split in SPLITS:
        rows = data.splits[split]
        rows = rows[np.isin(labels[rows], chosen)]
        if split == TRAIN and per_class:
            rows = np.sort(np.concatenate([_few(rows, labels, k, per_class) for k in chosen]))
        parts[split] = image_tensor(data.inputs[rows]), labels[rows]
    return parts


def _few(rows: Integers, labels: Integers, label: int, most: int) -> Integers:
    """Return at most ``most`` rows of a class."""
    own = np.asarray(rows[labels[rows] == label], np.int64)
    if not len(own):
        return own
    return np.asarray(own[nested_subset(labels[own], min(most, len(own)), 0)], np.int64)


def _step(name: str, parts: dict[str, LabeledPart], source: str) -> StreamStep:
    """Return a step; raise InvalidDataError if it lacks training or test images."""
    for split in (TRAIN, TEST):
        if not len(parts[split][1]):
            raise InvalidDataError(f"{source} has no {split} images for the step ({name})")
    return StreamStep(name, parts, tuple(int(k) for k in np.unique(parts[TRAIN][1])))
