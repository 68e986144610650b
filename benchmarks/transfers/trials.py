"""Trials: does a changed setting bring the ranking of single sources closer to the published one?

    taskgraph bench transfers --trials images=BASE:CHANGED,single=BASE:single

BASE and CHANGED are sweeps that differ in one setting. ``single`` in place of a folder stands for
the losses of BASE in tournaments of single sources alone.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.results.frame import flattened
from benchmarks.results.hashes import file_hash
from benchmarks.results.log import Log
from benchmarks.results.machine import TASKONOMY
from benchmarks.transfers.finished import FinishedSweep, read_finished, read_published
from benchmarks.transfers.gather import published_hash
from benchmarks.transfers.provenance import bank_facts, without_places
from benchmarks.transfers.published import by_target, matrices, measured_cells
from benchmarks.transfers.results_folder import required
from benchmarks.transfers.settings import Settings
from benchmarks.transfers.structure import of_single_sources
from encoders.bank.identity import bank_hash
from encoders.bank.jobs import MANIFEST
from encoders.transfer.data import open_transfer_data
from encoders.transfer.file_names import CONFIG, LOSSES, TRANSFERS
from taskgraph.errors import InvalidTableError, TaskgraphError
from taskgraph.transfers import Transfers

TRIAL, SINGLE = "trial", "single"
LEAST = 3
"""Least single sources of a target whose ranks are compared."""


def measure_trials(settings: Settings, log: Log) -> None:
    """Record each trial of the settings that the log lacks.

    Raises
    ------
    InvalidTableError
        If a trial is written otherwise, a folder is no sweep, or the tables have no target with
        `LEAST` single sources in common.
    """
    published_at = Path(settings.published or TASKONOMY)
    theirs = read_published(published_at)
    for text in settings.trials:
        name, base, changed = parsed(text)
        before = read_finished(base)
        after = None if changed is None else read_finished(changed)
        asked = {
            "part": TRIAL,
            "trial": name,
            "changes": changes(before, after),
            "tables": [
                file_hash(each / name)
                for each in (base, changed or base)
                for name in (TRANSFERS, LOSSES)
            ],
            "published_sha256": published_hash(published_at),
        }
        if not log.has(asked):
            tables = *tables_of(before, after), theirs
            rows = agreement_rows(*tables)
            cells = [cell for cell in compared_cells(*tables) if cell[0] in {*rows["target"]}]
            sweeps = (before, after or before)
            metrics = {
                "targets": rows.to_dict("records"),
                "seeds": [seeds_of(each, cells) for each in sweeps],
                "training_buildings": [training_buildings(each) for each in sweeps],
                "encoders": [encoders_of(each) for each in sweeps],
            }
            log.add(asked, metrics)


def parsed(text: str) -> tuple[str, Path, Path | None]:
    """Return the name and the folders of a trial ``NAME=BASE:CHANGED``; None stands for single."""
    name, _, folders = text.partition("=")
    base, _, changed = folders.partition(":")
    if not name or not base or not changed:
        raise InvalidTableError(
            f'--trials has "{text}", expected NAME=BASE:CHANGED with two folders of `taskgraph '
            f"transfer`, or NAME=BASE:{SINGLE}"
        )
    return name, Path(base), None if changed == SINGLE else Path(changed)


def tables_of(before: FinishedSweep, after: FinishedSweep | None) -> tuple[Transfers, Transfers]:
    """Return the affinities of both sweeps, in tournaments of the single sources that both have.

    Without a second sweep they are those of all its candidates, and of its single sources alone.

    Raises
    ------
    InvalidTableError
        If a sweep has no losses, or the two have fewer than `LEAST` single sources in common.
    """
    losses = required(before.losses, before, LOSSES)
    if after is None:
        return before.transfers, of_single_sources(losses)
    others = required(after.losses, after, LOSSES)
    common = {*before.transfers.sources} & {*after.transfers.sources}
    if len(common) < LEAST:
        raise InvalidTableError(
            f"{before.folder} and {after.folder} have {len(common)} source(s) in common, expected "
            f"at least {LEAST}"
        )
    return of_single_sources(losses, common), of_single_sources(others, common)


def seeds_of(sweep: FinishedSweep, cells: Iterable[tuple[str, str]]) -> list[int]:
    """Return the least and the most seeds of a sweep's transfers, given as (target, source)."""
    by_target = required(sweep.losses, sweep, LOSSES).by_target
    counts = [by_target[target].seed_count(source) for target, source in cells]
    return [min(counts), max(counts)]


