"""The task bank: one trained encoder-decoder a task, and what is known of each."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from encoders.bank.pretrained import SUFFIX, random_encoder
from encoders.dataset import TaskonomyDataset
from encoders.dataset.buildings import building_hashes
from encoders.dataset.manifest import classes_of, origin_of
from encoders.dataset.overlap import BUILDINGS, buildings_of
from encoders.engines import with_threads
from encoders.errors import InvalidDataError
from encoders.errors.storage import read_json
from encoders.networks import PRESETS
from encoders.networks.readout import ReadOut, Transfer
from encoders.tasks import TASKS, Task, tasks_named
from encoders.training.adversarial import AdversarialConfig, adversary_of
from encoders.training.augment import mirrored, varied
from encoders.training.checkpoint import FilePath, halved, restore, write_weights
from encoders.training.fit import FitConfig, fit, losses
from encoders.training.objective import Average, loss_of, network_of, output_of, training_loss_of
from encoders.training.progress import BEST, Epoch, differing, scalars
from taskgraph.affinity import win_rate
from taskgraph.tables import write_frame, write_text
from taskgraph.tasks import AVERAGE, SELF

RUNS, RECORD, LOSSES = "runs", ".json", ".losses.parquet"
RANDOM = "random"
"""Reference sources: a read-out from the random encoder; the best constant answer."""


@dataclass(frozen=True)
class BankConfig:
    """What a bank is trained from, and how.

    Attributes
    ----------
    data : str
        The folder of the data set.
    preset : str
        Of the networks (`encoders.networks.PRESETS`).
    fit : FitConfig
        Of every task alike, but for ``epochs_of``.
    references : bool
        Whether the average estimator and the read-out from the random encoder are trained too.
    adversarial : AdversarialConfig, optional
        The paper's term for maps, where the preset has a discriminator.
    splits : str, optional
        A CSV file in Taskonomy's format that says which buildings are for what
        (`encoders.dataset.split_buildings`); by default 70, 15 and 15 % at random.
    epochs_of : mapping of int
        Epochs of the tasks that need others than ``fit`` says, and of their references.
    tensorboard : bool
        Whether epochs are logged for TensorBoard; no part of what resuming compares.
    """

    data: str
    preset: str = "tiny"
    fit: FitConfig = dataclasses.field(default_factory=FitConfig)
    references: bool = True
    adversarial: AdversarialConfig | None = None
    splits: str | None = None
    epochs_of: Mapping[str, int] = dataclasses.field(default_factory=dict)
    tensorboard: bool = False

    def fit_of(self, name: str) -> FitConfig:
        """How one task is trained."""
        return dataclasses.replace(self.fit, epochs=self.epochs_of.get(name, self.fit.epochs))


@dataclass(frozen=True)
class Splits:
    """One task's examples."""

    task: Task
    train: TaskonomyDataset
    valid: TaskonomyDataset
    test: TaskonomyDataset

    @classmethod
    def open(cls, root: FilePath, name: str, size: int, splits: str | None = None) -> Splits:
        """Read the folder once; constants are those of the train split."""
        train = TaskonomyDataset(root, [name], "train", size=size, splits=splits, progress=False)
        return cls(train.tasks[name], train, train.of_split("val"), train.of_split("test"))

    @property
    def constants(self) -> Mapping[str, Any]:
        """What the task's targets are standardized with."""
        return self.train.constants.get(self.task.name) or {}


@dataclass(frozen=True, eq=False)
class Trained:
    """What came of one training.

    Attributes
    ----------
    losses : (N,) array
        Of the test images, in half precision of the weights.
    valid_loss : float
        The least mean over the valid images, which chose the epoch.
    best_epoch : int
        That epoch, from 0.
    """

    losses: np.ndarray[Any, np.dtype[np.float32]]
    valid_loss: float
    best_epoch: int


After = Callable[[str, Epoch], None]
"""Told which of a task's networks has finished which epoch."""


def sources_of(name: str, config: BankConfig) -> tuple[str, ...]:
    """The networks of a task whose test losses its record holds: its own, and the references.

    A task that is no target of transfers has no read-out from the random encoder.
    """
    if not config.references:
        return (SELF,)
    return (SELF, AVERAGE) if TASKS[name].source_only else (SELF, AVERAGE, RANDOM)


def epochs(names: list[str], config: BankConfig) -> int:
    """How many epochs a bank of these tasks takes, with the references'."""
    return sum(len(sources_of(name, config)) * config.fit_of(name).epochs for name in names)


@with_threads
def train_task(
    name: str, out: Path, config: BankConfig, *, after: After = lambda *_: None
) -> dict[str, Any]:
    """Train one task and its references, measure them on the test split, and write all down.

    Each of the trainings resumes where it was, and one that is finished is read from its folder
    in `RUNS`: a bank without references gains them for the price of training them alone. In
    ``out`` end up ``NAME.safetensors`` (in half precision, as are the weights that the test losses
    are measured with), ``NAME.json`` and ``NAME.losses.parquet``.

    Returns
    -------
    dict
        The record in ``NAME.json``. Its ``seconds`` add to those of the record that was there.
    """
    begin, path = time.perf_counter(), out / (name + RECORD)
    earlier = read_json(path).get("seconds", 0.0) if path.exists() else 0.0
    splits = Splits.open(config.data, name, PRESETS[config.preset].size, config.splits)
    models = {source: _model(source, splits, config) for source in sources_of(name, config)}
    found = {
        source: _trained(model, source, splits, out, config, after)
        for source, model in models.items()
    }
    record = _record(splits, models[SELF], config, found)
    record["seconds"] = round(earlier + time.perf_counter() - begin, 1)
    write_weights(out / (name + SUFFIX), halved(models[SELF]), record)
    record["sha256"] = hashlib.sha256((out / (name + SUFFIX)).read_bytes()).hexdigest()
    record[BUILDINGS] = trained_buildings(splits)
    write_frame(_table(name, splits, found), out / (name + LOSSES))
    write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", path)
    return record


