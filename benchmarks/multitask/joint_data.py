"""Images with the labels of several tasks, in memory, and where they come from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from benchmarks.learning.subsets import nested_subset
from encoders.losses import Loss
from encoders.networks import OutputSpec
from taskgraph.arrays import Integers

PICTURE = "picture"
"""Name of the input that most tasks share, the plain picture."""


@dataclass(frozen=True, eq=False)
class SharedTask:
    """A task, as a network with a shared encoder learns it.

    Attributes
    ----------
    name : str
    view : str
        Name of its input: `PICTURE`, or the task's own name where its input differs.
    output : OutputSpec
        The form of its decoder's output.
    train_loss, test_loss : Loss
        From predictions, targets and masks to (B,) losses; smaller is better.
    counts_errors : bool
        Whether the measure of the task is the share of wrong classes; otherwise it is the loss.
    pictures : int
        Number of pictures of one input.
    passes : float
        Full-size pictures that the encoder sees for one input.
    """

    name: str
    view: str
    output: OutputSpec
    train_loss: Loss
    test_loss: Loss
    counts_errors: bool
    pictures: int = 1
    passes: float = 1.0


@dataclass(frozen=True, eq=False)
class LabeledImages:
    """Images with targets of several tasks.

    Attributes
    ----------
    inputs : mapping of (N, ...) tensors
        By the name of the view.
    targets : mapping of pairs of tensors
        By task: N targets, and their masks.
    names, clusters : tuples of N texts
        Each image, and its building, or the image itself if images are independent.
    strata : (N,) array
        Classes whose shares subsets keep; all 0 where there are none.
    """

    inputs: Mapping[str, Tensor]
    targets: Mapping[str, tuple[Tensor, Tensor]]
    names: tuple[str, ...]
    clusters: tuple[str, ...]
    strata: Integers

    def __len__(self) -> int:
        return len(self.names)

    def rows(self, rows: Integers) -> LabeledImages:
        """Return the images of these numbers."""
        chosen = torch.from_numpy(np.asarray(rows, dtype=np.int64))
        return LabeledImages(
            {view: values[chosen] for view, values in self.inputs.items()},
            {task: (t[chosen], m[chosen]) for task, (t, m) in self.targets.items()},
            tuple(self.names[row] for row in rows),
            tuple(self.clusters[row] for row in rows),
            self.strata[rows],
        )

    def subset(self, count: int, seed: int) -> LabeledImages:
        """Return ``count`` of the images; those of a smaller count are among those of a larger."""
        return self.rows(nested_subset(self.strata, count, seed))

    def with_shuffled_labels(self, tasks: Collection[str], seed: int) -> LabeledImages:
        """Return the images with the labels of some tasks moved to other images.

        Whole targets move with their masks, by one permutation a task, so that each label appears
        exactly as often as before and only its relation to the picture is lost.
        """
        targets = dict(self.targets)
        for task in sorted(tasks):
            key = [seed, *task.encode()]
            order = torch.from_numpy(np.random.default_rng(key).permutation(len(self)))
            target, mask = targets[task]
            targets[task] = target[order], mask[order]
        return replace(self, targets=targets)


@dataclass(frozen=True, eq=False)
class JointData:
    """Some tasks of a set, and its images of each split.

    Attributes
    ----------
    network : str
        The encoder: a preset of `encoders.networks`, or ``lenet``.
    size : int
        Side of the pictures in pixels.
    tasks : dict of SharedTask
    train, valid, test : LabeledImages
    """

    network: str
    size: int
    tasks: dict[str, SharedTask]
    train: LabeledImages
    valid: LabeledImages
    test: LabeledImages


class JointSource(Protocol):
    """A set of which any of its tasks can be learned together."""

    @property
    def name(self) -> str:
        """Return the name of the set."""

    @property
    def sha256(self) -> str:
        """Return the hash of the files and the splits."""

    @property
    def tasks(self) -> tuple[str, ...]:
        """Return the tasks that are learned, the main task first."""

    @property
    def train_images(self) -> int:
        """Return the number of training images."""

    def load(self, tasks: Sequence[str]) -> JointData:
        """Return the data of these tasks."""
