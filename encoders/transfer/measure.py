"""Measure one transfer: train a read-out on frozen representations, and test it on each image."""

from __future__ import annotations

import functools
import json
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from encoders.bank.pretrained import load, network_file
from encoders.engines import with_threads
from encoders.errors.storage import read_json
from encoders.tasks import Task
from encoders.tasks.own import split_own
from encoders.tasks.units import conversion
from encoders.training.checkpoint import read_config
from encoders.training.fit import fit
from encoders.training.loading import in_memory
from encoders.training.loop import losses
from encoders.training.objective import (
    Average,
    Converted,
    check_classes,
    converted,
    loss_of,
    network_of,
    training_loss_of,
)
from encoders.training.run_state import RunState
from encoders.transfer.data import TransferData, open_transfer_data
from encoders.transfer.records import place_of, write_measured
from encoders.transfer.represented import Represented, read_out
from encoders.transfer.settings import TransferConfig
from encoders.transfer.store import REPRESENTATIONS, Store, input_kind
from taskgraph.arrays import Floats32
from taskgraph.tasks import AVERAGE, SCRATCH, SELF, join_sources


@with_threads
def measure_transfer(
    config: TransferConfig, out: Path, target: str | Task, sources: tuple[str, ...]
) -> dict[str, Any]:
    """Measure one transfer or reference, and write its losses and its record.

    If the record exists, it is read, and nothing is measured.

    Parameters
    ----------
    out : path
        Folder of the sweep, which holds the representations and gets the results.
    target : str or Task
        Name of a task of the dictionary or of ``config.pool.own``, or a task of one's own.
    sources : tuple of str
        Names of the sources, sorted; or one of `encoders.transfer.records.REFERENCES` alone.

    Returns
    -------
    dict
        The record. It has ``valid_loss`` and ``test_loss`` (means over images; smaller is better),
        ``seconds``, and for trained networks `encoders.training.run_state.RunState.summary`.

    Raises
    ------
    TrainingError
        If the training loss is no longer finite.
    """
    if isinstance(target, Task):
        config = replace(config, pool=config.pool.with_own(split_own([target])[1]))
        target = target.name
    path = place_of(out, target, sources)
    if path.exists():
        return read_json(path)
    begin = time.perf_counter()
    pool = open_transfer_data(config.pool, target)
    folder = out / "runs" / target / join_sources(sources)
    model, parts = _prepared(config, out, pool, sources)
    run = None
    if sources != (SELF,):
        run = _fitted(model, parts, pool, config, folder)
    losses_on = functools.partial(_losses, model=model, pool=pool, config=config)
    valid, test = losses_on(parts[1]), losses_on(parts[2])
    record: dict[str, Any] = {
        "readout": "trained",
        "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "best_epoch": None,
        "seconds": round(time.perf_counter() - begin, 2),
        **(run.summary() if run else {}),
    }
    if sources == (SELF,):
        record["converted"] = isinstance(model, Converted)
    record = write_measured(out, pool, sources, valid, test, record)
    shutil.rmtree(folder, ignore_errors=True)
    return record


def _prepared(
    config: TransferConfig, out: Path, pool: TransferData, sources: tuple[str, ...]
) -> tuple[nn.Module, list[Any]]:
    """Return the network to measure, and its examples for training, validation and test."""
    task, views = pool.task, [pool.train, pool.valid, pool.test]
    if sources == (SELF,):
        path = network_file(config.bank, task.name)
        check_classes(task, read_config(path), path)
        config.check([task.name])
        trained = constants_of(config.bank, task.name)
        return converted(load(task.name, config.bank), task, trained, pool.constants), views
    if sources == (SCRATCH,):
        return network_of(task, config.preset, seed=config.fit.seed), views
    if sources == (AVERAGE,):
        assert task.output is not None
        return Average(task.output.shape(config.pool.size)), views
    store = Store(out / REPRESENTATIONS)
    parts = [Represented(part, store, sources, input_kind(task)) for part in views]
    return read_out(config, task, store, parts[0]), parts


def constants_of(bank: str, name: str) -> dict[str, Any]:
    """Return the constants that standardized the targets of a network of the bank."""
    return read_config(network_file(bank, name)).get("constants") or {}


def forget_unconverted(config: TransferConfig, out: Path, target: str) -> bool:
    """Remove a target's record of ``self`` if an earlier version measured it in wrong units.

    That version compared a network's predictions with targets that were standardized with other
    constants than those of its training. The next `measure_transfer` measures ``self`` again.
    Returns whether a record was removed.
    """
    path = place_of(out, target, (SELF,))
    if not path.exists() or "converted" in json.loads(path.read_text()):
        return False
    pool, trained = open_transfer_data(config.pool, target), constants_of(config.bank, target)
    if conversion(pool.task, trained, pool.constants) is None:
        return False
    path.unlink()
    return True


def _fitted(
    model: nn.Module, parts: list[Any], pool: TransferData, config: TransferConfig, folder: Path
) -> RunState:
    return fit(
        model,
        training_loss_of(pool.task, pool.constants),
        in_memory(parts[0]),
        in_memory(parts[1]),
        folder,
        config.fit.of_constant() if isinstance(model, Average) else config.fit,
        measure=loss_of(pool.task, pool.constants),
        record={"target": pool.task.name},
    )


def _losses(
    examples: Any, *, model: nn.Module, pool: TransferData, config: TransferConfig
) -> Floats32:
    loss = loss_of(pool.task, pool.constants)
    return losses(config.fit.fabric(), model, loss, examples, config.fit)
