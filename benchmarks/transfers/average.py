"""Losses of the best constant answers, measured after a sweep and added to its table of losses.

    taskgraph bench transfers --average WORLD --work WORK

A constant needs no encoder and hardly any training. So a sweep without it need not run again: the
same data set is enough, or one that was rendered again from the same seed. Checks compare the data
with those of the sweep: the test images must be those of the table; the losses of some targets' own
networks are measured again; and the mean loss of the constant is compared with the sweep's record.
``average.csv`` beside the table holds the results of these checks.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any
from unittest import mock

import pandas as pd

from benchmarks.results.machine import RESULTS
from benchmarks.transfers.settings import Settings
from encoders.dataset import TaskonomyDataset
from encoders.pipeline.presets import CPU
from encoders.transfer import data
from encoders.transfer.file_names import LOSSES, RECORDS
from encoders.transfer.measure import measure_transfer
from encoders.transfer.records import place_of
from encoders.transfer.settings import TransferConfig
from taskgraph.errors import InvalidTableError
from taskgraph.tables import write_frame
from taskgraph.tasks import AVERAGE, SELF

CHECKS = "average.csv"


def measured_again(config: TransferConfig, work: Path, target: str, source: str) -> pd.DataFrame:
    """Return the losses of a target and a reserved source; measure unless ``work`` has them."""
    from_files = functools.partial(TaskonomyDataset, cache=False)  # few files are read: no cache
    with mock.patch.object(data, "TaskonomyDataset", from_files):
        measure_transfer(config, work, target, (source,))
    return pd.read_parquet(place_of(work, target, (source,)).with_suffix(".parquet"))


def check(
    target: str,
    constant: pd.DataFrame,
    own: pd.DataFrame | None,
    losses: pd.DataFrame,
    recorded: float,
) -> dict[str, Any]:
    """Return the means of a target's new measurements beside those of the table.

    Raises
    ------
    InvalidTableError
        If the test images differ from the table's.
    """
    known = losses[losses["target"] == target]
    before = known[known["sources"] == SELF].set_index("image")["loss"]
    average = constant.set_index("image")["loss"]
    if set(average.index) != set(before.index):
        raise InvalidTableError(
            f"{target}: the test images are others than those of the table; name the data set of "
            "the sweep with --average"
        )
    found = {
        "target": target,
        "images": len(before),
        "average_recorded": recorded,
        "average_now": float(average.mean()),
    }
    if own is not None:
        now = own.set_index("image")["loss"].reindex(before.index)
        same = (now - before).abs() <= 1e-4 * before.abs()
        found |= {
            "self_before": float(before.mean()),
            "self_now": float(now.mean()),
            "self_same_images": float(same.mean()),
        }
    return found


def measure_average(world: Path, settings: Settings, out: Path) -> None:
    """Measure the constants of all targets, and write the losses and the checks."""
    work = Path(settings.work or "")
    config = CPU.sweep(world, Path(settings.bank or RESULTS / "bank")).transfer
    path = out / LOSSES
    losses = pd.read_parquet(path)
    losses = losses[losses["sources"] != AVERAGE]
    records = pd.read_csv(out / RECORDS).set_index(["sources", "target"])["test_loss"]
    parts, checks = [losses], []
    for target in sorted(losses["target"].unique()):
        constant = measured_again(config, work, target, AVERAGE)
        own = None
        if target in settings.self_of:
            own = measured_again(config, work, target, SELF)
        checks.append(check(target, constant, own, losses, float(records[AVERAGE, target])))
        print(checks[-1], flush=True)
        parts.append(constant)
    write_frame(pd.DataFrame(checks), out / CHECKS)
    joined = pd.concat(parts, ignore_index=True)
    write_frame(joined.sort_values(["target", "sources"], kind="stable", ignore_index=True), path)
