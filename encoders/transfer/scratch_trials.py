"""Choice of one configuration of ``scratch`` for all targets, by validation losses on some.

Each configuration of a grid trains ``scratch`` of each trial target; no test loss is measured. The
losses of targets differ in their units. So the chosen configuration has the smallest mean over the
targets of log(loss / smallest loss of this target over the grid). Among equal ones it is that with
fewer epochs, then that with the smaller learning rate.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from encoders.engines import Engine, Job, Outcome, run_jobs, with_threads
from encoders.errors import DivergedError, TrainingError
from encoders.errors.storage import read_json
from encoders.training.objective import network_of
from encoders.transfer.config_file import write_or_check_config
from encoders.transfer.data import open_transfer_data
from encoders.transfer.measure import fit_transfer
from encoders.transfer.scratch import ScratchConfig
from encoders.transfer.settings import SweepConfig, TransferConfig
from taskgraph.progress import ProgressFactory, no_progress_bar
from taskgraph.tables import write_text
from taskgraph.tasks import SCRATCH

TRIALS = "scratch_trials"
"""Folder of the trials in that of a sweep, and the key of ``config.json`` that lists them."""

DIVERGED = "diverged"
"""Reason for the end of a training whose loss was no longer finite."""


@dataclass(frozen=True)
class ScratchChoice:
    """The configuration that was chosen, and what was tried.

    Attributes
    ----------
    scratch : ScratchConfig
    trials : list of dict
        One entry a configuration and target: ``target, epochs, learning_rate`` (those that the
        training had), ``valid_loss`` (mean over validation images, smaller is better; None if the
        training diverged, and then ``reason`` says how), ``best_epoch, last_epoch, stopped,
        seconds``.
    """

    scratch: ScratchConfig
    trials: list[dict[str, Any]]

    def record(self) -> dict[str, Any]:
        """Return the content of the key `TRIALS` of ``config.json``."""
        return {"chosen": vars(self.scratch), "tried": self.trials}


def run_trials(
    config: SweepConfig,
    out: Path,
    engine: Engine,
    *,
    progress: ProgressFactory = no_progress_bar,
) -> Outcome:
    """Train the trials of a sweep's grid that have no record yet.

    Parameters
    ----------
    config : SweepConfig
        One with a ``scratch_grid``.
    out : path
        Folder of the sweep; the trials are in its folder `TRIALS`.

    Raises
    ------
    TrainingError
        If the folder holds trials with other settings of training, or of other data.
    """
    folder = out / TRIALS
    transfer = replace(config.transfer, scratch=None, external=())
    trial = SweepConfig(transfer, trial_targets(config), (), max_order=1)
    write_or_check_config(trial, folder)
    jobs = [
        Job(
            f"scratch -> {target}, {fit.epochs} epochs, learning rate {fit.learning_rate:g}",
            try_scratch,
            (transfer, folder, target),
            done=trial_file(transfer, folder, target),
            weight=float(fit.epochs),
        )
        for transfer, target in _planned(config)
        for fit in [transfer.fit_of((SCRATCH,))]
    ]
    with progress("choose scratch") as report:
        return run_jobs(jobs, engine, progress=report)


def trial_targets(config: SweepConfig) -> tuple[str, ...]:
    """Return the targets that the grid is tried on."""
    assert config.scratch_grid is not None
    return config.scratch_grid.targets or config.targets


def _planned(config: SweepConfig) -> list[tuple[TransferConfig, str]]:
    """Return the configuration and target of each trial."""
    assert config.scratch_grid is not None
    return [
        (replace(config.transfer, scratch=scratch), target)
        for scratch in config.scratch_grid.configs()
        for target in trial_targets(config)
    ]


def trial_file(config: TransferConfig, folder: Path, target: str) -> Path:
    """Return the path of the record of one trial."""
    fit = config.fit_of((SCRATCH,))
    return folder / target / f"{fit.epochs}-{fit.learning_rate:g}.json"


@with_threads
def try_scratch(config: TransferConfig, folder: Path, target: str) -> dict[str, Any]:
    """Train ``scratch`` of one target, and write its record, which has validation losses alone."""
    path = trial_file(config, folder, target)
    if path.exists():
        return read_json(path)
    begin = time.perf_counter()
    pool, fit = open_transfer_data(config.pool, target), config.fit_of((SCRATCH,))
    network = network_of(pool.task, config.preset, seed=fit.seed)
    record: dict[str, Any] = {
        "target": target,
        "epochs": fit.epochs,
        "learning_rate": fit.learning_rate,
    }
    try:
        parts = [pool.train, pool.valid]
        run = fit_transfer(network, parts, pool, config, path.with_suffix(""), (SCRATCH,))
        record |= {"valid_loss": run.best_loss, **run.summary()}
    except DivergedError as error:
        record |= {"valid_loss": None, "stopped": DIVERGED, "reason": str(error)}
    record["seconds"] = round(time.perf_counter() - begin, 2)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", path)
    return record


def chosen_scratch(config: SweepConfig, out: Path) -> ScratchChoice:
    """Return the configuration that the finished trials of a sweep choose.

    Raises
    ------
    TrainingError
        As for `best_scratch`.
    """
    kept = (
        "target",
        "epochs",
        "learning_rate",
        "valid_loss",
        "best_epoch",
        "last_epoch",
        "stopped",
        "seconds",
        "reason",
    )
    read = [
        read_json(trial_file(transfer, out / TRIALS, target))
        for transfer, target in _planned(config)
    ]
    trials = [{name: one.get(name) for name in kept} for one in read]
    return ScratchChoice(best_scratch(trials), trials)


def best_scratch(trials: Sequence[dict[str, Any]]) -> ScratchConfig:
    """Return the configuration with the smallest mean log ratio to the best of each target.

    A configuration whose training diverged at some target cannot be chosen.

    Raises
    ------
    TrainingError
        If each configuration diverged somewhere, or a mean loss is not above 0.
    """
    by_config: dict[tuple[int, float], dict[str, float | None]] = {}
    for one in trials:
        key = (one["epochs"], one["learning_rate"])
        by_config.setdefault(key, {})[one["target"]] = one["valid_loss"]
    for losses in by_config.values():
        for target, loss in losses.items():
            if loss is not None and not loss > 0:
                raise TrainingError(
                    f"scratch of {target} has a mean validation loss of {loss:g}, expected one "
                    "above 0: losses of several targets are compared by their ratios. Leave "
                    f"{target} out of --scratch-targets"
                )
    whole = {key: by for key, by in by_config.items() if None not in by.values()}
    if not whole:
        first = next(one for one in trials if one["valid_loss"] is None)
        raise TrainingError(
            f"each of {len(by_config)} configurations of scratch diverged at some target "
            f"({first['target']}: {first.get('reason')}); add a smaller learning rate to "
            "--scratch-learning-rate, in another folder"
        )
    least = {
        target: min(float(by[target] or math.inf) for by in whole.values())
        for target in next(iter(whole.values()))
    }
    scores = {
        key: sum(math.log(float(loss or math.inf) / least[target]) for target, loss in by.items())
        for key, by in whole.items()
    }
    epochs, rate = min(scores, key=lambda key: (round(scores[key], 12), key))
    return ScratchConfig(epochs, rate)
