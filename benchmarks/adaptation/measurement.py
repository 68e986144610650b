"""Record the trainings of the pairs that are reported."""

from __future__ import annotations

import time
from typing import Any

from torch import Tensor

from benchmarks.adaptation.collect import DECISIONS, EMBEDDING, TRAINING
from benchmarks.adaptation.decisions import decisions, write_sheet
from benchmarks.adaptation.embedding import embedded
from benchmarks.adaptation.methods.method import AdaptationMethod
from benchmarks.adaptation.methods.registry import DANN, SOURCE_ONLY
from benchmarks.adaptation.pair_groups import PairGroup
from benchmarks.adaptation.selection import AdaptationCheckpoint
from benchmarks.adaptation.settings import Settings
from benchmarks.adaptation.training import asked_for, pair_of, train_once
from benchmarks.adaptation.tuning import chosen_trial, rule_of
from benchmarks.results.log import Log
from encoders.errors import TrainingError

EMBEDDED = (SOURCE_ONLY, DANN)
"""Methods whose features and decisions are shown: before and after adaptation."""


def training_settings(
    method: AdaptationMethod, domains: tuple[str, str], group: PairGroup, settings: Settings
) -> dict[str, Any]:
    """Return the settings of a training's record."""
    asked = {"part": TRAINING, **asked_for(group, settings), **rule_of(method)}
    return {**asked, "source": domains[0], "target": domains[1]}


def log_training(
    method: AdaptationMethod,
    domains: tuple[str, str],
    group: PairGroup,
    settings: Settings,
    log: Log,
    *,
    seed: int,
    images: Tensor | None = None,
) -> list[AdaptationCheckpoint] | None:
    """Record one training of a method on a pair; None if it is recorded and has no images.

    A training that diverges is recorded without checkpoints.
    """
    asked = training_settings(method, domains, group, settings)
    if images is None and log.has(asked, seed=seed, split="test"):
        return None
    rate, strength = chosen_trial(method, group, settings, log)
    pair = pair_of(group, settings, domains, seed)
    begin = time.perf_counter()
    metrics: dict[str, Any] = {"rate": rate, "strength": strength, "checkpoints": []}
    try:
        result = train_once(
            method, pair, group, settings, rate=rate, strength=strength, seed=seed, images=images
        )
    except TrainingError as error:
        metrics["diverged"] = str(error)
        log.add(asked, metrics, seed=seed, split="test", seconds=_seconds_since(begin))
        return []
    seconds = _seconds_since(begin)
    if seed == 0 and domains == group.pairs[0] and method.name in EMBEDDED:
        places = embedded(result.model, pair, result.config)
        log.add({**asked, "part": EMBEDDING}, places, seed=seed, split="test")
        write_sheet(group, domains[1], settings.test, log.folder)
        found = decisions(result.model, pair, result.config)
        log.add({**asked, "part": DECISIONS}, found, seed=seed, split="test")
    metrics["checkpoints"] = [each.record() for each in result.checkpoints]
    log.add(asked, metrics, seed=seed, split="test", seconds=seconds)
    return result.checkpoints


def _seconds_since(begin: float) -> float:
    return round(time.perf_counter() - begin, 3)
