"""Provenance of results: the sweep, the encoders, and versions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.results.machine import machine
from benchmarks.transfers.finished import FinishedSweep
from encoders.bank.commit import commit

PACKAGES = ("numpy", "scipy", "pandas", "highspy")


def provenance(sweep: FinishedSweep, bank: Path | None) -> dict[str, Any]:
    """Return the provenance of results from a sweep and its bank, without any path."""
    edges = sweep.transfers.is_edge
    orders = pd.Series(sweep.transfers.order[edges]).value_counts().sort_index()
    found: dict[str, Any] = {
        "targets": len(sweep.transfers.targets),
        "sources": len(sweep.transfers.sources),
        "transfers": {str(order): int(count) for order, count in orders.items()},
        "max_order": sweep.max_order,
        "versions": machine(*PACKAGES),
        "commit": commit(),
    }
    if "n" in sweep.transfers.frame:
        found["test_images"] = sorted({int(n) for n in sweep.transfers.frame["n"].dropna()})
    if sweep.losses is not None:
        found["test_buildings"] = len(set(sweep.losses.clusters.values()))
    if sweep.config is not None:
        found["sweep"] = _without_places(sweep.config)
    manifest = bank / "manifest.json" if bank else None
    if manifest is not None and manifest.exists():
        found["bank"] = _bank(json.loads(manifest.read_text()))
    return found


def _without_places(config: dict[str, Any]) -> dict[str, Any]:
    transfer = config["transfer"]
    pool = {k: v for k, v in transfer["pool"].items() if k not in ("data", "splits")}
    kept = {k: config[k] for k in ("candidates", "readout", "screen", "max_order")}
    return {**kept, "pool": pool, "fit": transfer["fit"], "preset": transfer["preset"]}


def _bank(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the data, hours and epochs of the encoders' training."""
    trained = [task for task in manifest["tasks"] if task.get("images")]
    first = trained[0] if trained else {}
    return {
        "preset": manifest.get("preset"),
        "commit": manifest.get("commit"),
        "trained": len(trained),
        "hours": sum(task.get("seconds") or 0.0 for task in trained) / 3600,
        "images": first.get("images"),
        "epochs": sorted({task["fit"]["epochs"] for task in trained if task.get("fit")}),
        "data": first.get("data", {}).get("settings"),
    }
