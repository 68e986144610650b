"""Train one task's network and its references, test them, and write down the results."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import nn

from encoders.bank.config import (
    LOSSES_SUFFIX,
    RANDOM,
    RECORD_SUFFIX,
    RUNS,
    VALID_LOSSES_SUFFIX,
    BankConfig,
)
from encoders.bank.pretrained import SUFFIX, random_encoder
from encoders.bank.record import (
    TrainingResult,
    definition_of,
    losses_table,
    record_of,
    recorded_losses,
    write_record,
)
from encoders.bank.splits import TaskSplits
from encoders.dataset import TaskonomyDataset
from encoders.dataset.overlap import BUILDINGS
from encoders.engines import with_threads
from encoders.errors.storage import read_json
from encoders.networks.readout import ReadOut, TransferNetwork
from encoders.training.adversarial import adversary_of
from encoders.training.augment import augmented, mirror_map
from encoders.training.checkpoint import halved, read_weights, restore, write_weights
from encoders.training.fit import fit
from encoders.training.loop import losses
from encoders.training.objective import Average, loss_of, network_of, output_of, training_loss_of
from encoders.training.run_state import BEST, LAST, LogEntry, RunState
from encoders.training.tensorboard import scalars
from taskgraph.arrays import Floats32
from taskgraph.tables import write_frame
from taskgraph.tasks import AVERAGE, SELF

EpochCallback = Callable[[str, LogEntry], None]
"""Called with the source (`SELF` or a reference) and the epoch that it has just finished."""


@with_threads
def train_task(
    name: str, out: Path, config: BankConfig, *, on_epoch: EpochCallback = lambda *_: None
) -> dict[str, Any]:
    """Train one task's network and its references, and test them on the test split.

    Each training keeps its state in `RUNS`. One that was interrupted resumes, and one that is
    finished is read from there, or, where the folder was copied without `RUNS`, from the record, so
    that adding references later costs their own training only.
    The function writes ``NAME.safetensors`` (weights in half precision, with which the test losses
    are measured), ``NAME.json``, and the losses on the test and on the validation images,
    ``NAME.losses.parquet`` and ``NAME.valid_losses.parquet``, into ``out``.

    Returns
    -------
    dict
        The record in ``NAME.json``. Its ``seconds`` include those of the record that it replaces.
    """
    begin, path = time.perf_counter(), out / (name + RECORD_SUFFIX)
    earlier = read_json(path).get("seconds", 0.0) if path.exists() else 0.0
    splits = TaskSplits.of_bank(config, name)
    models = {source: _untrained(source, splits, config) for source in config.sources_of(name)}
    results = {
        source: _recorded(model, source, splits, out, config)
        or _train_and_test(model, source, splits, out, config, on_epoch)
        for source, model in models.items()
    }
    record = record_of(splits, models[SELF], config, results)
    record["seconds"] = round(earlier + time.perf_counter() - begin, 1)
    write_weights(out / (name + SUFFIX), halved(models[SELF]), record)
    record["sha256"] = hashlib.sha256((out / (name + SUFFIX)).read_bytes()).hexdigest()
    record[BUILDINGS] = splits.trained_buildings()
    write_frame(losses_table(splits, results), out / (name + LOSSES_SUFFIX))
    validation = losses_table(splits, results, split="val")
    write_frame(validation, out / (name + VALID_LOSSES_SUFFIX))
    write_record(record, path)
    return record


def _recorded(
    model: nn.Module, source: str, splits: TaskSplits, out: Path, config: BankConfig
) -> TrainingResult | None:
    """Return the recorded result of a finished training whose state is not in `RUNS`, else None.

    The task's own network is restored, and measured on the images whose losses the folder lacks.
    """
    name = splits.task.name
    path, state = out / (name + RECORD_SUFFIX), out / RUNS / f"{name}.{source}" / LAST
    record = read_json(path) if path.exists() and not state.exists() else {}
    test, valid = recorded_losses(name, out, splits)
    if source not in record.get("training", {}):
        return None
    if source == SELF:
        restore(model, read_weights(out / (name + SUFFIX))[0], where=out / (name + SUFFIX))
        for known, part in ((test, splits.test), (valid, splits.valid)):
            if SELF not in known:
                known[SELF] = _measured(model, splits, part, config, config.fit.fabric())
    if source not in test or source not in valid:
        return None
    return TrainingResult(
        test[source],
        valid[source],
        record["valid_loss"][source],
        record["best_epoch"][source],
        record["training"][source],
    )


def _untrained(source: str, splits: TaskSplits, config: BankConfig) -> nn.Module:
    """Return a task's network, or one of its references, before training."""
    task = splits.task
    if source == AVERAGE:
        assert task.output is not None
        return Average(task.output.shape(splits.train.size))
    if source == RANDOM:
        return _random_transfer(splits, config)
    return network_of(task, config.preset, seed=config.fit.seed)


