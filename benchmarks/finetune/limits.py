"""Part ``limits``: targets far from the source, and what the source's own head forgets."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

from benchmarks.finetune.backbones import resnet_model, shipped_bank_hash
from benchmarks.finetune.freezing import ALL, FROZEN, L2SP, METHODS, START, fine_tune
from benchmarks.finetune.images import TargetImages, labeled_images
from benchmarks.finetune.settings import Settings
from benchmarks.finetune.sizes import SCRATCH, TUNED, recipe_of
from benchmarks.finetune.skipping import skip_missing
from benchmarks.finetune.training import Trained, loop_config, measure_seeds, protocol, train_on
from benchmarks.learning.accuracy import top1
from benchmarks.learning.classifier import Classifier, classifier
from benchmarks.learning.prediction import outputs
from benchmarks.results.log import Log

FAR = ("digits", "textures", "tones", "depth")
"""Targets far from the rooms in color on which the bank's encoders were trained."""
LABELS = 100
SOURCE, FORGETTING = "mnist-5k", ("digits", "tones")
"""The source of ResNet-8 whose old head is tested after fine-tuning, and the new targets."""
WAYS = (ALL, L2SP, FROZEN)


def measure(settings: Settings, log: Log, out: Path) -> None:
    """Measure far targets from scratch and fine-tuned, and then the forgetting."""
    for name in FAR:
        with skip_missing(f"limits on {name}"):
            measure_far(labeled_images(name, settings), settings, log)
    with skip_missing("forgetting"):
        measure_forgetting(settings, log)


def measure_far(target: TargetImages, settings: Settings, log: Log) -> None:
    """Measure one target, from scratch and fine-tuned from the bank's encoder."""
    n = labels_of(target)
    for method in (SCRATCH, TUNED):
        asked = {
            "part": "limits",
            "target": target.name,
            "start": START,
            "bank": shipped_bank_hash(),
            "n": n,
            "method": method,
            "pixels": settings.pixels,
            **protocol(settings),
        }
        measure_seeds(log, asked, recipe_of(method, target, START, n, settings), settings)


def labels_of(target: TargetImages) -> int:
    """Return the number of training images of this part."""
    return min(LABELS, len(target.train[1]))


def measure_forgetting(settings: Settings, log: Log) -> None:
    """Measure the source's test loss and accuracy with its old head, before and after."""
    source = labeled_images(SOURCE, settings)
    trained: dict[int, Classifier] = {}

    def old(seed: int) -> Classifier:
        """Return the network that was trained on the source with a seed; it is trained once."""
        if seed not in trained:
            trained[seed] = source_network(source, seed, settings)
        return trained[seed]

    for name in FORGETTING:
        target = labeled_images(name, settings)
        for method in WAYS:
            asked = {
                "part": "limits",
                "target": name,
                "start": f"ResNet-8 of {SOURCE}",
                "n": labels_of(target),
                "method": method,
                **protocol(settings),
            }
            measure_seeds(
                log,
                asked,
                tuned_from(old, method, target, settings),
                settings,
                more=lambda found, seed: forgotten(found, old(seed), source),
            )


def source_network(source: TargetImages, seed: int, settings: Settings) -> Classifier:
    """Return ResNet-8 trained on the source's whole pool, for twice the steps."""
    model = resnet_model(source.classes, seed)
    steps = 2 * settings.steps
    config = loop_config(settings, max(settings.rates), seed, steps=steps, evaluate_every=steps)
    train_on(model, source, source.train, config)
    return model


def tuned_from(
    old: Callable[[int], Classifier], method: str, target: TargetImages, settings: Settings
) -> Callable[[float, int], Trained]:
    """Return what fine-tunes a copy of the source's network with a new head."""

    def recipe(rate: float, seed: int) -> Trained:
        """Fine-tune at a rate with a seed."""
        backbone = copy.deepcopy(old(seed).backbone)
        model = classifier(backbone, target.classes, seed=seed)
        train = target.subset(labels_of(target), seed)
        return fine_tune(model, METHODS[method], target, train, rate, seed, settings)

    return recipe


def forgotten(found: Trained, old: Classifier, source: TargetImages) -> dict[str, Any]:
    """Return the source's test loss (nats) and accuracy with its old head, before and after."""
    tuned = found.model
    assert isinstance(tuned, Classifier)
    metrics = {}
    for when, backbone in (("before", old.backbone), ("after", tuned.backbone)):
        scores = outputs(Classifier(backbone, old.head), source.test[0], found.config)
        loss = F.cross_entropy(torch.from_numpy(scores), torch.from_numpy(source.test[1]))
        metrics[f"source_loss_{when}"] = float(loss)
        metrics[f"source_accuracy_{when}"] = top1(scores, source.test[1])
    return metrics
