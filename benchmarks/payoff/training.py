"""Training of the chosen transfers: each (target, sources, seed) once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from encoders.engines import Engine, Job, Outcome, run_jobs
from encoders.errors import TrainingError
from encoders.tasks import TASKS
from encoders.transfer.candidates import Sources
from encoders.transfer.config_file import write_or_check_config
from encoders.transfer.jobs import encodings
from encoders.transfer.measure import measure_transfer
from encoders.transfer.records import place_of, records
from encoders.transfer.settings import SweepConfig, TransferConfig, resolve_tasks
from encoders.transfer.store import REPRESENTATIONS
from taskgraph.losses import Losses
from taskgraph.progress import ProgressFactory
from taskgraph.tasks import AVERAGE, RESERVED, SCRATCH, SELF, join_sources

TransferKey = tuple[str, Sources]


def with_references(pairs: Sequence[TransferKey]) -> list[TransferKey]:
    """Return the transfers, and ``self``, ``scratch`` and ``average`` of each target, sorted."""
    targets = {target for target, _ in pairs}
    return sorted({*pairs, *((t, (name,)) for t in targets for name in (SELF, SCRATCH, AVERAGE))})


def seeded(config: TransferConfig, seed: int) -> TransferConfig:
    """Return the configuration with another seed of the training; the images stay the same."""
    return replace(config, fit=replace(config.fit, seed=seed))


def folder_of(work: Path, seed: int) -> Path:
    """Return the folder of one seed's read-outs."""
    return work / f"seed-{seed}"


def jobs_of(sweep: SweepConfig, work: Path, pairs: Sequence[TransferKey], seed: int) -> list[Job]:
    """Return one job for each transfer."""
    out, config = folder_of(work, seed), seeded(sweep.transfer, seed)
    return [
        Job(
            f"seed {seed}: {join_sources(sources)} -> {target}",
            measure_transfer,
            (config, out, target, sources),
            done=place_of(out, target, sources),
            weight=TASKS[target].inputs * (1 + 0.1 * len(sources)),
        )
        for target, sources in pairs
    ]


def train(
    sweep: SweepConfig,
    work: Path,
    pairs: Sequence[TransferKey],
    seeds: Sequence[int],
    engine: Engine,
    progress: ProgressFactory,
) -> dict[int, Losses]:
    """Measure every transfer and its references with every seed; read those measured before.

    Representations depend on no seed: all folders ``seed-N`` share those of ``work``.

    Returns
    -------
    dict of Losses
        By seed: losses of the fresh test images; clusters are buildings.

    Raises
    ------
    TrainingError
        If a transfer failed, after all others were measured; or if ``work`` has other settings.
    """
    pairs = with_references(pairs)
    used = sorted({name for _, sources in pairs for name in sources} - RESERVED)
    resolve_tasks(sweep.transfer.bank, sweep.targets, tuple(used))
    write_or_check_config(sweep, work)
    with progress("encode") as report:
        _check_whole(
            run_jobs(encodings(replace(sweep, sources=tuple(used)), work), engine, progress=report)
        )
    jobs = []
    for seed in seeds:
        _share(work, folder_of(work, seed))
        write_or_check_config(
            replace(sweep, transfer=seeded(sweep.transfer, seed)), folder_of(work, seed)
        )
        jobs += jobs_of(sweep, work, pairs, seed)
    with progress("train") as report:
        _check_whole(run_jobs(jobs, engine, progress=report))
    return {seed: losses_of(folder_of(work, seed), pairs) for seed in seeds}


def losses_of(out: Path, pairs: Sequence[TransferKey]) -> Losses:
    """Return the measured losses of these transfers."""
    paths = [place_of(out, *pair).with_suffix(".parquet") for pair in pairs]
    return Losses.from_frame(pd.concat(map(pd.read_parquet, paths), ignore_index=True))


def spent(work: Path, pairs: Sequence[TransferKey], seeds: Sequence[int]) -> dict[str, Any]:
    """Return the number of networks trained for these transfers, and the seconds of their jobs."""
    wanted = {(target, join_sources(sources)) for target, sources in with_references(pairs)}
    seconds, trained = 0.0, 0
    for seed in seeds:
        for key, record in records(folder_of(work, seed)).items():
            if key in wanted:
                seconds += record["seconds"]
                trained += record["sources"] != SELF
    return {"trained": trained, "seconds": round(seconds, 1)}


def _share(work: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / REPRESENTATIONS
    if not link.is_symlink():
        link.symlink_to(Path(os.pardir) / REPRESENTATIONS, target_is_directory=True)


def _check_whole(outcome: Outcome) -> None:
    """Raise TrainingError if jobs failed or were stopped."""
    if outcome.stopped:
        raise TrainingError(f"stopped: {outcome.stopped}")
    if outcome.failures:
        first, reason = next(iter(outcome.failures.items()))
        raise TrainingError(
            f"{len(outcome.failures)} failed, the first of them {first}: {reason}; all else is "
            "kept, and the same command goes on"
        )