def _random_transfer(splits: TaskSplits, config: BankConfig) -> TransferNetwork:
    """Return the random encoder with an untrained read-out for the task.

    The read-out standardizes the representations by their mean and spread on 256 images.
    """
    task = splits.task
    encoder = random_encoder(config.preset, channels=task.channels, seed=config.fit.seed)
    generator = torch.Generator().manual_seed(config.fit.seed)
    readout = ReadOut(config.preset, output_of(task), inputs=task.inputs, generator=generator)
    model = TransferNetwork(encoder, readout, task.inputs)
    pictures = splits.train.batch(task.name, np.arange(min(256, len(splits.train))))[0]
    with torch.no_grad():
        representations = model.source.represent(pictures)
    readout.standardize.observe(
        representations.reshape(-1, readout.channels, *representations.shape[2:])
    )
    return model


def _train_and_test(
    model: nn.Module,
    source: str,
    splits: TaskSplits,
    out: Path,
    config: BankConfig,
    on_epoch: EpochCallback,
) -> TrainingResult:
    """Train a model, round its weights to half precision, and measure its losses."""
    fabric = config.fit.fabric()
    run_state = _train(model, source, splits, out, config, on_epoch, fabric)
    rounded = {key: value.to(model.state_dict()[key]) for key, value in halved(model).items()}
    restore(model, rounded, where=BEST)
    test, valid = (
        _measured(model, splits, part, config, fabric) for part in (splits.test, splits.valid)
    )
    return TrainingResult(
        test, valid, run_state.best_loss, run_state.best_epoch, run_state.summary()
    )


def _measured(
    model: nn.Module,
    splits: TaskSplits,
    part: TaskonomyDataset,
    config: BankConfig,
    fabric: Fabric,
) -> Floats32:
    """Return a model's loss on each image of a split; NaN without a target."""
    loss = loss_of(splits.task, splits.constants)
    return losses(fabric, model, loss, part.examples(splits.task.name), config.fit)


def _train(
    model: nn.Module,
    source: str,
    splits: TaskSplits,
    out: Path,
    config: BankConfig,
    on_epoch: EpochCallback,
    fabric: Fabric,
) -> RunState:
    """Train a model, or continue its training, and log its evaluations."""
    task = splits.task
    settings, adversary = config.fit_of(task.name), None
    if source == AVERAGE:
        settings = settings.of_constant()
    if config.adversarial and source == SELF:
        output, seed = output_of(task), config.fit.seed
        adversary = adversary_of(task, output, config.preset, config.adversarial, seed=seed)
    mirror = mirror_map(task.mirror, splits.constants)
    run = out / RUNS / f"{task.name}.{source}"
    with scalars(run) if config.tensorboard else contextlib.nullcontext(lambda _: None) as log:

        def report(row: LogEntry) -> None:
            """Log the evaluation, and pass it on with the source's name."""
            log(row)
            on_epoch(source, row)

        return fit(
            model,
            training_loss_of(task, splits.constants),
            splits.train.examples(task.name),
            splits.valid.examples(task.name),
            run,
            settings,
            measure=loss_of(task, splits.constants),
            record={
                "task": task.name,
                "source": source,
                "preset": config.preset,
                "data": splits.origin(),
                **definition_of(task),
            },
            on_evaluation=report,
            fabric=fabric,
            adversary=adversary,
            augment=functools.partial(augmented, changes=task.augment, mirror=mirror),
        )
