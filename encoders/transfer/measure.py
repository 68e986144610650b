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
from encoders.training.schedule import PRUNED
from encoders.transfer.data import TransferData, open_transfer_data
from encoders.transfer.pruning import Pruned
from encoders.transfer.records import place_of, seed_folder, write_measured
from encoders.transfer.represented import Represented, read_out
from encoders.transfer.settings import TransferConfig
from encoders.transfer.store import REPRESENTATIONS, Store, input_kind
from taskgraph.arrays import Floats32
from taskgraph.tables import write_text
from taskgraph.tasks import AVERAGE, SCRATCH, SELF, join_sources

RUNG = "rung-"
"""Beginning of the names of files that say where a read-out stands after some epochs."""


@with_threads
def measure_transfer(
    config: TransferConfig,
    out: Path,
    target: str | Task,
    sources: tuple[str, ...],
    seed: int | None = None,
    pruned: Pruned | None = None,
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
    seed : int, optional
        A further seed of training, instead of that of ``config``; its results go into a folder of
        their own (`encoders.transfer.records.seed_folder`).
    pruned : Pruned, optional
        Where the read-out was pruned: it is measured with its best weights up to that rung.

    Returns
    -------
    dict
        The record. It has ``valid_loss`` and ``test_loss`` (means over images; smaller is better),
        ``seconds``, ``seed`` and, for trained networks, ``best_epoch``, ``best_step``,
        ``last_epoch``, ``last_step``, ``stopped`` (patience, cap or pruned) and ``valid_losses``
        as in `encoders.training.run_state.RunState.summary`. For ``self`` the first five are those
        of its training in the bank. That of a pruned read-out has ``pruned`` with the attributes
        of `encoders.transfer.pruning.Pruned`.

    Raises
    ------
    TrainingError
        If the training loss is no longer finite.
    """
    if isinstance(target, Task):
        config = replace(config, pool=config.pool.with_own(split_own([target])[1]))
        target = target.name
    results = seed_folder(out, seed)
    path = place_of(results, target, sources)
    if path.exists():
        return read_json(path)
    if seed is not None:
        config = config.with_seed(seed)
    begin = time.perf_counter()
    pool = open_transfer_data(config.pool, target)
    folder = run_folder(results, target, sources)
    model, parts = _prepared(config, out, pool, sources)
    if sources == (SELF,):
        training = {
            **_bank_training(config.bank, target),
            "converted": isinstance(model, Converted),
        }
    else:
        training = _trained(model, parts, pool, config, folder, sources, pruned)
    losses_on = functools.partial(_losses, model=model, pool=pool, config=config)
    valid, test = losses_on(parts[1]), losses_on(parts[2])
    record: dict[str, Any] = {
        "readout": "trained",
        "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "best_epoch": None,
        "seed": config.fit.seed,
        "seconds": round(_seconds_before(folder) + time.perf_counter() - begin, 2),
        **training,
    }
    record = write_measured(results, pool, sources, valid, test, record)
    shutil.rmtree(folder, ignore_errors=True)
    return record


@with_threads
def train_to_rung(
    config: TransferConfig, out: Path, target: str, sources: tuple[str, ...], epochs: int
) -> dict[str, Any]:
    """Train a read-out for some epochs, unless it stops earlier, and write its validation loss.

    Its checkpoint stays in `run_folder`, from which `measure_transfer` goes on. If the file
    `rung_file` exists, it is read, and nothing is trained.

    Returns
    -------
    dict
        ``loss``, the smallest mean validation loss so far; ``stopped``, why training stopped, or
        None; ``seconds``, those of this and earlier rungs.

    Raises
    ------
    TrainingError
        If a loss is no longer finite.
    """
    path = rung_file(out, target, sources, epochs)
    if path.exists():
        return read_json(path)
    begin = time.perf_counter()
    pool = open_transfer_data(config.pool, target)
    model, parts = _prepared(config, out, pool, sources)
    run = fit_transfer(model, parts, pool, config, path.parent, sources, pause_after=epochs)
    seconds = _seconds_before(path.parent) + time.perf_counter() - begin
    record = {"loss": run.best_loss, "stopped": run.stopped, "seconds": round(seconds, 2)}
    write_text(json.dumps(record) + "\n", path)
    return record


def run_folder(results: Path, target: str, sources: tuple[str, ...]) -> Path:
    """Return the folder of the checkpoints of a read-out that is being trained."""
    return results / "runs" / target / join_sources(sources)


def rung_file(out: Path, target: str, sources: tuple[str, ...], epochs: int) -> Path:
    """Return the path of the file with a read-out's validation loss after some epochs."""
    return run_folder(out, target, sources) / f"{RUNG}{epochs}.json"


def _seconds_before(folder: Path) -> float:
    """Return the seconds that the rungs of a read-out took so far."""
    return max((read_json(path)["seconds"] for path in folder.glob(f"{RUNG}*.json")), default=0.0)


def _bank_training(bank: str, name: str) -> dict[str, Any]:
    """Return when and why the training of the bank's own network of a task stopped.

    A bank of an earlier version says no more than the best epoch.
    """
    config = read_config(network_file(bank, name))
    training = (config.get("training") or {}).get(SELF) or {}
    best = (config.get("best_epoch") or {}).get(SELF)
    return {"best_epoch": best, **{k: v for k, v in training.items() if k != "valid_losses"}}


def _trained(
    model: nn.Module,
    parts: list[Any],
    pool: TransferData,
    config: TransferConfig,
    folder: Path,
    sources: tuple[str, ...],
    pruned: Pruned | None,
) -> dict[str, Any]:
    """Train a network to its end, or to the rung where it was pruned; returns the summary."""
    if pruned is None:
        return fit_transfer(model, parts, pool, config, folder, sources).summary()
    run = fit_transfer(model, parts, pool, config, folder, sources, pause_after=pruned.rung)
    return {**run.summary(), "stopped": PRUNED, "pruned": vars(pruned)}


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


def fit_transfer(
    model: nn.Module,
    parts: list[Any],
    pool: TransferData,
    config: TransferConfig,
    folder: Path,
    sources: tuple[str, ...],
    *,
    pause_after: int | None = None,
) -> RunState:
    """Train a network on the first of ``parts``, and select its best epoch on the second.

    Parameters
    ----------
    folder : path
        Of the checkpoints, from which an interrupted training goes on.
    pause_after : int, optional
        Number of epochs after which training pauses.
    """
    return fit(
        model,
        training_loss_of(pool.task, pool.constants),
        in_memory(parts[0]),
        in_memory(parts[1]),
        folder,
        config.fit_of(sources),
        measure=loss_of(pool.task, pool.constants),
        record={"target": pool.task.name},
        pause_after=pause_after,
    )


def _losses(
    examples: Any, *, model: nn.Module, pool: TransferData, config: TransferConfig
) -> Floats32:
    loss = loss_of(pool.task, pool.constants)
    return losses(config.fit.fabric(), model, loss, examples, config.fit)
