"""Our scenes, or Taskonomy's folders, as a set of which any of the 26 tasks are learned."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmarks.multitask.joint_data import PICTURE, JointData, LabeledImages, SharedTask
from benchmarks.multitask.settings import SCENES
from encoders.dataset import TaskonomyDataset
from encoders.errors import InvalidDataError
from encoders.networks.presets import find_preset
from encoders.tasks import Task, tasks_named
from encoders.tasks.sample import scaled_pictures
from encoders.training.objective import loss_of, output_of, training_loss_of
from encoders.transfer.data import evenly

CHUNK = 64
"""Images that are read at a time."""


@dataclass(frozen=True, eq=False)
class SceneSource:
    """Tasks of a folder of scenes; see `JointSource`.

    Attributes
    ----------
    counts : tuple of int
        Most images of train, val and test, evenly spread over the split.
    """

    name: str
    sha256: str
    tasks: tuple[str, ...]
    train_images: int
    network: str
    counts: tuple[int, int, int]
    splits: dict[str, TaskonomyDataset]

    def load(self, tasks: Sequence[str]) -> JointData:
        """Return the images of each split with inputs and targets of some tasks (cached)."""
        return _load(self, tuple(tasks))


def open_scenes(
    folder: str,
    tasks: Sequence[str],
    counts: tuple[int, int, int],
    *,
    network: str = "tiny",
    splits: str | None = None,
) -> SceneSource:
    """Open a folder of scenes.

    Parameters
    ----------
    tasks : sequence of str
        Any of the 26 tasks with an output.
    counts : (int, int, int)
        Most images for training, validation and test.

    Raises
    ------
    UnknownNameError
        If there is no such task or preset.
    InvalidDataError
        If a task has no output, or the folder lacks what a task needs.
    """
    chosen = tasks_named(tasks)
    for task in chosen:
        if task.output is None:
            raise InvalidDataError(
                f'task "{task.name}" has no output, so it cannot be trained; leave it out of '
                "--tasks"
            )
    names = [task.name for task in chosen]
    size = find_preset(network).size
    train = TaskonomyDataset(folder, names, "train", size=size, splits=splits)
    parts = {name: train if name == "train" else train.of_split(name) for name in _PARTS}
    count = min(counts[0], len(train))
    return SceneSource(SCENES, train.content, tuple(names), count, network, counts, parts)


_PARTS = ("train", "val", "test")


@functools.lru_cache(maxsize=2)
def _load(source: SceneSource, tasks: tuple[str, ...]) -> JointData:
    train, valid, test = (
        _images(source.splits[part], tasks, count)
        for part, count in zip(_PARTS, source.counts, strict=True)
    )
    dataset = source.splits["train"]
    return JointData(
        source.network,
        dataset.size,
        {
            name: shared_task(dataset.tasks[name], dataset.constants.get(name) or {})
            for name in tasks
        },
        train,
        valid,
        test,
    )


def shared_task(task: Task, constants: dict[str, object]) -> SharedTask:
    """Return one of the 26 tasks with the losses that the bank trains and tests it with."""
    plain = task.prepare is scaled_pictures and task.inputs == 1 and task.channels == 3
    return SharedTask(
        task.name,
        PICTURE if plain and task.shrink == 1 else task.name,
        output_of(task),
        training_loss_of(task, constants),
        loss_of(task, constants),
        counts_errors=False,
        pictures=task.inputs,
        passes=task.inputs / task.shrink**2,
    )


def _images(dataset: TaskonomyDataset, tasks: Sequence[str], count: int) -> LabeledImages:
    """Read images evenly spread over a split, with the inputs and targets of the tasks."""
    numbers = evenly(np.arange(len(dataset)), count)
    inputs: dict[str, Tensor] = {}
    targets: dict[str, tuple[Tensor, Tensor]] = {}
    for name in tasks:
        parts = [
            dataset.batch(name, numbers[begin : begin + CHUNK])
            for begin in range(0, len(numbers), CHUNK)
        ]
        pictures, target, mask = (torch.cat(each) for each in zip(*parts, strict=True))
        inputs.setdefault(shared_task(dataset.tasks[name], {}).view, _in_color(pictures))
        targets[name] = target, mask
    names = tuple(dataset.image(int(number)) for number in numbers)
    clusters = tuple(name.split("/")[0] for name in names)
    return LabeledImages(inputs, targets, names, clusters, np.zeros(len(names), dtype=np.int64))


def _in_color(pictures: Tensor) -> Tensor:
    """Return pictures with three channels: colorization's lightness is repeated."""
    return pictures.expand(*pictures.shape[:-3], 3, *pictures.shape[-2:])
