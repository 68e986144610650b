"""Run and record the trainings on dense tasks."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.adaptation.collect import DENSE
from benchmarks.adaptation.dense.recipes import (
    ADAPTED,
    MIXED,
    REAL,
    RECIPES,
    DenseTraining,
    predictions,
    train_dense,
)
from benchmarks.adaptation.dense.tasks import DENSE_TASKS
from benchmarks.adaptation.dense.views import DensePair, dense_pair
from benchmarks.adaptation.feature_network import start_of
from benchmarks.adaptation.settings import Settings
from benchmarks.data.folders import DOMAINS
from benchmarks.learning.config import LoopConfig
from benchmarks.results.banks import PREFIX, bank_named
from benchmarks.results.log import Log
from encoders.errors import UnknownNameError
from taskgraph.errors import InvalidTableError

LARGEST_SHARE = 1.0


def check_dense(settings: Settings) -> None:
    """Raise InvalidTableError or UnknownNameError if the settings of the part are impossible."""
    for name in settings.dense_tasks:
        if name not in DENSE_TASKS:
            raise UnknownNameError(
                f'--dense-tasks has "{name}", expected some of {", ".join(DENSE_TASKS)}'
            )
    for flag, domain in (
        ("--dense-source", settings.dense_source),
        ("--dense-target", settings.dense_target),
    ):
        if domain not in DOMAINS:
            raise UnknownNameError(f'{flag} is "{domain}", expected one of {", ".join(DOMAINS)}')
    if settings.dense_source == settings.dense_target:
        raise InvalidTableError(
            f"--dense-source and --dense-target are both {settings.dense_source}, expected two "
            "domains"
        )
    shares = settings.dense_shares
    if not shares or not all(0 < share <= LARGEST_SHARE for share in shares):
        text = ",".join(map(str, shares)) or "empty"
        raise InvalidTableError(f"--dense-shares is {text}, expected numbers above 0 and at most 1")
    for name, bound in (("dense_steps", 2), ("dense_batch", 2)):
        if getattr(settings, name) < bound:
            flag = f"--{name.replace('_', '-')}"
            raise InvalidTableError(
                f"{flag} is {getattr(settings, name)}, expected at least {bound}"
            )
    if not 0 < settings.dense_rate < math.inf:
        raise InvalidTableError(
            f"--dense-rate is {settings.dense_rate}, expected a finite number above 0"
        )
    start_of(f"{PREFIX}{settings.dense_encoder}", settings.bank)


def shared_settings(settings: Settings) -> dict[str, Any]:
    """Return the settings that all records of the part share."""
    network = f"{PREFIX}{settings.dense_encoder}"
    return {
        "part": DENSE,
        "source": settings.dense_source,
        "target": settings.dense_target,
        "network": network,
        "steps": settings.dense_steps,
        "batch": settings.dense_batch,
        "rate": settings.dense_rate,
        "buildings": settings.buildings,
        "views": settings.views,
        **bank_named(network, settings.bank),
    }


def cells_of(shares: Sequence[float]) -> list[tuple[float, str]]:
    """Return the shares of labels and the recipes that are measured with each.

    Without labels these are the drawn views alone, and adapted. With the most labels they are the
    real views alone and mixed, since no curve tells there what a drawn view is worth.
    """
    most = max(shares)
    found = [(0.0, MIXED), (0.0, ADAPTED)]
    for share in sorted(set(shares)):
        found += [(share, each) for each in RECIPES if share < most or each in (REAL, MIXED)]
    return found


def log_dense(settings: Settings, log: Log) -> None:
    """Record every task, share of labels and recipe with every seed."""
    shared = shared_settings(settings)
    pair: DensePair | None = None
    cells = cells_of(settings.dense_shares)
    for seed, name, (share, recipe) in itertools.product(
        range(settings.seeds), settings.dense_tasks, cells
    ):
        asked = {**shared, "task": name, "share": share, "recipe": recipe}
        if log.has(asked, seed=seed, split="test"):
            continue
        pair = pair or _pair(settings)
        labels = round(share * len(pair.real)) or int(share > 0)
        _log_training(asked, labels, pair, settings, log, seed)


def _pair(settings: Settings) -> DensePair:
    """Return the views of both domains."""
    return dense_pair(
        Path(settings.work),
        (settings.dense_source, settings.dense_target),
        tuple(DENSE_TASKS),
        settings.dense_encoder,
        bank=settings.bank,
        buildings=settings.buildings,
        views=settings.views,
    )


def _log_training(
    asked: dict[str, Any], labels: int, pair: DensePair, settings: Settings, log: Log, seed: int
) -> None:
    """Train once and record the measure on all test views."""
    task = DENSE_TASKS[asked["task"]]
    config = LoopConfig(
        optimizer="adamw",
        steps=settings.dense_steps,
        batch=settings.dense_batch,
        learning_rate=settings.dense_rate,
        schedule="cosine",
        precision="float32",
        device="cpu",
        channels_last=False,
        keep_best=False,
        seed=seed,
    )
    begin = time.perf_counter()
    reader = train_dense(DenseTraining(task, asked["recipe"], labels, config), pair)
    target, mask = pair.test.targets[task.name]
    value = task.evaluate(predictions(reader, pair.test), target, mask)
    metrics = {
        "value": value,
        "labels": labels,
        "synthetic": len(pair.synthetic),
        "tested": len(pair.test),
    }
    seconds = round(time.perf_counter() - begin, 3)
    log.add(asked, metrics, seed=seed, split="test", seconds=seconds)
