"""Train one network; a run that was killed resumes, and ends with the same weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import nn

from encoders.engines import with_threads
from encoders.losses import Loss
from encoders.training.adversarial import Adversary
from encoders.training.checkpoint import read_weights, restore, write_weights
from encoders.training.config import FitConfig
from encoders.training.loading import Examples
from encoders.training.loop import Augment, Training, adamw
from encoders.training.run_state import BEST, LogEntry, RunState, resume, save_state
from encoders.training.schedule import CAP


@with_threads
def fit(
    network: nn.Module,
    loss: Loss,
    train: Examples,
    valid: Examples,
    folder: Path,
    config: FitConfig,
    *,
    measure: Loss | None = None,
    record: dict[str, Any] | None = None,
    on_evaluation: Callable[[LogEntry], None] = lambda _: None,
    fabric: Fabric | None = None,
    adversary: Adversary | None = None,
    augment: Augment | None = None,
    pause_after: int | None = None,
) -> RunState:
    """Train ``network`` in place; it ends with the weights of its best evaluation.

    After each evaluation, ``folder`` holds `LAST`, with all that resuming needs, and `BEST`, the
    weights with the smallest mean validation loss so far. A run that finds a `LAST` of the same
    configuration continues from there. The random numbers between two evaluations are drawn from
    the seed and the number of the evaluation, and the learning rate follows from the steps and the
    validation losses. So the final weights are those of an undisturbed run (bit for bit on a CPU).

    Parameters
    ----------
    measure : function, optional
        The validation loss; by default ``loss``.
    record : dict, optional
        Further JSON values that are written to the files of weights.
    on_evaluation : function
        Called with each finished `LogEntry`, such as `encoders.training.tensorboard.scalars`.
    adversary : Adversary, optional
        Adds its term to the training loss. Reported losses do not include it.
    augment : function, optional
        Changes the training examples, such as `encoders.training.augment.augmented`.
    pause_after : int, at least 1, optional
        Number of epochs after which the run pauses, unless it has stopped before. A paused run has
        ``stopped`` None, its network has the best weights so far, and a later call with the same
        configuration continues it. The learning rate follows from the configuration alone, so that
        a run that was paused ends with the weights of one that was not.

    Raises
    ------
    TrainingError
        If a loss is no longer finite, or the folder holds a run of another configuration.
    """
    fabric = fabric or config.fabric()
    origin = {**(record or {}), "fit": dataclasses.asdict(config)}
    if adversary:
        adversary.setup(fabric, seed=config.seed)
        origin["adversarial"] = dataclasses.asdict(adversary.config)
    extra_modules = {"adversary": adversary.network} if adversary else {}
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = adamw(network, config, fabric)
    run = resume(network, optimizer, folder, origin, extra_modules)
    model, optimizer = fabric.setup(network, optimizer)
    training = Training(fabric, model, optimizer, loss, train, config, run, adversary, augment)
    last = training.evaluations_until(pause_after)
    while run.stopped is None and len(run.epochs) < last:
        row = training.until_evaluation(measure or loss, valid)
        best = run.add(row)
        if best and fabric.is_global_zero:
            about = {**origin, "epoch": row.epoch, "step": row.step}
            write_weights(folder / BEST, network.state_dict(), about)
        run.stopped = training.why_stopped()
        if fabric.is_global_zero:
            save_state(network, optimizer, folder, origin, run, extra_modules)
        on_evaluation(row)
    if len(run.epochs) == training.evaluations:
        run.stopped = run.stopped or CAP  # a run that an earlier version finished
    fabric.barrier()
    restore(network, read_weights(folder / BEST)[0], where=folder / BEST)
    return run
