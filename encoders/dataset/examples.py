"""The examples of one task of a dataset, and their targets as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from encoders.tasks import Task
from taskgraph.arrays import Array

Example = tuple[Tensor, Tensor, Tensor]
"""Input, target, mask."""


class TaskDataset(Protocol):
    """A dataset of several tasks, as far as `TaskExamples` uses it."""

    tasks: dict[str, Task]

    def __len__(self) -> int:
        """Return the number of examples."""

    def batch(self, task: str, numbers: Sequence[int], *, epoch: int = 0) -> Example:
        """Return examples of one task, stacked."""


@dataclass(frozen=True, eq=False)
class TaskExamples:
    """The examples of one task, in the form that `encoders.training.loading` reads.

    Attributes
    ----------
    dataset : TaskonomyDataset
    task : str
    epoch : int
        The epoch for which inputs and partners are drawn.
    """

    dataset: TaskDataset
    task: str
    epoch: int = 0

    def __len__(self) -> int:
        return len(self.dataset)

    def batch(self, indices: Sequence[int]) -> Example:
        """Return inputs, targets and masks of some examples, stacked."""
        return self.dataset.batch(self.task, indices, epoch=self.epoch)

    def of_epoch(self, epoch: int) -> TaskExamples:
        """Return an epoch's training examples; partners change if the task allows it."""
        changes = "partners" in self.dataset.tasks[self.task].augment
        return replace(self, epoch=epoch) if changes else self


def target_tensor(task: Task, target: Array) -> Tensor:
    """Return a batch of targets as a tensor: int64 for classes and segments, float32 otherwise."""
    kind = task.output.kind if task.output else "vector"
    if kind in ("class_map", "segments") and target.ndim == 4:
        target = target[:, 0]
    class_number = kind == "classes" and task.loss == "xentropy"
    if class_number:
        target = target.reshape(len(target))
    dtype = np.int64 if class_number or kind in ("class_map", "segments") else np.float32
    return torch.from_numpy(np.ascontiguousarray(target, dtype=dtype))