def changes(before: FinishedSweep, after: FinishedSweep | None) -> dict[str, list[Any]]:
    """Return the settings in which two sweeps differ, each with both values.

    Which sets of sources were measured is none of them: single sources alone are compared.

    Raises
    ------
    InvalidTableError
        If they do not differ.
    """
    if after is None:
        return {"tournaments": ["single sources and sets", "single sources alone"]}
    one, other = (flattened(_trained(each)) for each in (before, after))
    one, other = one | _networks(before, after), other | _networks(after, before)
    names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    if not names:
        raise InvalidTableError(
            f"{before.folder} and {after.folder} have the same settings, expected a change"
        )
    return {name: [one.get(name), other.get(name)] for name in names}


OF_SETS = ("candidates", "max_order", "screen", "scratch", "scratch_trials")
"""Settings of a sweep that no single source depends on."""


def _trained(sweep: FinishedSweep) -> dict[str, Any]:
    """Return the settings that single sources depend on."""
    config = required(sweep.config, sweep, CONFIG)
    return {k: v for k, v in without_places(config).items() if k not in OF_SETS}


def _networks(sweep: FinishedSweep, other: FinishedSweep) -> dict[str, str]:
    """Return the hash of those networks of a sweep that the other one has under the same names."""
    mine, theirs = ((each.config or {}).get("bank") or {} for each in (sweep, other))
    common = {name: mine[name] for name in mine if name in theirs} if theirs else mine
    return {"bank": bank_hash(common)} if common else {}


def encoders_of(sweep: FinishedSweep) -> dict[str, Any] | None:
    """Return how a sweep's encoders were trained; None if their bank cannot be read."""
    bank = (sweep.config or {}).get("transfer", {}).get("bank")
    manifest = Path(bank or "", MANIFEST)
    if not bank or not manifest.is_file():
        return None
    return bank_facts(json.loads(manifest.read_text()))


def training_buildings(sweep: FinishedSweep) -> int | None:
    """Return the number of buildings that a sweep's training images are of; None without data."""
    try:
        pool = open_transfer_data(sweep.pool(), sweep.transfers.targets[0])
    except (TaskgraphError, OSError, KeyError):
        return None
    return len({image.split("/")[0] for image in pool.train.images()})


def compared_cells(before: Transfers, after: Transfers, theirs: Transfers) -> list[tuple[str, str]]:
    """Return (target, source) of the single sources that all tables have, sorted.

    Targets with fewer than `LEAST` of them are left out.
    """
    frames = [pair for each in (before, after) for pair in matrices(each, theirs, "affinity")]
    cells = sorted(set.intersection(*(measured_cells(each) for each in frames)))
    counts = Counter(target for target, _ in cells)
    return [cell for cell in cells if counts[cell[0]] >= LEAST]


def agreement_rows(before: Transfers, after: Transfers, theirs: Transfers) -> pd.DataFrame:
    """Return how well each ranking of single sources agrees with the published one.

    Returns
    -------
    DataFrame
        One row a target: ``target``, ``sources`` (how many all tables have), and Spearman's rank
        correlation of the affinities with the published ones, ``before`` and ``after``. A target
        whose sources all have the same affinity in one of the tables has no row.

    Raises
    ------
    InvalidTableError
        If there is no row.
    """
    cells = compared_cells(before, after, theirs)
    columns = []
    for name, each in {"before": before, "after": after}.items():
        frame = by_target(*matrices(each, theirs, "affinity"), cells)
        columns.append(frame.set_index(["target", "sources"])["spearman"].rename(name))
    rows = pd.concat(columns, axis=1).reset_index().dropna()
    if rows.empty:
        raise InvalidTableError(
            f"no target has {LEAST} single sources of different affinities that both sweeps and "
            "the published table have"
        )
    return rows
