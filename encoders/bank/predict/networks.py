"""The networks of a bank, each with what is needed to ask it and to draw its answers."""

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

from encoders.bank.pretrained import SUFFIX, load
from encoders.bank.training import trainable
from encoders.dataset.pairs import PARTNERS
from encoders.draw import FOV, Canvas, answer_of_output
from encoders.draw.pages import with_legend
from encoders.errors import InvalidDataError
from encoders.networks import PRESETS
from encoders.tasks import TASKS, Sample, Task
from encoders.tasks.names import ALL, ORDER, trained_name
from encoders.training.checkpoint import FilePath, read_config
from taskgraph.arrays import Array, Floats32, Pixels


@dataclass(frozen=True, eq=False)
class Predictor:
    """A network of a bank, and what is needed to ask it and to draw its answers.

    Attributes
    ----------
    task : Task
        With its number of classes.
    model : module
    constants : mapping
        What its targets are standardized with.
    names : tuple of str
        Of its classes; empty where they have none.
    size : int
        S, the side of its pictures.
    """

    task: Task
    model: nn.Module
    constants: Mapping[str, Any]
    names: tuple[str, ...]
    size: int

    @property
    def photographs(self) -> int:
        """How many pictures it is asked about: jigsaw's nine pieces are of one."""
        return 1 + PARTNERS[self.task.partners] if self.task.partners else 1

    def answers(self, given: Floats32) -> list[Array]:
        """Its answers (`encoders.draw.answers`) to (B, n, C, S, S) inputs in [-1, 1]."""
        batch = torch.from_numpy(np.ascontiguousarray(given))
        with torch.inference_mode():
            outputs = self.model(batch[:, 0] if self.task.inputs == 1 else batch)
        return [answer_of_output(self.task, output) for output in outputs.float().numpy()]

    def canvas(self, given: Floats32, tile: int, *, fov: float = FOV) -> Canvas:
        """What draws the answers to one input, (n, C, S, S)."""
        return Canvas(self.task, given, tile, self.constants, self.names, fov)

    def prepared(self, pictures: Sequence[Pixels]) -> Floats32:
        """The (n, C, S, S) input that the task makes of a photograph, or of several."""
        stacked = np.stack(pictures)[None]
        whole = np.ones((1, self.size, self.size), dtype=bool)
        true = np.ones(1, dtype=bool)
        seed = (0, zlib.crc32(stacked.tobytes()), zlib.crc32(self.task.name.encode()), 0)
        sample = Sample(
            size=self.size,
            pictures=stacked,
            raw={},
            valid=whole,
            infos=((),),
            paths=((),),
            found=true,
            same=true,
            seeds=(seed,),
            constants=self.constants,
        )
        given: Floats32 = self.task.prepare(sample)[0]
        return given


def open_bank(bank: FilePath, tasks: Sequence[str] = (ALL,)) -> list[Predictor]:
    """Networks of a bank: those asked for in that order, or all, 2D tasks first.

    Raises
    ------
    InvalidDataError
        If the folder is none, or lacks a task; the message says what it has.
    UnknownNameError
        If there is no such task.
    """
    there = {path.stem for path in Path(bank).glob("*" + SUFFIX)} & set(trainable())
    if not there:
        raise InvalidDataError(
            f"{bank} holds no trained task; train some with `taskgraph train --data DIR -o {bank}`"
        )
    every = [name for name in ORDER if name in there]
    names = every if ALL in tasks else list(dict.fromkeys(map(trained_name, tasks)))
    return [_predictor(name, bank) for name in names]


def _predictor(name: str, bank: FilePath) -> Predictor:
    model = load(name, bank)
    record = read_config(Path(bank) / (name + SUFFIX))
    task = TASKS[name]
    assert task.output is not None
    if task.output.channels is None:
        task = replace(task, output=replace(task.output, channels=record["output"]["size"]))
    size = PRESETS[record["preset"]].size
    return Predictor(task, model, record["constants"], _names(task, record), size)


def _names(task: Task, record: Mapping[str, Any]) -> tuple[str, ...]:
    """Of the classes, where the data set named them; "uncertain" is none of them."""
    names = record.get("classes") or []
    uncertain = "segment_semantic" in task.domains() and names[:1] == ["uncertain"]
    return tuple(names[1:] if uncertain else names)


def explained(page: Image.Image, chosen: Sequence[Predictor]) -> Image.Image:
    """With a legend, where there is a task that needs one."""
    named = [one.names for one in chosen if one.task.name == "segmentsemantic_rb" and one.names]
    return with_legend(page, named[0]) if named else page
