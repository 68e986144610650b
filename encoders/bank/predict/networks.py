"""The networks of a bank, each with its task and what drawing its predictions needs."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn

from encoders.bank.config import trainable
from encoders.bank.pretrained import SUFFIX, load, network_file
from encoders.dataset.pairs import PARTNERS
from encoders.draw import FOV, Canvas, answer_of_output
from encoders.draw.legend import with_legend
from encoders.errors import InvalidDataError
from encoders.networks import PRESETS
from encoders.tasks import TASKS, Sample, Task
from encoders.tasks.names import ALL_TASKS, DISPLAY_ORDER, trained_name
from encoders.tasks.own import split_own
from encoders.training.checkpoint import read_config
from taskgraph.arrays import Array, Floats32, Pixels
from taskgraph.tables.formats import FilePath
from taskgraph.tasks.aliases import standard_name


@dataclass(frozen=True, eq=False)
class Predictor:
    """A trained network of a bank, with its task, constants and names of classes.

    Attributes
    ----------
    task : Task
        The task, with its number of classes filled in.
    model : module
        The network, in evaluation mode.
    constants : mapping
        The constants that the task's targets are standardized with.
    names : tuple of str
        Names of the classes; empty if they have none.
    size : int
        S, the side of the pictures, in pixels.
    """

    task: Task
    model: nn.Module
    constants: Mapping[str, Any]
    names: tuple[str, ...]
    size: int

    @property
    def photo_count(self) -> int:
        """Return the number of photographs in one input; 1 for jigsaw's nine pieces."""
        return 1 + PARTNERS[self.task.partners] if self.task.partners else 1

    def predict(self, inputs: Floats32) -> list[Array]:
        """Return predictions, as `encoders.draw` draws them, for (B, n, C, S, S) in [-1, 1]."""
        batch = torch.from_numpy(np.ascontiguousarray(inputs))
        with torch.inference_mode():
            outputs = self.model(batch[:, 0] if self.task.inputs == 1 else batch)
        return [answer_of_output(self.task, output) for output in outputs.float().numpy()]

    def canvas(self, inputs: Floats32, tile: int, *, fov: float = FOV) -> Canvas:
        """Return the canvas, ``tile`` pixels a side, for predictions of a (n, C, S, S) input."""
        return Canvas(self.task, inputs, tile, self.constants, self.names, fov)

    def prepare_input(self, pictures: Sequence[Pixels]) -> Floats32:
        """Return the task's (n, C, S, S) input from (S, S, 3) photographs.

        The same photographs always give the same input, including its noise and permutations.
        """
        stacked = np.stack(pictures)[None]
        everywhere = np.ones((1, self.size, self.size), dtype=bool)
        yes = np.ones(1, dtype=bool)
        seed = (0, zlib.crc32(stacked.tobytes()), zlib.crc32(self.task.name.encode()), 0)
        sample = Sample(
            size=self.size,
            pictures=stacked,
            raw={},
            valid=everywhere,
            infos=((),),
            paths=((),),
            has_partners=yes,
            same_point=yes,
            seeds=(seed,),
            constants=self.constants,
        )
        prepared: Floats32 = self.task.prepare(sample)[0]
        return prepared


def open_bank(bank: FilePath, tasks: Sequence[str | Task] = (ALL_TASKS,)) -> list[Predictor]:
    """Load the networks of some tasks, in the order given; or of all tasks, 2D tasks first.

    Tasks of one's own are given as `Task` values; they come last.

    Raises
    ------
    InvalidDataError
        If the folder is not a bank, or lacks a task; the message says which tasks it has.
    UnknownNameError
        If there is no task of that name.
    """
    names, own = split_own(tasks)
    names = [name for name in names if name not in {task.name for task in own}]
    trained = {path.stem for path in Path(bank).glob("*" + SUFFIX)} & set(trainable())
    if not trained and not own:
        raise InvalidDataError(
            f"{bank} holds no trained task; train some with `taskgraph train --data DIR -o {bank}`"
        )
    every = [name for name in DISPLAY_ORDER if name in trained]
    chosen = every if ALL_TASKS in names else list(dict.fromkeys(map(trained_name, names)))
    return [_open_predictor(task, bank) for task in [*(TASKS[name] for name in chosen), *own]]


def _open_predictor(task: Task, bank: FilePath) -> Predictor:
    if standard_name(task.name) is None:
        network_file(bank, task.name)  # its message names the flag that trains an own task
    model = load(task.name, bank)
    record = read_config(network_file(bank, task.name))
    assert task.output is not None
    if task.output.channels is None:
        task = replace(task, output=replace(task.output, channels=record["output"]["size"]))
    size = PRESETS[record["preset"]].size
    return Predictor(task, model, record["constants"], _class_names(task, record), size)


def _class_names(task: Task, record: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the classes, without "uncertain"; empty if the data set had none."""
    names = record.get("classes") or []
    uncertain = "segment_semantic" in task.domains() and names[:1] == ["uncertain"]
    return tuple(names[1:] if uncertain else names)


def add_legend(page: Image.Image, predictors: Sequence[Predictor]) -> Image.Image:
    """Add a legend of the classes and of depths, if tasks on the page need one."""
    by_name = {predictor.task.name: predictor for predictor in predictors}
    semantic = by_name.get("segmentsemantic_rb")
    depth = bool({"rgb2depth", "rgb2mist"} & set(by_name))
    return with_legend(page, classes=semantic.names if semantic else (), depth=depth)
