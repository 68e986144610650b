"""Provenance of results: what the sweep measured, and how its encoders were trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.transfers.finished import FinishedSweep
from encoders.bank.identity import bank_hash, network_hashes
from encoders.bank.jobs import MANIFEST
from encoders.bank.pretrained import SUFFIX
from encoders.training.schedule import PATIENCE
from taskgraph.errors import InvalidTableError
from taskgraph.tasks import SELF


def provenance(sweep: FinishedSweep, bank: Path | None) -> dict[str, Any]:
    """Return the provenance of results from a sweep and its bank, without any path."""
    edges = sweep.transfers.is_edge
    orders = pd.Series(sweep.transfers.order[edges]).value_counts().sort_index()
    found: dict[str, Any] = {
        "targets": len(sweep.transfers.targets),
        "sources": len(sweep.transfers.sources),
        "transfers": {str(order): int(count) for order, count in orders.items()},
        "max_order": sweep.max_order,
    }
    if "n" in sweep.transfers.frame:
        found["test_images"] = sorted({int(n) for n in sweep.transfers.frame["n"].dropna()})
    if sweep.losses is not None:
        found["test_buildings"] = len(set(sweep.losses.clusters.values()))
    networks = _networks(sweep, bank)
    manifest = bank / MANIFEST if bank else None
    if manifest is not None and manifest.exists():
        found["bank"] = bank_facts(json.loads(manifest.read_text()))
    if networks:
        found["bank"] = {**found.get("bank", {}), "hash": bank_hash(networks)}
    return found


def _networks(sweep: FinishedSweep, bank: Path | None) -> dict[str, str]:
    """Return the SHA-256 of the networks that a sweep was measured with, by name.

    They are those that the sweep recorded; where it recorded none, those of the bank's folder.

    Raises
    ------
    InvalidTableError
        If the bank's folder holds another network than the sweep was measured with.
    """
    swept: dict[str, str] = (sweep.config or {}).get("bank") or {}
    given = network_hashes(bank) if bank is not None and any(bank.glob("*" + SUFFIX)) else {}
    other = sorted(name for name in swept if given and given.get(name) != swept[name])
    if other:
        raise InvalidTableError(
            f"{bank}: {other[0]} is not the network that the sweep was measured with "
            f"({len(other)} of {len(swept)} differ); name the sweep's own bank with --bank"
        )
    return swept or given


def without_places(config: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration of a sweep without the paths in it."""
    transfer = config["transfer"]
    pool = {k: v for k, v in transfer["pool"].items() if k not in ("data", "splits")}
    kept = {k: config[k] for k in ("candidates", "readout", "screen", "max_order")}
    kept |= {k: config[k] for k in ("pruning", "scratch_trials") if config.get(k)}
    if transfer.get("scratch"):
        kept["scratch"] = transfer["scratch"]
    return {**kept, "pool": pool, "fit": transfer["fit"], "preset": transfer["preset"]}


def bank_facts(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the data, hours and epochs of the encoders' training.

    ``patience`` is the number of tasks whose training stopped by patience, and ``best_last`` the
    number of those whose best epoch is their last. Manifests of earlier versions do not say why
    training stopped; their networks were trained for a fixed number of epochs.
    """
    trained = [task for task in manifest["tasks"] if task.get("images")]
    first = trained[0] if trained else {}
    ends = [epochs_of(task) for task in trained if task.get("fit")]
    stops = [(task.get("training") or {}).get(SELF, {}).get("stopped") for task in trained]
    best = [(task.get("best_epoch") or {}).get(SELF) for task in trained if task.get("fit")]
    return {
        "preset": manifest.get("preset"),
        "commit": manifest.get("commit"),
        "trained": len(trained),
        "hours": sum(task.get("seconds") or 0.0 for task in trained) / 3600,
        "images": first.get("images"),
        "epochs": sorted(set(ends)),
        "patience": sum(stop == PATIENCE for stop in stops),
        "best_last": sum(one == last - 1 for one, last in zip(best, ends, strict=True)),
        "data": first.get("data", {}).get("settings"),
    }


def epochs_of(task: dict[str, Any]) -> int:
    """Return the number of epochs that a task's own network was trained for, from its record."""
    last = (task.get("training") or {}).get(SELF, {}).get("last_epoch")
    return int(task["fit"]["epochs"] if last is None else last + 1)
