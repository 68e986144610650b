"""Copy a bank's files, measure Table 1, and draw predictions."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
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
from benchmarks.results.hashes import files_hash
from benchmarks.results.log import Log, open_log
from encoders.bank.config import LOSSES_SUFFIX, RUNS, VALID_LOSSES_SUFFIX
from encoders.bank.identity import bank_hash, network_hashes
from encoders.bank.jobs import MANIFEST
from encoders.bank.pretrained import SUFFIX
from encoders.bank.table1 import MEAN, make_table1
from encoders.training.run_state import LOG
from encoders.transfer.file_names import CONFIG
from taskgraph.tables import write_frame

TABLE, LOST, DIVISION = "table1.csv", "losses.parquet", "splits.csv"
SPLIT = "test"


def run(settings: Settings, out: Path) -> None:
    """Copy the bank, write Table 1 and the records, and draw predictions.

    Nothing is done if the records in ``out`` have all tasks of this bank, with the same sweep and
    the same other banks. The files are written before the records.
    """
    bank, sweep = Path(settings.bank), Path(settings.sweep) if settings.sweep else None
    manifest = json.loads((bank / MANIFEST).read_text())
    log = log_of(out, manifest)
    inputs = bank_inputs(settings)
    wanted = [settings_of(task, manifest, inputs) for task in manifest["tasks"]]
    seeds = [task["fit"]["seed"] for task in manifest["tasks"]]
    if log.has(settings_of_mean(inputs), split=SPLIT) and all(
        log.has(asked, seed=seed, split=SPLIT) for asked, seed in zip(wanted, seeds, strict=True)
    ):
        return
    out.mkdir(parents=True, exist_ok=True)
    write_comparison(bank, Path(settings.old) if settings.old else None, sweep, out)
    write_curves(bank, out)
    write_tried(bank, settings.tried, out)
    for path in sorted([*bank.glob("*" + SUFFIX), *bank.glob("*.json")]):
        shutil.copyfile(path, out / path.name)
    if settings.division is not None:
        (out / DIVISION).write_bytes(Path(settings.division).read_bytes())
    write_frame(joined_losses(bank), out / LOST)
    frame = make_table1(bank, sweep)
    write_frame(frame.reset_index(), out / TABLE)
    draw_pictures(out, Path(settings.data), settings.division)
    weights = sum(path.stat().st_size for path in bank.glob("*" + SUFFIX))
    about = {"weights": weights, "command": SUITE.command(settings), "sweep": sweep_facts(sweep)}
    record_table(log, manifest, frame, about, inputs)


def log_of(out: Path, manifest: Mapping[str, Any]) -> Log:
    """Return the log of a folder; its commit is that of the training, without versions."""
    return replace(open_log(out, SUITE.name), commit=manifest["commit"], versions=None)


def bank_inputs(settings: Settings) -> dict[str, Any]:
    """Return the hashes of what the page is made from.

    Returns
    -------
    dict
        ``bank_hash``: of all networks (`encoders.bank.identity.bank_hash`). ``losses_sha256``: of
        their losses. ``sweep_sha256``: of all losses that the sweep measured; None without a sweep.
        ``old_hash``: that of the earlier bank; None without one. ``tried_sha256``: of the logs of
        the folders that were tried; None without any.
    """
    bank, sweep = Path(settings.bank), Path(settings.sweep) if settings.sweep else None
    tried = [Path(folder) for folder in settings.tried]
    return {
        "bank_hash": bank_hash(network_hashes(bank)),
        "losses_sha256": _files_hash(bank, "*" + LOSSES_SUFFIX, "*" + VALID_LOSSES_SUFFIX),
        "sweep_sha256": _files_hash(sweep, "measured/*/*.parquet") if sweep else None,
        "old_hash": bank_hash(network_hashes(settings.old)) if settings.old else None,
        "tried_sha256": [_files_hash(folder, f"{RUNS}/*/{LOG}") for folder in tried] or None,
    }


def _files_hash(folder: Path, *patterns: str) -> str:
    """Return one SHA-256 of the files of a folder that match one of the patterns."""
    return files_hash(folder, sorted(path for each in patterns for path in folder.glob(each)))


def sweep_facts(sweep: Path | None) -> dict[str, Any] | None:
    """Return how a sweep trained its read-outs: ``images``, ``epochs`` and ``patience``."""
    if sweep is None or not (sweep / CONFIG).exists():
        return None
    transfer = json.loads((sweep / CONFIG).read_text())["transfer"]
    fit = transfer["fit"]
    return {
        "images": transfer["pool"]["train"],
        "epochs": fit["epochs"],
        "patience": fit.get("patience"),
    }


def settings_of(
    task: Mapping[str, Any], manifest: Mapping[str, Any], inputs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the settings of the record of one task of the manifest."""
    return {
        "part": TASK,
        "task": task["task"],
        "title": task["title"],
        "preset": manifest["preset"],
        "command": manifest["command"],
        "data": task["data"],
        "images": task["images"],
        "fit": {name: value for name, value in task["fit"].items() if name != "seed"},
        **inputs,
    }


def settings_of_mean(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the record of the means over all tasks."""
    return {"part": MEAN_OF_ALL, "title": "Mean", **inputs}


def record_table(
    log: Log,
    manifest: Mapping[str, Any],
    frame: pd.DataFrame,
    about: Mapping[str, Any],
    inputs: Mapping[str, Any],
) -> None:
    """Add a record for each task, with its row of Table 1, and one for the means.

    Records that the log has are left out.

    Parameters
    ----------
    manifest : dict
        The bank's ``manifest.json``.
    frame : DataFrame
        Table 1, as `encoders.bank.table1.make_table1` returns it.
    about : dict
        Further metrics of the record of the means: ``weights`` (bytes of all networks together),
        ``command``, and ``sweep`` as `sweep_facts` returns it.
    inputs : dict
        The hashes of `bank_inputs`.
    """
    for task in manifest["tasks"]:
        asked, seed = settings_of(task, manifest, inputs), task["fit"]["seed"]
        if log.has(asked, seed=seed, split=SPLIT):
            continue
        metrics = {
            name: task[name] for name in ("parameters", "best_epoch", "valid_loss", "test_loss")
        }
        if task["task"] in frame.index:
            metrics["table1"] = frame.loc[task["task"]].drop("title").to_dict()
        log.add(asked, metrics, seed=seed, split=SPLIT, seconds=task["seconds"])
    asked = settings_of_mean(inputs)
    if not log.has(asked, split=SPLIT):
        means = {"table1": frame.loc[MEAN].drop("title").to_dict(), **about}
        log.add(asked, means, split=SPLIT)


def joined_losses(bank: Path) -> pd.DataFrame:
    """Return one table of all tasks' losses by test image, in single precision."""
    frames = [pd.read_parquet(path) for path in sorted(bank.glob("*" + LOSSES_SUFFIX))]
    whole = pd.concat(frames, ignore_index=True)
    whole["loss"] = whole["loss"].astype(np.float32)
    return whole.astype({"target": "category", "sources": "category", "image": "category"})
