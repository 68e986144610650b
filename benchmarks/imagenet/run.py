"""Measure the bank's encoders beside those from elsewhere, once a seed, and solve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.imagenet.settings import SUITE, Settings
from benchmarks.results.banks import HASH
from benchmarks.results.log import open_log
from encoders.bank.identity import bank_hash, network_hashes
from encoders.bank.pretrained import default_bank
from encoders.features.inline import InlineEngine
from encoders.networks.source_spec import ExternalSource, parse_source
from encoders.training.config import FitConfig
from encoders.transfer.data import TransferDataConfig
from encoders.transfer.gather import gather
from encoders.transfer.settings import SweepConfig, TransferConfig, resolve_tasks
from encoders.transfer.sweep import sweep
from taskgraph import stability
from taskgraph.affinity import Affinities

OUTSIDE: Mapping[str, str] = {
    "resnet": "torchvision:resnet18",
    "lite": "lite0",
    "lite_mid": "lite0,size=128,keep=blocks.4",
}
"""Encoders from elsewhere, as ``--source NAME=MODEL`` takes them: random weights, the last layer of
a network trained on ImageNet, and a middle layer of it for pictures of twice the size."""

COSTS = (1.0, 0.0)
"""Label costs of the encoders from elsewhere; each encoder of the bank costs 1."""

SETTINGS = (
    "targets",
    "images",
    "valid_images",
    "test_images",
    "epochs",
    "budget",
    "resamples",
)
"""Settings that a record holds as they are."""


def run(settings: Settings, out: Path) -> None:
    """Measure what the records in ``out`` lack."""
    log = open_log(out, SUITE.name, "torch", "torchvision", "timm")
    asked = {name: getattr(settings, name) for name in SETTINGS}
    asked["targets"] = "+".join(settings.targets)
    asked |= {f"source_{name}": model for name, model in OUTSIDE.items()}
    asked[HASH] = bank_hash(network_hashes(settings.bank or default_bank()))
    for seed in map(int, settings.seeds):
        if log.has(asked, seed=seed, split="test"):
            continue
        begin = perf_counter()
        config, folder = sweep_of(settings, seed), Path(settings.work) / str(seed)
        outcome = sweep(config, folder, InlineEngine())
        if outcome.failures or outcome.stopped:
            raise RuntimeError(str(outcome.failures or outcome.stopped))
        affinities = gather(outcome.records, folder, bootstrap=settings.resamples, seed=seed)
        images, buildings = tested(pd.read_parquet(folder / "losses.parquet"))
        metrics = {
            "transfers": len(outcome.records),
            "tested": images,
            "test_buildings": buildings,
            "single": singles(affinities.transfers.frame),
            "optima": [optimum(affinities, settings.budget, cost) for cost in COSTS],
        }
        seconds = round(perf_counter() - begin, 1)
        log.add(asked, metrics, seed=seed, split="test", seconds=seconds)
        print(f"seed {seed}: {seconds:.0f} s", flush=True)


def sweep_of(settings: Settings, seed: int) -> SweepConfig:
    """Return the sweep of one seed: ridge read-outs of order 1."""
    bank = settings.bank or str(default_bank())
    pool = TransferDataConfig(
        settings.data,
        train=settings.images,
        valid=settings.valid_images,
        test=settings.test_images,
        seed=seed,
        splits=settings.split_file,
    )
    outside = outside_sources(seed)
    targets, sources = resolve_tasks(bank, settings.targets)
    fit = FitConfig(epochs=settings.epochs, batch=8, seed=seed)
    transfers = TransferConfig(bank, pool, fit, external=outside).of_bank([*targets, *sources])
    names = (*sources, *transfers.external_names)
    return SweepConfig(transfers, targets, names, max_order=1, readout="ridge")


def outside_sources(seed: int) -> tuple[ExternalSource, ...]:
    """Return the encoders from elsewhere; random weights are drawn with the seed."""
    described = (parse_source(f"{name}={model}") for name, model in OUTSIDE.items())
    return tuple(replace(one, seed=seed) if one.untrained else one for one in described)


def tested(losses: pd.DataFrame) -> tuple[int, int]:
    """Return the numbers of test images and of their buildings."""
    return losses["image"].nunique(), losses["cluster"].nunique()


def singles(frame: pd.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    """Return affinity, gain and quality of each source, by target; NaN is left out."""
    rows: dict[str, dict[str, dict[str, float]]] = {}
    for row in frame.to_dict(orient="records"):
        values = {name: float(row[name]) for name in ("affinity", "gain", "quality")}
        rows.setdefault(row["target"], {})[row["sources"]] = {
            name: round(value, 5) for name, value in values.items() if not np.isnan(value)
        }
    return rows


def optimum(affinities: Affinities, budget: int, cost: float) -> dict[str, Any]:
    """Return the optimum at one label cost of the encoders from elsewhere, and how stable it is.

    ``shares`` has the fraction of resamples of the test buildings whose optimum pays for each
    encoder from elsewhere.
    """
    found = stability(affinities, budget=budget, label_cost=dict.fromkeys(OUTSIDE, cost))
    shares = found.selection.set_index("task")["share"]
    gains = [one.gain or 0.0 for one in found.taxonomy.transfers]
    return {
        "cost": cost,
        "supervised": list(found.taxonomy.supervised),
        "objective": round(float(found.taxonomy.objective or np.nan), 5),
        "gain": round(float(np.mean(gains)), 4),
        "sources": {one.target: "+".join(one.sources) for one in found.taxonomy.transfers},
        "shares": {name: round(float(shares[name]), 4) for name in OUTSIDE},
        "same": round(found.same, 4),
    }
