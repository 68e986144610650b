"""The configuration of the read-outs, and checks that their test images are new."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.payoff.settings import Settings
from encoders.bank.pretrained import SUFFIX
from encoders.errors import InvalidDataError
from encoders.pipeline.presets import CPU
from encoders.training.checkpoint import read_config
from encoders.training.config import FitConfig
from encoders.transfer.config_file import checked_overlap, fingerprints
from encoders.transfer.data import TransferDataConfig, open_transfer_data
from encoders.transfer.file_names import CONFIG, LOSSES, RECORDS
from encoders.transfer.scratch import ScratchConfig
from encoders.transfer.settings import SweepConfig, TransferConfig
from taskgraph.transfers import Transfers

RENDERED = 1e-3
"""Largest relative difference of constants between renderings by different processors."""


def sweep_beside(table: str) -> dict[str, Any] | None:
    """Return the configuration of the sweep in the table's folder, or None."""
    path = Path(table).parent / CONFIG
    found = json.loads(path.read_text()) if path.exists() else {}
    return found if "transfer" in found else None


def transfer_of(settings: Settings) -> TransferConfig:
    """Return the configuration of the table's read-outs and ``scratch``, with the fresh images.

    Where the table has no sweep, it is that of the size `cpu`.

    Raises
    ------
    InvalidDataError
        If a seed is there twice, or is one of the table's own seeds.
    """
    settings, known = with_seeds(settings), sweep_beside(settings.table)
    if known is None:
        fit, preset, (train, valid, test) = CPU.transfer, CPU.preset, CPU.images
        scratch = CPU.scratch
        pool = TransferDataConfig(settings.data, train=train, valid=valid, test=test, seed=fit.seed)
    else:
        whole = known["transfer"]
        fit, preset = FitConfig(**whole["fit"]), whole["preset"]
        scratch = ScratchConfig(**whole["scratch"]) if whole.get("scratch") else None
        pool = TransferDataConfig.from_record(whole["pool"])
    fit = replace(fit, threads=settings.threads or fit.threads)
    _check_seeds(settings.seeds, table_seeds(settings.table, fit.seed))
    pool = replace(
        pool, data=settings.data, splits=settings.splits, test=settings.test or pool.test
    )
    return TransferConfig(settings.bank, pool, fit, preset, scratch)


def table_seeds(table: str, first: int) -> list[int]:
    """Return the seeds that a table was measured with: its first one, and those of its records."""
    records = Path(table).parent / RECORDS
    if not records.exists():
        return [first]
    known = pd.read_csv(records).get("seed", pd.Series(dtype=float)).dropna()
    return sorted({first, *map(int, known)})


def with_seeds(settings: Settings) -> Settings:
    """Return the settings with seeds that the table was not measured with, if they name none.

    Raises
    ------
    InvalidDataError
        If the number of seeds is below 1.
    """
    if settings.seeds:
        return settings
    if settings.seed_count < 1:
        raise InvalidDataError(f"--seed-count is {settings.seed_count}, expected at least 1")
    known = sweep_beside(settings.table)
    first = CPU.transfer.seed if known is None else known["transfer"]["fit"]["seed"]
    after = max(table_seeds(settings.table, first)) + 1
    return replace(settings, seeds=tuple(range(after, after + settings.seed_count)))


def sweep_of(settings: Settings, table: Transfers, config: TransferConfig) -> SweepConfig:
    """Return a sweep of the table's targets and sources, without those left out."""
    left_out = set(settings.exclude)
    targets = tuple(name for name in table.targets if name not in left_out)
    sources = tuple(name for name in table.sources if name not in left_out)
    return SweepConfig(
        config.of_bank([*targets, *sources]),
        targets=targets,
        sources=sources,
        max_order=int(table.order.max()),
        candidates="chosen",
        allow_overlap=settings.allow_overlap,
    )


def check(settings: Settings, sweep: SweepConfig) -> dict[str, bool]:
    """Check that the comparison is fair, and return which checks were possible.

    Returns
    -------
    dict
        ``bank``: the networks are the bytes that the table was measured with. ``buildings``: no
        building of the table's test is used at all. ``constants``: the bank's networks were
        trained on targets standardized as they are here. False: the files of the sweep or the
        constants are missing. One more check always runs: no encoder was trained on a validation
        or test building.

    Raises
    ------
    InvalidDataError
        If a check fails.
    """
    checked_overlap(sweep)
    known = sweep_beside(settings.table)
    measured = Path(settings.table).parent / LOSSES
    if known is not None:
        _check_bank(known["bank"], fingerprints(sweep), settings)
    if measured.exists():
        clusters = pd.read_parquet(measured, columns=["cluster"])["cluster"].unique()
        _check_buildings(clusters, sweep, settings)
    return {
        "bank": known is not None,
        "buildings": measured.exists(),
        "constants": _check_constants(sweep),
    }


def _check_seeds(seeds: tuple[int, ...], own: Sequence[int]) -> None:
    if len(set(seeds)) < len(seeds):
        raise InvalidDataError(f"the seeds are {list(seeds)}, expected different ones")
    if known := sorted({*own} & {*seeds}):
        raise InvalidDataError(
            f"the table was measured with seed {known[0]}; give others than "
            f"{', '.join(map(str, own))} with --seeds, or what was chosen for its luck is lucky "
            "again"
        )


def _check_bank(before: Mapping[str, str], now: Mapping[str, str], settings: Settings) -> None:
    other = sorted(name for name in now if before.get(name) != now[name])
    if other:
        raise InvalidDataError(
            f"{settings.bank}: {other[0]} is not the network that {settings.table} was measured "
            f"with ({len(other)} of {len(now)} differ); name that bank"
        )


def _check_buildings(seen: Iterable[str], sweep: SweepConfig, settings: Settings) -> None:
    tested = set(map(str, seen))
    for target in sweep.targets:
        pool = open_transfer_data(sweep.transfer.pool, target)
        for part in (pool.train, pool.valid, pool.test):
            shared = sorted({image.split("/")[0] for image in part.images()} & tested)
            if shared:
                raise InvalidDataError(
                    f"{settings.splits} uses building {shared[0]}, on which {settings.table} was "
                    "measured; make the file anew with --old"
                )


def _check_constants(sweep: SweepConfig) -> bool:
    compared = False
    for target in sweep.targets:
        record = read_config(Path(sweep.transfer.bank) / (target + SUFFIX))
        trained = record.get("constants") or {}
        now = open_transfer_data(sweep.transfer.pool, target).constants
        if not _equal(trained, now):
            raise InvalidDataError(
                f"{target}: the bank's network was trained on targets standardized with {trained}, "
                f"here they are with {dict(now)}; {sweep.transfer.pool.splits} does not have the "
                "train buildings that the bank was trained on"
            )
        compared = compared or bool(trained)
    return compared


def _equal(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two sets of constants are equal; ``origin``, which is text, is ignored."""
    keys = {*one, *other} - {"origin"}
    return all(
        key in one
        and key in other
        and np.shape(one[key]) == np.shape(other[key])
        and np.allclose(one[key], other[key], rtol=RENDERED, atol=1e-8)
        for key in keys
    )
