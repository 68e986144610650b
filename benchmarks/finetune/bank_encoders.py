"""Part ``encoders``: which encoder of the bank is worth most for which target.

Every encoder is frozen, and a linear probe is fitted to its features. On the same features of the
training images, scores are computed that should predict the accuracy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from numpy.typing import ArrayLike

from benchmarks.finetune.backbones import sized_start
from benchmarks.finetune.images import TargetImages, labeled_images
from benchmarks.finetune.probing import SplitFeatures, probe_accuracy, split_features
from benchmarks.finetune.settings import Settings
from benchmarks.finetune.skipping import skip_missing
from benchmarks.results.banks import shipped_bank_hash
from benchmarks.results.log import Log
from encoders.bank.pretrained import SUFFIX, default_bank
from encoders.transfer.scores import h_score, logme, shrunk_h_score

SCORES: Mapping[str, Callable[[ArrayLike, ArrayLike], float]] = {
    "logme": logme,
    "h_score": h_score,
    "h_score_shrunk": shrunk_h_score,
}
"""Scores of features for labels; larger predicts a better encoder."""


def bank_names() -> tuple[str, ...]:
    """Return the encoders of the library's bank, in alphabetical order."""
    return tuple(sorted(path.stem for path in default_bank().glob("*" + SUFFIX)))


def measure(settings: Settings, log: Log, out: Path) -> None:
    """Measure every encoder of the bank on every target."""
    for name in settings.targets:
        with skip_missing(f"encoders on {name}"):
            target = labeled_images(name, settings)
            for encoder in bank_names():
                measure_encoder(target, encoder, settings, log)


def measure_encoder(target: TargetImages, encoder: str, settings: Settings, log: Log) -> None:
    """Record the accuracy of one encoder at all sizes, and its scores, one record a seed."""
    sizes = target.sizes(settings.sizes)
    asked = {
        "part": "encoders",
        **target.asked,
        "encoder": encoder,
        "bank": shipped_bank_hash(),
        "sizes": sizes,
        "pixels": settings.pixels,
        "pool": settings.pool,
        "tested": settings.tested,
    }
    missing = [s for s in range(settings.seeds) if not log.has(asked, seed=s, split="test")]
    if not missing:
        return
    backbone = sized_start(f"bank:{encoder}", settings).build()
    features = split_features(backbone, target, settings)
    for seed in missing:
        begin = time.perf_counter()
        accuracies = {str(n): probe_accuracy(features, target, n, seed)["accuracy"] for n in sizes}
        metrics = {"accuracy": accuracies, **scores_of(features, target, sizes[-1], seed)}
        seconds = round(time.perf_counter() - begin, 3)
        log.add(asked, metrics, seed=seed, split="test", seconds=seconds)


def scores_of(features: SplitFeatures, target: TargetImages, n: int, seed: int) -> dict[str, float]:
    """Return each of `SCORES` on n training images; the test images do not matter."""
    rows = target.rows(n, seed)
    values, labels = features.train[rows].astype(float), target.train[1][rows]
    return {name: round(score(values, labels), 5) for name, score in SCORES.items()}
