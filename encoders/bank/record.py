"""The two files that a bank writes for each task: its record (JSON) and its losses (Parquet)."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from torch import nn

from encoders.bank.config import (
    LOSSES_SUFFIX,
    RECORD_SUFFIX,
    VALID_LOSSES_SUFFIX,
    BankConfig,
)
from encoders.bank.splits import TaskSplits
from encoders.dataset import TaskonomyDataset
from encoders.dataset.manifest import classes_of
from encoders.dataset.overlap import BUILDINGS, recorded_buildings
from encoders.errors import InvalidDataError
from encoders.tasks import TASKS, Task
from encoders.tasks.definition import definition_hash
from encoders.training.objective import output_of
from encoders.training.run_state import differing
from taskgraph.affinity import win_rate
from taskgraph.arrays import Floats32
from taskgraph.tables import read_frame, write_text
from taskgraph.tasks import SELF

DEFINITION = "definition"
"""Key of a record: the hash of the definition of a task of one's own."""


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """The losses of one trained network, and the epoch that was selected.

    Attributes
    ----------
    losses : (N,) array
        Loss on each test image, with the weights in half precision; NaN without a target.
    valid_losses : (M,) array
        The same for each validation image.
    valid_loss : float
        The smallest mean loss on the validation images over all epochs.
    best_epoch : int
        The epoch with that loss, counted from 0.
    training : dict
        `encoders.training.run_state.RunState.summary`: the best and the last epoch and step, why
        training stopped, and every validation loss.
    """

    losses: Floats32
    valid_losses: Floats32
    valid_loss: float
    best_epoch: int
    training: dict[str, Any]


def record_of(
    splits: TaskSplits,
    model: nn.Module,
    config: BankConfig,
    results: Mapping[str, TrainingResult],
) -> dict[str, Any]:
    """Return a task's record as JSON values: its network's form, settings, data and losses.

    Parameters
    ----------
    model : module
        The task's own network.
    results : mapping
        By source: `SELF` and the references that were trained.
    """
    task = splits.task
    return {
        "task": task.name,
        "title": task.display,
        "preset": config.preset,
        "size": splits.train.size,
        "inputs": task.inputs,
        "channels": task.channels,
        "output": dataclasses.asdict(output_of(task)),
        "classes": classes_of(splits.train.index.root, task),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "fit": dataclasses.asdict(config.fit_of(task.name)),
        "augment": list(task.augment),
        "adversarial": config.adversarial and dataclasses.asdict(config.adversarial),
        "splits": config.splits,
        "data": splits.origin(),
        **definition_of(task),
        "constants": {key: _json_value(value) for key, value in splits.constants.items()},
        "images": {"train": len(splits.train), "val": len(splits.valid), "test": len(splits.test)},
        "best_epoch": {name: result.best_epoch for name, result in results.items()},
        "training": {name: result.training for name, result in results.items()},
        "valid_loss": {name: result.valid_loss for name, result in results.items()},
        "test_loss": {name: float(np.nanmean(result.losses)) for name, result in results.items()},
        "win_rate": {
            name: float(win_rate(results[SELF].losses, result.losses))
            for name, result in results.items()
        },
        "valid_win_rate": {
            name: float(win_rate(results[SELF].valid_losses, result.valid_losses))
            for name, result in results.items()
        },
    }


def definition_of(task: Task) -> dict[str, str]:
    """Return the hash of a task's definition as part of a record; empty for the dictionary's."""
    return {} if task.name in TASKS else {DEFINITION: definition_hash(task)}


def _json_value(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


def losses_table(
    splits: TaskSplits, results: Mapping[str, TrainingResult], *, split: str = "test"
) -> pd.DataFrame:
    """Return the losses as taskgraph's table of losses: ``target, sources, image, loss``.

    Parameters
    ----------
    split : "test" or "val"
        The split whose losses are returned.
    """
    part = splits.test if split == "test" else splits.valid
    images = [part.image(number) for number in range(len(part))]
    name = splits.task.name
    losses = {
        source: result.losses if split == "test" else result.valid_losses
        for source, result in results.items()
    }
    frames = [
        pd.DataFrame({"target": name, "sources": source, "image": images, "loss": each})
        for source, each in losses.items()
    ]
    return pd.concat(frames, ignore_index=True).dropna(subset=["loss"])


def recorded_losses(
    name: str, out: Path, splits: TaskSplits
) -> tuple[dict[str, Floats32], dict[str, Floats32]]:
    """Return the losses on the test and on the validation images that a folder holds, by source."""
    return (
        _losses_of(out / (name + LOSSES_SUFFIX), splits.test),
        _losses_of(out / (name + VALID_LOSSES_SUFFIX), splits.valid),
    )


def _losses_of(path: Path, part: TaskonomyDataset) -> dict[str, Floats32]:
    """Return the losses on each image of a split, by source; NaN for an image without one."""
    if not path.exists():  # as in folders of earlier versions
        return {}
    images = [part.image(number) for number in range(len(part))]
    return {
        str(source): group.set_index("image")["loss"].reindex(images).to_numpy(np.float32)
        for source, group in read_frame(path).groupby("sources")
    }


def write_record(record: Mapping[str, Any], path: Path) -> None:
    """Write a record as JSON with sorted keys."""
    write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", path)


def add_buildings(name: str, out: Path, config: BankConfig) -> None:
    """Add the hashes of its training buildings to a record that an earlier version wrote.

    The record stays as it is if it has them, or if the data set is missing or has changed since.
    """
    path = out / (name + RECORD_SUFFIX)
    record = json.loads(path.read_text())
    if recorded_buildings(out, name) is not None or "data" not in record:
        return
    with contextlib.suppress(InvalidDataError):
        splits = TaskSplits.of_bank(config, name)
        if not differing(record["data"], splits.origin()):
            record[BUILDINGS] = splits.trained_buildings()
            write_record(record, path)