def _model(source: str, splits: Splits, config: BankConfig) -> nn.Module:
    """A task's network, or one of its references, as it is before training."""
    task = splits.task
    if source == AVERAGE:
        assert task.output is not None
        return Average(task.output.shape(splits.train.size))
    if source == RANDOM:
        return _random_reader(splits, config)
    return network_of(task, config.preset, seed=config.fit.seed)


def _trained(
    model: nn.Module,
    source: str,
    splits: Splits,
    out: Path,
    config: BankConfig,
    after: After,
) -> Trained:
    """Train a model, round it to half precision, and test it."""
    name, fabric = splits.task.name, config.fit.fabric()
    record = {"task": name, "source": source, "preset": config.preset, "data": _data_of(splits)}
    measure = loss_of(splits.task, splits.constants)
    settings = config.fit_of(name)
    settings = settings.of_constant() if source == AVERAGE else settings
    run, adversary = out / RUNS / f"{name}.{source}", None
    if config.adversarial and source == SELF:
        output, seed = output_of(splits.task), config.fit.seed
        adversary = adversary_of(splits.task, output, config.preset, config.adversarial, seed=seed)

    def told(row: Epoch) -> None:
        log(row)
        after(source, row)

    with scalars(run) if config.tensorboard else contextlib.nullcontext(lambda _: None) as log:
        progress = fit(
            model,
            training_loss_of(splits.task, splits.constants),
            splits.train.examples(name),
            splits.valid.examples(name),
            run,
            settings,
            measure=measure,
            record=record,
            after=told,
            fabric=fabric,
            adversary=adversary,
            augment=functools.partial(
                varied,
                changes=splits.task.augment,
                mirror=mirrored(splits.task.mirror, splits.constants),
            ),
        )
    restore(model, {k: t.to(model.state_dict()[k]) for k, t in halved(model).items()}, where=BEST)
    each = losses(fabric, model, measure, splits.test.examples(name), config.fit)
    return Trained(each, progress.best_loss, progress.best_epoch)


def _random_reader(splits: Splits, config: BankConfig) -> Transfer:
    task = splits.task
    source = random_encoder(config.preset, channels=task.channels, seed=config.fit.seed)
    generator = torch.Generator().manual_seed(config.fit.seed)
    readout = ReadOut(config.preset, output_of(task), inputs=task.inputs, generator=generator)
    reader = Transfer(source, readout, task.inputs)
    pictures = splits.train.batch(task.name, np.arange(min(256, len(splits.train))))[0]
    with torch.no_grad():
        each = reader.source.represent(pictures)
    readout.standardize.observe(each.reshape(-1, readout.channels, *each.shape[2:]))
    return reader


def trained_buildings(splits: Splits) -> dict[str, list[str]]:
    """Hashes of each building of the train split, by which it is known in other data sets."""
    index = splits.train.index
    names = [index.buildings[number] for number in np.unique(index.building[splits.train.rows])]
    return {name: list(hashes) for name, hashes in building_hashes(index, names).items()}


def add_buildings(name: str, out: Path, config: BankConfig) -> None:
    """Add the buildings to the record of a task that an earlier version trained on this data.

    Where the data are others by now, or gone, nothing is added.
    """
    path = out / (name + RECORD)
    record = json.loads(path.read_text())
    if buildings_of(out, name) is not None or "data" not in record:
        return
    with contextlib.suppress(InvalidDataError):
        splits = Splits.open(config.data, name, PRESETS[config.preset].size, config.splits)
        if not differing(record["data"], _data_of(splits)):
            record[BUILDINGS] = trained_buildings(splits)
            write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", path)


def _data_of(splits: Splits) -> dict[str, Any]:
    """What says which data set it was."""
    known = origin_of(splits.train.index.root) or {"views": len(splits.train)}
    return {**known, "content": splits.train.content}


def _record(
    splits: Splits, model: nn.Module, config: BankConfig, found: Mapping[str, Trained]
) -> dict[str, Any]:
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
        "data": _data_of(splits),
        "constants": {k: _plain(v) for k, v in splits.constants.items()},
        "images": {"train": len(splits.train), "val": len(splits.valid), "test": len(splits.test)},
        "best_epoch": {name: one.best_epoch for name, one in found.items()},
        "valid_loss": {name: one.valid_loss for name, one in found.items()},
        "test_loss": {name: float(np.nanmean(one.losses)) for name, one in found.items()},
        "win_rate": {
            k: float(win_rate(found[SELF].losses, one.losses)) for k, one in found.items()
        },
    }


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


def _table(name: str, splits: Splits, found: Mapping[str, Trained]) -> pd.DataFrame:
    """The test losses as taskgraph's table of losses: ``target, sources, image, loss``."""
    images = [splits.test.image(number) for number in range(len(splits.test))]
    frames = [
        pd.DataFrame({"target": name, "sources": source, "image": images, "loss": one.losses})
        for source, one in found.items()
    ]
    return pd.concat(frames, ignore_index=True).dropna(subset=["loss"])


def trainable(names: tuple[str, ...] = ()) -> list[str]:
    """The tasks that are trained: those asked for, or all but the random projection."""
    chosen = tasks_named(list(names)) if names else list(TASKS.values())
    return [task.name for task in chosen if task.output is not None]
