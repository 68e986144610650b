"""Part ``sizes``: accuracy over the number of labels: from scratch, probed, and fine-tuned."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.finetune.backbones import (
    pretrained_model,
    scratch_model,
    sized_start,
)
from benchmarks.finetune.images import TargetImages, labeled_images
from benchmarks.finetune.probing import probe_accuracy, split_features
from benchmarks.finetune.settings import Settings
from benchmarks.finetune.skipping import skip_missing
from benchmarks.finetune.training import Trained, loop_config, measure_seeds, protocol, train_on
from benchmarks.learning.classifier import Classifier
from benchmarks.results.banks import shipped_bank_hash
from benchmarks.results.log import Log

SCRATCH, TUNED, PROBED = "from scratch", "fine-tuned", "linear probe"
MODELS: dict[str, Callable[[str, int, int, Settings], Classifier]] = {
    SCRATCH: scratch_model,
    TUNED: pretrained_model,
}
"""What makes the model of each method that trains the whole network."""


def measure(settings: Settings, log: Log, out: Path) -> None:
    """Measure every target, start, method and number of labels."""
    for name in settings.curves_on:
        for start in settings.starts:
            with skip_missing(f"sizes of {start} on {name}"):
                measure_start(labeled_images(name, settings), start, settings, log)


def measure_start(target: TargetImages, start: str, settings: Settings, log: Log) -> None:
    """Measure a linear probe and, unless the start is only probed, both trainings."""
    for n in target.sizes(settings.sizes):
        asked = {
            "part": "sizes",
            **target.asked,
            "start": start,
            "bank": shipped_bank_hash(),
            "n": n,
            "pixels": settings.pixels,
        }
        measure_probe(target, start, n, asked, settings, log)
        if start in settings.probed or n not in settings.tuned_sizes:
            continue
        for method in MODELS:
            measure_seeds(
                log,
                {**asked, "method": method, **protocol(settings)},
                recipe_of(method, target, start, n, settings),
                settings,
            )


def recipe_of(
    method: str, target: TargetImages, start: str, n: int, settings: Settings
) -> Callable[[float, int], Trained]:
    """Return what trains a method on n labels, at a rate and with a seed."""

    def recipe(rate: float, seed: int) -> Trained:
        """Train all layers at one rate."""
        model = MODELS[method](start, target.classes, seed, settings)
        return train_on(model, target, target.subset(n, seed), loop_config(settings, rate, seed))

    return recipe


def measure_probe(
    target: TargetImages,
    start: str,
    n: int,
    asked: dict[str, Any],
    settings: Settings,
    log: Log,
) -> None:
    """Measure a linear probe on the features of a frozen start, for every seed."""
    asked = {**asked, "method": PROBED, "pool": settings.pool, "tested": settings.tested}
    missing = [s for s in range(settings.seeds) if not log.has(asked, seed=s, split="test")]
    if not missing:
        return
    features = split_features(sized_start(start, settings).build(), target, settings)
    for seed in missing:
        begin = time.perf_counter()
        metrics = probe_accuracy(features, target, n, seed)
        seconds = round(time.perf_counter() - begin, 3)
        log.add(asked, metrics, seed=seed, split="test", seconds=seconds)
