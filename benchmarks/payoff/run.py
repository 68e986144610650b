"""Choose from the table, train what was chosen, test it on fresh buildings, and record it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.payoff.choices import RuleChoice, choices, needed
from benchmarks.payoff.fresh_wins import fresh_wins
from benchmarks.payoff.measures import payoffs
from benchmarks.payoff.newest_run import CHOICE, RUN, SUMMARY, TARGETS, WINS
from benchmarks.payoff.readouts import check, sweep_of, table_seeds, transfer_of, with_seeds
from benchmarks.payoff.settings import SUITE, WHERE, Settings
from benchmarks.payoff.splits import write_fresh
from benchmarks.payoff.tables import payoff_table, summary_table, target_table
from benchmarks.payoff.training import spent, train, with_references
from benchmarks.results.hashes import file_hash
from benchmarks.results.log import Log, open_log
from benchmarks.results.sweep_inputs import sweep_inputs
from encoders.dataset.overlap import UNTRAINED
from encoders.engines import Engine, engine_named
from encoders.transfer.candidates import Sources
from encoders.transfer.config_file import checked_overlap
from encoders.transfer.data import open_transfer_data
from encoders.transfer.settings import SweepConfig
from taskgraph.progress import ProgressFactory, no_progress_bar, progress_bar
from taskgraph.tables import read_transfers, write_frame

SPLIT = "test"


def run(settings: Settings, out: Path) -> None:
    """Write the file of splits if ``old`` is given, then compare the rules."""
    if settings.old is not None:
        parts = write_fresh(Path(settings.data), settings.old, Path(settings.splits))
        told = ", ".join(f"{len(names)} {split}" for split, names in parts.items())
        print(f"wrote {settings.splits}: {told}")
    engine = engine_named(
        settings.engine,
        jobs=settings.jobs,
        address=settings.address,
        gpus=settings.gpus,
        threads=settings.threads or 1,
    )
    compare(settings, out, Path(settings.work), engine, progress=progress_bar)


def compare(
    settings: Settings,
    out: Path,
    work: Path,
    engine: Engine,
    *,
    progress: ProgressFactory = no_progress_bar,
) -> None:
    """Choose taxonomies, train and test them, and write the tables and records.

    Nothing is done if the records in ``out`` have all of this run. Networks that ``work`` holds are
    not trained again, even for other budgets and draws; so a run that was killed continues. The
    tables are written before the records.
    """
    settings = with_seeds(settings)
    table = read_transfers(settings.table)
    transfer = transfer_of(settings)
    sweep = sweep_of(settings, table, transfer)
    chosen = choices(table, settings.problem, draws=settings.draws)
    checked = check(settings, sweep)
    log = open_log(out, SUITE.name, "torch", "numpy", "pandas", "highspy")
    asked = run_settings(settings, sweep)
    if is_finished(log, asked, chosen, settings.seeds):
        print(f"the records in {out} have all of this run", flush=True)
        return
    pairs = sorted({*needed(chosen), *untrained_transfers(sweep)})
    count = len(with_references(pairs))
    print(f"{len(chosen)} choices, {count} networks a seed with references", flush=True)
    by_seed = train(sweep, work, pairs, settings.seeds, engine, progress)
    measured = payoffs(chosen, by_seed, resamples=settings.resamples)
    out.mkdir(parents=True, exist_ok=True)
    write_frame(summary_table(measured), out / SUMMARY)
    write_frame(target_table(measured, by_seed), out / TARGETS)
    write_frame(fresh_wins(chosen, by_seed, resamples=settings.resamples), out / WINS)
    about = settings_of_run(asked)
    if not log.has(about, split=SPLIT):
        cost = spent(work, pairs, settings.seeds)
        metrics = {"command": SUITE.command(settings), **facts(sweep, checked, cost)}
        metrics["table_seeds"] = table_seeds(settings.table, transfer.fit.seed)
        log.add(about, metrics, split=SPLIT, seconds=cost["seconds"])
    record_choices(payoff_table(measured), asked, log)


def untrained_transfers(sweep: SweepConfig) -> list[tuple[str, Sources]]:
    """Return the transfers from the encoder that was never trained, if it is a source."""
    if UNTRAINED not in sweep.sources:
        return []
    return [(target, (UNTRAINED,)) for target in sweep.targets]


def is_finished(
    log: Log, asked: Mapping[str, Any], chosen: Sequence[RuleChoice], seeds: Sequence[int]
) -> bool:
    """Return whether the log has the facts of a run and each of its choices with each seed."""
    return log.has(settings_of_run(asked), split=SPLIT) and all(
        log.has(settings_of_choice(one.rule, one.draw, asked), seed=seed, split=SPLIT)
        for one in chosen
        for seed in seeds
    )


def settings_of_run(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the record of a run's facts."""
    return {"part": RUN, "run": asked}


def settings_of_choice(rule: str, draw: int, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the record of one choice."""
    return {"part": CHOICE, "rule": rule, "draw": draw, "run": asked}


def record_choices(frame: pd.DataFrame, asked: Mapping[str, Any], log: Log) -> None:
    """Add one record for each row of `payoff_table` that the log lacks.

    ``asked`` are the settings of the run, as `run_settings` returns them.
    """
    for one in frame.to_dict("records"):
        metrics = {str(name): value for name, value in one.items()}
        settings = settings_of_choice(metrics.pop("rule"), metrics.pop("draw"), asked)
        seed = metrics.pop("seed")
        if not log.has(settings, seed=seed, split=SPLIT):
            log.add(settings, metrics, seed=seed, split=SPLIT)


def run_settings(settings: Settings, sweep: SweepConfig) -> dict[str, Any]:
    """Return everything that the numbers of a run depend on; files are named by hashes, too."""
    asked = {name: value for name, value in asdict(settings).items() if name not in WHERE}
    return {
        **asked,
        "transfer": sweep.transfer.record(),
        "table_sha256": file_hash(Path(settings.table)),
        "targets": list(sweep.targets),
        **sweep_inputs(sweep),
    }


def facts(
    sweep: SweepConfig, checked: Mapping[str, bool], cost: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the facts of the run: images, buildings, checks, networks trained."""
    pool = open_transfer_data(sweep.transfer.pool, sweep.targets[0])
    return {
        "images": {name: len(getattr(pool, name)) for name in ("train", "valid", "test")},
        "buildings": len({image.split("/")[0] for image in pool.test.images()}),
        "checked": dict(checked),
        "overlap": checked_overlap(sweep).record(),
        "trained": cost["trained"],
    }
