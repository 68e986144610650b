"""Copy a bank's files, measure Table 1, and draw predictions."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.bank.comparison import write_comparison
from benchmarks.bank.curves import write_curves
from benchmarks.bank.page import MEAN_OF_ALL, TASK
from benchmarks.bank.pictures import draw_pictures
from benchmarks.bank.settings import SUITE, Settings
from benchmarks.bank.tried import write_tried
from benchmarks.results.record import Record, append
from encoders.bank.config import LOSSES_SUFFIX
from encoders.bank.identity import bank_hash, network_hashes
from encoders.bank.jobs import MANIFEST
from encoders.bank.pretrained import SUFFIX
from encoders.bank.table1 import MEAN, table
from taskgraph.tables import write_frame

TABLE, LOST = "table1.csv", "losses.parquet"


def run(settings: Settings, out: Path) -> None:
    """Copy the bank, write Table 1 and the records, and draw predictions."""
    bank, sweep = Path(settings.bank), Path(settings.sweep) if settings.sweep else None
    out.mkdir(parents=True, exist_ok=True)
    write_comparison(bank, Path(settings.old) if settings.old else None, sweep, out)
    write_curves(bank, out)
    write_tried(bank, settings.tried, out)
    for path in sorted([*bank.glob("*" + SUFFIX), *bank.glob("*.json")]):
        shutil.copyfile(path, out / path.name)
    write_frame(joined_losses(bank), out / LOST)
    frame = table(bank, sweep)
    write_frame(frame.reset_index(), out / TABLE)
    manifest = json.loads((out / MANIFEST).read_text())
    manifest["hash"] = bank_hash(network_hashes(out))
    weights = sum(path.stat().st_size for path in out.glob("*" + SUFFIX))
    for record in records_of(manifest, frame, weights):
        append(out, record)
    draw_pictures(out, Path(settings.data), settings.division)


def records_of(manifest: dict[str, Any], frame: pd.DataFrame, weights: int) -> list[Record]:
    """Return a record for each task, with its row of Table 1, and one for the means.

    Their commit is that of the training. Its versions were not recorded.

    Parameters
    ----------
    manifest : dict
        The bank's ``manifest.json``.
    frame : DataFrame
        Table 1, as `encoders.bank.table1.table` returns it.
    weights : int
        Bytes of all networks together.
    """
    found = []
    for task in manifest["tasks"]:
        fit = dict(task["fit"])
        settings = {
            "part": TASK,
            "task": task["task"],
            "title": task["title"],
            "preset": manifest["preset"],
            "command": manifest["command"],
            "data": task["data"],
            "images": task["images"],
            "fit": {name: value for name, value in fit.items() if name != "seed"},
        }
        metrics = {
            name: task[name] for name in ("parameters", "best_epoch", "valid_loss", "test_loss")
        }
        if task["task"] in frame.index:
            metrics["table1"] = frame.loc[task["task"]].drop("title").to_dict()
        found.append(_record(manifest, settings, metrics, fit["seed"], task["seconds"]))
    means = {"table1": frame.loc[MEAN].drop("title").to_dict(), "weights": weights}
    means["bank_hash"] = manifest.get("hash")
    asked = {"part": MEAN_OF_ALL, "title": frame.loc[MEAN, "title"]}
    return [*found, _record(manifest, asked, means, None, None)]


def _record(
    manifest: dict[str, Any],
    settings: dict[str, Any],
    metrics: dict[str, Any],
    seed: int | None,
    seconds: float | None,
) -> Record:
    return Record(SUITE.name, settings, seed, "test", metrics, manifest["commit"], None, seconds)


def joined_losses(bank: Path) -> pd.DataFrame:
    """Return one table of all tasks' losses by test image, in single precision."""
    frames = [pd.read_parquet(path) for path in sorted(bank.glob("*" + LOSSES_SUFFIX))]
    whole = pd.concat(frames, ignore_index=True)
    whole["loss"] = whole["loss"].astype(np.float32)
    return whole.astype({"target": "category", "sources": "category", "image": "category"})
