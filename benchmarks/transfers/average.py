"""Measure the best constant answer of each target alone, and add it to a table of losses.

    python -m benchmarks.transfers.average WORLD --work WORK

A constant needs no encoder and next to no training, so that a sweep that was written without it
need not be run again: the same data set, or one that was rendered again from its seed, is enough.
That it is the same is checked: the test images must be those of the table, and the losses of some
targets' own networks are measured again and compared with those in the table, as the mean loss of
the constant is with the sweep's record of it. What was found is written to ``average.csv`` beside
the table.
"""

from __future__ import annotations

import argparse
import functools
from pathlib import Path
from typing import Any
from unittest import mock

import pandas as pd

from benchmarks.results.machine import ROOT
from encoders.dataset import TaskonomyDataset
from encoders.pipeline.sizes import CPU
from encoders.transfer import data
from encoders.transfer.gather import LOSSES, RECORDS
from encoders.transfer.measure import TransferConfig, measure, place_of
from taskgraph.tables import write_frame
from taskgraph.tasks import AVERAGE, SELF

CHECKS = "average.csv"
SELF_OF = ("class_1000", "autoencoder", "edge2d", "reshade", "rgb2sfnorm")


def measured_again(config: TransferConfig, work: Path, target: str, source: str) -> pd.DataFrame:
    """The rows of a target and one reserved source, measured now or found in ``work``."""
    from_files = functools.partial(TaskonomyDataset, cache=False)  # few files are read: no cache
    with mock.patch.object(data, "TaskonomyDataset", from_files):
        measure(config, work, target, (source,))
    return pd.read_parquet(place_of(work, target, (source,)).with_suffix(".parquet"))


def check(
    target: str,
    constant: pd.DataFrame,
    own: pd.DataFrame | None,
    losses: pd.DataFrame,
    recorded: float,
) -> dict[str, Any]:
    """How far what was measured again is from the table, and the constant beside ``scratch``.

    Raises
    ------
    SystemExit
        If the test images are others than the table's.
    """
    known = losses[losses["target"] == target]
    before = known[known["sources"] == SELF].set_index("image")["loss"]
    average = constant.set_index("image")["loss"]
    if set(average.index) != set(before.index):
        raise SystemExit(f"{target}: the test images are others than those of the table")
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


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("world", type=Path)
    parser.add_argument("--bank", type=Path, default=ROOT / "results" / "bank")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "transfers")
    parser.add_argument("--work", type=Path, required=True, help="a folder for what is measured")
    parser.add_argument(
        "--self-of",
        nargs="*",
        default=SELF_OF,
        metavar="TARGET",
        help="whose own networks are measured again, as a check",
    )
    given = parser.parse_args()
    config = CPU.sweep(given.world, given.bank).transfer
    path = given.out / LOSSES
    losses = pd.read_parquet(path)
    losses = losses[losses["sources"] != AVERAGE]
    records = pd.read_csv(given.out / RECORDS).set_index(["sources", "target"])["test_loss"]
    parts, checks = [losses], []
    for target in sorted(losses["target"].unique()):
        constant = measured_again(config, given.work, target, AVERAGE)
        own = None
        if target in given.self_of:
            own = measured_again(config, given.work, target, SELF)
        checks.append(check(target, constant, own, losses, float(records[AVERAGE, target])))
        print(checks[-1], flush=True)
        parts.append(constant)
    write_frame(pd.DataFrame(checks), given.out / CHECKS)
    joined = pd.concat(parts, ignore_index=True)
    write_frame(joined.sort_values(["target", "sources"], kind="stable", ignore_index=True), path)


if __name__ == "__main__":
    main()
