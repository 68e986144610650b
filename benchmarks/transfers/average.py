"""Measure the best constant answer of each target alone, and add it to a table of losses.

    python -m benchmarks.transfers.average WORLD --bank results/bank --out results/transfers

A constant needs no encoder and next to no training, so that a sweep that was written without it
need not be run again: the same data set, or one that was rendered again from its seed, is enough.
That it is the same is checked: the test images must be those of the table, and the losses of each
target's own network are measured again and compared with those in the table. What was found is
written to ``average.csv`` beside the table.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.machine import ROOT
from encoders.plans import CPU
from encoders.transfer.gather import LOSSES, RECORDS
from encoders.transfer.measure import TransferConfig, measure
from taskgraph.tables import write_frame
from taskgraph.tasks import AVERAGE, SELF

CHECKS = "average.csv"
KEYS = ["target", "image"]


def measured_again(config: TransferConfig, target: str, source: str) -> pd.DataFrame:
    """The rows of a target and one reserved source, measured now, in a folder that is removed."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        measure(config, out, target, (source,))
        return pd.read_parquet(out / "measured" / target / f"{source}.parquet")


def check(target: str, constant: pd.DataFrame, own: pd.DataFrame, losses: pd.DataFrame,
          recorded: float) -> dict[str, Any]:  # fmt: skip
    """How far what was measured again is from the table, and the constant beside ``scratch``.

    Raises
    ------
    SystemExit
        If the test images are others than the table's.
    """
    known = losses[losses["target"] == target]
    before = known[known["sources"] == SELF].set_index("image")["loss"]
    now = own.set_index("image")["loss"]
    average = constant.set_index("image")["loss"]
    if set(now.index) != set(before.index) or set(average.index) != set(before.index):
        raise SystemExit(f"{target}: the test images are others than those of the table")
    difference = (now.reindex(before.index) - before).abs()
    return {
        "target": target,
        "images": len(before),
        "self_before": float(before.mean()),
        "self_now": float(now.mean()),
        "self_same_images": float((difference <= 1e-4 * before.abs()).mean()),
        "average_recorded": recorded,
        "average_now": float(average.mean()),
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("world", type=Path)
    parser.add_argument("--bank", type=Path, default=ROOT / "results" / "bank")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "transfers")
    given = parser.parse_args()
    config = CPU.sweep(given.world, given.bank).transfer
    path = given.out / LOSSES
    losses = pd.read_parquet(path)
    losses = losses[losses["sources"] != AVERAGE]
    records = pd.read_csv(given.out / RECORDS).set_index(["sources", "target"])["test_loss"]
    parts, checks = [losses], []
    for target in sorted(losses["target"].unique()):
        constant, own = (measured_again(config, target, name) for name in (AVERAGE, SELF))
        checks.append(check(target, constant, own, losses, float(records[AVERAGE, target])))
        print(checks[-1], flush=True)
        parts.append(constant)
    write_frame(pd.DataFrame(checks), given.out / CHECKS)
    joined = pd.concat(parts, ignore_index=True)
    write_frame(joined.sort_values(["target", "sources"], kind="stable", ignore_index=True), path)


if __name__ == "__main__":
    main()
