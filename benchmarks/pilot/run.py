"""Choose the sets, train every network that the records lack, and record each as it ends."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.pilot.beside import TrainingTables
from benchmarks.pilot.fresh import write_added
from benchmarks.pilot.last_run import read_run
from benchmarks.pilot.networks import (
    LONG,
    PRUNED,
    RUN,
    SHORT,
    TRAININGS,
    PilotNetwork,
    identity_of,
    key_text,
    planned,
    settings_of,
    sweep_of,
    transfer_of,
)
from benchmarks.pilot.pruned import pruned_networks
from benchmarks.pilot.settings import SUITE, TARGETS, Settings
from benchmarks.results.log import Log, open_log
from benchmarks.results.record import read_records
from encoders.engines import Engine, Job, LocalEngine, as_completed, run_jobs
from encoders.errors import InvalidDataError, TrainingError
from encoders.transfer.closed import proposals, screen
from encoders.transfer.config_file import checked_overlap, write_or_check_config
from encoders.transfer.data import open_transfer_data
from encoders.transfer.jobs import encodings
from encoders.transfer.measure import measure_transfer
from encoders.transfer.pruning import Halving
from encoders.transfer.records import place_of
from encoders.transfer.settings import SweepConfig
from encoders.transfer.store import REPRESENTATIONS
from taskgraph.progress import progress_bar


def run(settings: Settings, out: Path) -> None:
    """Train the networks that the records lack; a run that was killed continues.

    Raises
    ------
    InvalidDataError
        If ``old`` is given without a file of splits, the bank lacks a network, or an encoder was
        trained on a validation or test building.
    TrainingError
        If a network failed, after all others were trained.
    """
    if settings.old is not None:
        if settings.division is None:
            raise InvalidDataError("--old writes a file of splits; name it with --splits")
        write_added(Path(settings.data), settings.old, Path(settings.division))
    sweep = sweep_of(settings)
    overlap = checked_overlap(sweep)
    identity, log = identity_of(sweep), open_log(out, SUITE.name, "torch", "numpy", "pandas")
    engine = LocalEngine(settings.jobs, settings.threads)
    asked = run_settings(settings, sweep, identity)
    sets = recorded_sets(out, asked, settings.seed)
    if sets is None:
        sets = chosen_sets(sweep, settings, engine)
        known = {"overlap": overlap.record(), "unknown": list(overlap.unknown)}
        facts = {"sets": sets, **known, **images_of(sweep)}
        log.add(asked, facts, seed=settings.seed)
    train(planned(sweep, sets), sweep, settings, identity, log, engine)
    if settings.pruning:
        fewer = pruned_networks(read_run(out), Halving())
        train(fewer, sweep, settings, identity, log, engine)


def run_settings(
    settings: Settings, sweep: SweepConfig, identity: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the settings of the run's first record."""
    fits = {}
    for training in TRAININGS:
        fits[training] = dataclasses.asdict(transfer_of(sweep, training, settings.short).fit)
        fits[training].pop("seed")
    return {
        "part": RUN,
        "command": SUITE.command(settings),
        **identity,
        "fits": fits,
        "targets": list(sweep.targets),
        "reasons": {name: TARGETS[name] for name in sweep.targets if name in TARGETS},
        "singles": list(sweep.sources),
        "sets_per_order": settings.sets,
        "max_order": sweep.max_order,
    }


def recorded_sets(
    out: Path, asked: Mapping[str, Any], seed: int
) -> dict[str, list[list[str]]] | None:
    """Return the sets of sources that an earlier run with the same settings chose, or None.

    The command is not compared, as it names folders.
    """
    wanted = {name: value for name, value in asked.items() if name != "command"}
    for record in reversed(read_records(out)):
        known = {name: value for name, value in record.settings.items() if name != "command"}
        if record.seed == seed and known == wanted:
            sets: dict[str, list[list[str]]] = record.metrics["sets"]
            return sets
    return None


def images_of(sweep: SweepConfig) -> dict[str, Any]:
    """Return the numbers of images and of buildings of each part, for the first target."""
    pool = open_transfer_data(sweep.transfer.pool, sweep.targets[0])
    parts = {name: getattr(pool, name) for name in ("train", "valid", "test")}
    return {
        "images": {name: len(part) for name, part in parts.items()},
        "buildings": {
            name: len({image.split("/")[0] for image in part.images()})
            for name, part in parts.items()
        },
    }


