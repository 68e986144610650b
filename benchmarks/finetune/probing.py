"""Linear probes on the cached features of a frozen backbone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.finetune.images import TargetImages
from benchmarks.finetune.settings import Settings
from benchmarks.finetune.training import loop_config
from benchmarks.learning.accuracy import top1
from benchmarks.learning.classifier import Backbone
from benchmarks.learning.features import cached_features
from taskgraph.arrays import Floats32

PENALTIES = (10_000.0, 1_000.0, 100.0, 10.0, 1.0)
"""Ridge penalties from which validation chooses; of equally good ones, the largest is taken."""


@dataclass(frozen=True, eq=False)
class SplitFeatures:
    """The features of a target's three splits, (N, D) each."""

    train: Floats32
    val: Floats32
    test: Floats32


def split_features(
    backbone: Backbone, target: TargetImages, settings: Settings, *, keep: bool = True
) -> SplitFeatures:
    """Return the features of a target's images, read from ``settings.work`` if they are there.

    With ``keep`` false they are neither read nor written, for a backbone that is used once.
    """
    config, folder = loop_config(settings, 1.0, 0), Path(settings.work) if keep else None
    parts = (target.train, target.val, target.test)
    return SplitFeatures(*(cached_features(backbone, part[0], config, folder) for part in parts))


def pixel_features(target: TargetImages) -> SplitFeatures:
    """Return the pixels themselves as features, as bytes in [0, 255]."""
    parts = (target.train, target.val, target.test)
    return SplitFeatures(*(part[0].float().flatten(1).numpy() for part in parts))


def probe_accuracy(
    features: SplitFeatures, target: TargetImages, n: int, seed: int
) -> dict[str, float]:
    """Return the metrics of a linear probe on n training images: accuracies, and its penalty.

    The probe is ridge regression from standardized features to indicators of the classes, which is
    solved in closed form.
    """
    rows = target.rows(n, seed)
    best: dict[str, float] = {}
    for penalty in PENALTIES:
        probe = make_pipeline(StandardScaler(), RidgeClassifier(alpha=penalty))
        probe.fit(features.train[rows], target.train[1][rows])
        validation = top1(probe.predict(features.val), target.val[1])
        if not best or validation > best["validation"]:
            accuracy = top1(probe.predict(features.test), target.test[1])
            best = {"accuracy": accuracy, "validation": validation, "penalty": penalty}
    return best
