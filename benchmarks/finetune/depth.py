"""Part ``depth``: residual networks from scratch, their error over depth and over training images.

The networks and the protocol are those of He et al. 2015, section 4.2, with fewer steps, smaller
batches and smaller images by default. Images are cropped after padding, and not mirrored, since
digits do not stay digits then.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.finetune.images import TargetImages, labeled_images
from benchmarks.finetune.settings import Settings
from benchmarks.finetune.skipping import skip_missing
from benchmarks.finetune.training import Trained, loop_config, measure_seeds, protocol
from benchmarks.learning.accuracy import top1
from benchmarks.learning.augment import crop
from benchmarks.learning.batches import TensorBatches
from benchmarks.learning.classifier import classifier
from benchmarks.learning.loop import train_networks
from benchmarks.learning.prediction import outputs, validator
from benchmarks.learning.starts import find_start
from benchmarks.results.log import Log

RATE = 0.1
"""Learning rate of He et al.; it is divided by 10 after a half and three quarters of the steps."""
MOMENTUM, WEIGHT_DECAY = 0.9, 1e-4


def measure(settings: Settings, log: Log, out: Path) -> None:
    """Measure every cell of the two figures."""
    own = replace(
        settings,
        pool=settings.depth_pool,
        steps=settings.depth_steps,
        batch=settings.depth_batch,
        rates=(RATE,),
    )
    with skip_missing(f"residual networks on {settings.depth_on}"):
        target = labeled_images(settings.depth_on, own)
        for depth, n in cells(own, len(target.train[1])):
            measure_cell(target, depth, n, own, log)


def cells(settings: Settings, most: int) -> list[tuple[int, int]]:
    """Return depth and number of training images of each cell, the cheapest networks first.

    Every depth has one with all images, and the first and the last depth have one of each size.
    """
    ends = {min(settings.depths), max(settings.depths)}
    sizes = {n for n in settings.depth_sizes if n < most}
    pairs = {(depth, most) for depth in settings.depths}
    return sorted(pairs | {(depth, n) for depth in ends for n in sizes})


def measure_cell(target: TargetImages, depth: int, n: int, settings: Settings, log: Log) -> None:
    """Measure one depth at one number of training images, for every seed."""
    asked = {
        "part": "depth",
        **target.asked,
        "method": f"ResNet-{depth}",
        "depth": depth,
        "n": n,
        "pixels": settings.depth_pixels,
        **protocol(settings),
    }
    measure_seeds(
        log,
        asked,
        lambda rate, seed: train_depth(target, depth, n, rate, seed, settings),
        settings,
        more=lambda trained, seed: {
            "parameters": sum(value.numel() for value in trained.model.parameters())
        },
    )


def train_depth(
    target: TargetImages, depth: int, n: int, rate: float, seed: int, settings: Settings
) -> Trained:
    """Train a residual network from scratch on n images; the last weights are kept."""
    channels = target.train[0].shape[1]
    start = find_start(f"scratch:resnet{depth}").at(settings.depth_pixels)
    model = classifier(start.build(seed=seed, channels=channels), target.classes, seed=seed)
    config = loop_config(
        settings,
        rate,
        seed,
        optimizer="sgd",
        momentum=MOMENTUM,
        weight_decay=WEIGHT_DECAY,
        schedule="milestones",
        warmup=0.0,
        clip=None,
    )
    images, labels = target.subset(n, seed)
    batches = TensorBatches((images, torch.from_numpy(labels)), config.batch, seed, crop)

    def loss(batch: tuple[Tensor, Tensor], _progress: float) -> Tensor:
        """Return the mean cross-entropy."""
        return F.cross_entropy(model(batch[0]), batch[1])

    validate = validator(model, *target.val, config)
    history = train_networks(model, loss, batches, config, validate=validate)
    test = top1(outputs(model, target.test[0], config), target.test[1])
    return Trained(model, config, history.best.validation, test, history)