def chosen_sets(
    sweep: SweepConfig, settings: Settings, engine: Engine
) -> dict[str, list[list[str]]]:
    """Return by target the best sets of each order by the validation error of ridge regression."""
    if settings.sets == 0 or sweep.max_order < 2:
        return {target: [] for target in sweep.targets}
    work = folder_of(settings, LONG)
    encode(sweep, work, engine)
    result = screen(sweep, work, workers=settings.jobs)
    best = proposals(result, sweep.targets, sweep.max_order, settings.sets)
    return {target: [list(sources) for sources, _ in best[target]] for target in sweep.targets}


def folder_of(settings: Settings, training: str) -> Path:
    """Return the folder of the networks of one training."""
    return Path(settings.work) / training


def encode(sweep: SweepConfig, work: Path, engine: Engine) -> None:
    """Store the representations of all sources, unless they are stored already."""
    write_or_check_config(sweep, work)
    with progress_bar("encode") as progress:
        outcome = run_jobs(encodings(sweep, work), engine, progress=progress)
    _check(outcome.failures, outcome.stopped)


def train(
    networks: list[PilotNetwork],
    sweep: SweepConfig,
    settings: Settings,
    identity: Mapping[str, Any],
    log: Log,
    engine: Engine,
) -> None:
    """Train and test the networks that have no record, and record each as soon as it ends."""
    asked = {
        one: settings_of(one, identity, transfer_of(sweep, one.training, settings.short))
        for one in networks
    }
    waiting = [one for one in networks if not log.has(asked[one], seed=settings.seed, split="test")]
    print(f"{len(networks)} networks, {len(waiting)} to be trained or measured", flush=True)
    if not waiting:
        return
    encode(sweep, folder_of(settings, LONG), engine)
    share_representations(sweep, settings)
    jobs = {one.name: (one, job_of(one, sweep, settings)) for one in waiting}
    tables, failures, stopped = TrainingTables.read(log.folder), {}, None
    with progress_bar("train") as progress:
        calls = [job for _, job in jobs.values()]
        with contextlib.closing(as_completed(calls, engine, progress=progress)) as outcomes:
            for outcome in outcomes:
                network = jobs[outcome.job.key][0]
                if outcome.reason is not None:
                    failures[outcome.job.key] = outcome.reason
                    stopped = outcome.reason if outcome.stops else stopped
                else:
                    record(network, asked[network], settings, tables, log)
    _check(failures, stopped)


def job_of(network: PilotNetwork, sweep: SweepConfig, settings: Settings) -> Job:
    """Return the job that trains and tests one network."""
    out = folder_of(settings, network.folder)
    transfer = transfer_of(sweep, network.training, settings.short)
    return Job(
        network.name,
        measure_transfer,
        (transfer, out, network.target, network.sources, None, network.pruned),
        done=place_of(out, network.target, network.sources),
        weight=transfer.fit.epochs,
    )


def record(
    network: PilotNetwork,
    asked: Mapping[str, Any],
    settings: Settings,
    tables: TrainingTables,
    log: Log,
) -> None:
    """Add a network's rows to the tables and then its record, which marks it as complete."""
    path = place_of(folder_of(settings, network.folder), network.target, network.sources)
    measured = json.loads(path.read_text())
    curve = measured.pop("valid_losses", None) or []
    about = {name: asked[name] for name in ("target", "sources", "training")}
    losses = pd.read_parquet(path.with_suffix(".parquet"))[["image", "loss"]]
    tables.add(
        key_text(asked, settings.seed),
        curves=pd.DataFrame(curve, columns=["step", "valid_loss"]).assign(**about),
        losses=losses.assign(loss=losses["loss"].astype(np.float32), **about),
    )
    kept = ("order", "valid_loss", "test_loss", "parameters", "best_step", "last_step", "stopped")
    metrics = {name: measured.get(name) for name in kept}
    log.add(asked, metrics, seed=settings.seed, split="test", seconds=measured["seconds"])


def share_representations(sweep: SweepConfig, settings: Settings) -> None:
    """Make every training's folder show the representations of the long one."""
    long = folder_of(settings, LONG)
    for training in (SHORT, PRUNED):
        folder = folder_of(settings, training)
        transfer = transfer_of(sweep, training, settings.short)
        write_or_check_config(dataclasses.replace(sweep, transfer=transfer), folder)
        link = folder / REPRESENTATIONS
        if not link.is_symlink():
            link.symlink_to(Path("..") / long.name / REPRESENTATIONS, target_is_directory=True)


def _check(failures: Mapping[str, str], stopped: str | None) -> None:
    """Raise TrainingError if jobs failed or were stopped."""
    if stopped:
        raise TrainingError(f"stopped: {stopped}")
    if failures:
        first, reason = next(iter(failures.items()))
        raise TrainingError(
            f"{len(failures)} failed, the first of them {first}: {reason}; all else is kept, and "
            "the same command continues"
        )
