"""Measure the test loss of the source's own head on layers that were fine-tuned.

The sources are ResNet-8, trained here on a data set, and encoders of the bank with their decoders.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional as F

from benchmarks.finetune.backbones import resnet_model
from benchmarks.finetune.freezing import ALL, FROZEN, L2SP, METHODS, fine_tune
from benchmarks.finetune.images import TargetImages, labeled_images
from benchmarks.finetune.made import world_folder
from benchmarks.finetune.settings import Settings
from benchmarks.finetune.source_test import SourceTest, encoder_of, open_source_test, source_loss
from benchmarks.finetune.training import (
    SELECTION_SEED,
    Trained,
    loop_config,
    measure_seeds,
    protocol,
    train_on,
)
from benchmarks.learning.accuracy import top1
from benchmarks.learning.classifier import Classifier, classifier
from benchmarks.learning.prediction import outputs
from benchmarks.learning.starts import find_start
from benchmarks.results.banks import shipped_bank_hash
from benchmarks.results.log import Log

SOURCE, FORGETTING = "mnist-5k", ("digits", "tones")
"""The source of ResNet-8 whose old head is tested after fine-tuning, and the new targets."""
WAYS = (ALL, L2SP, FROZEN)
LABELS = 100
"""Most training images of a target."""


def labels_of(target: TargetImages) -> int:
    """Return the number of training images of the part ``limits``."""
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
                **target.asked,
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


def measure_bank_forgetting(settings: Settings, log: Log) -> None:
    """Measure the test loss of the bank's tasks with their own decoders, before and after.

    The views are of buildings that neither the encoders nor the fine-tuning have seen.
    """
    world = world_folder(settings)
    opened = functools.cache(lambda task: open_source_test(task, world, most=settings.tested))
    for task in settings.forgotten:
        for name in FORGETTING:
            measure_bank_cell(task, opened, name, ALL, settings, log)


def measure_bank_cell(
    task: str,
    opened: Callable[[str], SourceTest],
    target_name: str,
    method: str,
    settings: Settings,
    log: Log,
) -> None:
    """Measure one encoder, target and method; images have the encoder's own size."""
    target, start = labeled_images(target_name, settings), find_start(f"bank:{task}")
    n = labels_of(target)
    asked = {
        "part": "limits",
        "source": task,
        **target.asked,
        "start": start.name,
        "bank": shipped_bank_hash(),
        "n": n,
        "method": method,
        "pixels": start.size,
        **protocol(settings),
        "tuning_seed": SELECTION_SEED,
    }

    def recipe(rate: float, seed: int) -> Trained:
        """Fine-tune the bank's encoder at a rate with a seed."""
        model = classifier(start.build(seed=seed), target.classes, seed=seed)
        train = target.subset(n, seed)
        return fine_tune(model, METHODS[method], target, train, rate, seed, settings)

    def forgotten_loss(found: Trained, _seed: int) -> dict[str, float]:
        """Return the source's test loss before and after, and that of a constant answer."""
        test = opened(task)
        assert isinstance(found.model, Classifier)
        return {
            "source_loss_before": source_loss(test),
            "source_loss_after": source_loss(test, encoder_of(found.model)),
            "constant_loss": test.constant,
            "views": len(test.examples),
        }

    measure_seeds(log, asked, recipe, settings, tuning_seed=SELECTION_SEED, more=forgotten_loss)
