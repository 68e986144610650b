"""Choose from the table, train what was chosen, test it on fresh buildings, and record it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.payoff.choices import choices, needed
from benchmarks.payoff.last_run import CHOICE, RUN, SUMMARY, TARGETS
from benchmarks.payoff.measures import payoffs
from benchmarks.payoff.readouts import check, sweep_of, transfer_of
from benchmarks.payoff.settings import SUITE, WHERE, Settings
from benchmarks.payoff.splits import write_fresh
from benchmarks.payoff.tables import payoff_table, summary_table, target_table
from benchmarks.payoff.training import spent, train, with_references
from benchmarks.results.log import Log, open_log
from encoders.bank.identity import bank_hash
from encoders.engines import Engine, engine_named
from encoders.transfer.data import open_transfer_data
from encoders.transfer.settings import SweepConfig
from encoders.transfer.sweep import checked_overlap, fingerprints
from taskgraph.progress import ProgressFactory, no_progress_bar, progress_bar
from taskgraph.tables import read_transfers, write_frame


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
    """Choose taxonomies, train and test them, and write the records and tables.

    Networks that ``work`` holds are not trained again, even for other budgets and draws; so a run
    that was killed continues.
    """
    table = read_transfers(settings.table)
    transfer = transfer_of(settings)
    sweep = sweep_of(settings, table, transfer)
    chosen = choices(table, settings.problem, draws=settings.draws)
    pairs = needed(chosen)
    checked = check(settings, sweep)
    count = len(with_references(pairs))
    print(f"{len(chosen)} choices, {count} networks a seed with self and scratch", flush=True)
    by_seed = train(sweep, work, pairs, settings.seeds, engine, progress)
    found = payoffs(chosen, by_seed, resamples=settings.resamples)
    out.mkdir(parents=True, exist_ok=True)
    write_frame(summary_table(found), out / SUMMARY)
    write_frame(target_table(found, by_seed), out / TARGETS)
    cost = spent(work, pairs, settings.seeds)
    log = open_log(out, SUITE.name, "torch", "numpy", "pandas", "highspy")
    asked = run_settings(settings, sweep)
    log.add(asked, facts(sweep, checked, cost), split="test", seconds=cost["seconds"])
    record_choices(payoff_table(found), settings, log)


def record_choices(frame: pd.DataFrame, settings: Settings, log: Log) -> None:
    """Add one record for each row of `payoff_table`."""
    for one in frame.to_dict("records"):
        metrics = {str(name): value for name, value in one.items()}
        asked = {
            "part": CHOICE,
            "rule": metrics.pop("rule"),
            "draw": metrics.pop("draw"),
            "budget": settings.budget,
            "max_order": settings.max_order,
        }
        seed = metrics.pop("seed")
        log.add(asked, metrics, seed=seed, split="test")


def run_settings(settings: Settings, sweep: SweepConfig) -> dict[str, Any]:
    """Return the settings of the run's first record: everything that its numbers depend on."""
    asked = {name: value for name, value in asdict(settings).items() if name not in WHERE}
    return {
        "part": RUN,
        "command": SUITE.command(settings),
        **asked,
        "transfer": sweep.transfer.record(),
        "bank_hash": bank_hash(fingerprints(sweep)),
        "table_sha256": hashlib.sha256(Path(settings.table).read_bytes()).hexdigest(),
        "targets": list(sweep.targets),
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
