"""The four curves of EfficientNet-Lite0, as one half of the part ``layers``.

The first K layers come from ImageNet, or from a Lite0 that was trained on the target from scratch.
They are frozen, and a linear probe is fitted to their output, averaged over places; or they are
fine-tuned with a new linear head in the same place. So both networks have the same layers. The
network from scratch has as many layers as the most that are kept.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from torch import nn

from benchmarks.finetune.backbones import redraw, sized_start
from benchmarks.finetune.images import TargetImages, labeled_images
from benchmarks.finetune.probing import (
    SplitFeatures,
    pixel_features,
    probe_accuracy,
    split_features,
)
from benchmarks.finetune.settings import Settings
from benchmarks.finetune.skipping import skip_missing
from benchmarks.finetune.training import (
    SELECTION_SEED,
    Trained,
    chosen_rate,
    loop_config,
    measure_seeds,
    protocol,
    train_on,
)
from benchmarks.learning.classifier import Backbone, Classifier, classifier
from benchmarks.learning.surgery import keep_layers
from benchmarks.results.log import Log

LITE0 = "Lite0"
LAYERS = (1, 4, 8, 12, 18, 24, 31)
"""Numbers of layers that are kept where features of ImageNet's layers are probed, of 31."""
PROBED_ON = ("digits", "mnist-5k", "scenes")
PIXELS, COPIED_FROZEN = "linear probe on pixels", "linear probe"
BASELINE, COPIED, OWN_FROZEN, OWN = "B from scratch", "AnB+", "BnB", "BnB+"
"""Methods of the records; `COPIED_FROZEN` is the curve AnB."""

MOMENTUM = 0.3
"""Weight of a batch in the statistics of batch normalization where Lite0 is trained.

The variances of new weights are much smaller than 1, from which the statistics start. With
PyTorch's .1, a share of .015 of that start is left after 40 steps, and with Lite0's own .01 a share
of .67: a network from scratch that fits its training images is then at chance in evaluation mode.
"""

BackboneMaker = Callable[[int], Backbone]
"""From a seed to the first layers of a network."""


def measure(settings: Settings, log: Log) -> None:
    """Measure probes of frozen layers on `PROBED_ON`, then the trained curves."""
    for name in PROBED_ON:
        with skip_missing(f"layers of Lite0 on {name}"):
            measure_probes(labeled_images(name, settings), settings, log)
    for name in settings.lite0_on:
        with skip_missing(f"trained layers of Lite0 on {name}"):
            measure_trained(labeled_images(name, settings), settings, log)


def asked_of(target: TargetImages, settings: Settings) -> dict[str, Any]:
    """Return the settings that all records of a target have."""
    n = target.sizes(settings.sizes)[-1]
    return {"part": "layers", "network": LITE0, "case": target.name, **target.contents, "images": n}


def measure_probes(target: TargetImages, settings: Settings, log: Log) -> None:
    """Measure linear probes on ImageNet's first layers, and on the pixels themselves."""
    start = sized_start("lite0", settings)
    size = {"pool": settings.pool, "tested": settings.tested}
    for kept in (0, *LAYERS):
        asked = {
            **asked_of(target, settings),
            "method": COPIED_FROZEN if kept else PIXELS,
            "kept": kept,
            **size,
        }
        missing = [s for s in range(settings.seeds) if not log.has(asked, seed=s, split="test")]
        if not missing:
            continue
        if kept:
            features = split_features(start.build(keep=kept), target, settings)
        else:
            features = pixel_features(target)
        for seed in missing:
            add_probe(features, target, asked, seed, log)


def add_probe(
    features: SplitFeatures, target: TargetImages, asked: dict[str, Any], seed: int, log: Log
) -> None:
    """Record the accuracy of a linear probe."""
    begin = time.perf_counter()
    metrics = probe_accuracy(features, target, asked["images"], seed)
    seconds = round(time.perf_counter() - begin, 3)
    log.add(asked, metrics, seed=seed, split="test", seconds=seconds)


def measure_trained(target: TargetImages, settings: Settings, log: Log) -> None:
    """Measure the baseline, and the curves AnB+, BnB+ and BnB at ``settings.lite0_kept``.

    The own network is trained at the rate that was chosen for the baseline, with another seed, for
    as many steps as all others.
    """
    short = replace(settings, rates=settings.lite0_rates)
    asked = {
        **asked_of(target, short),
        **protocol(short),
        "tuning_seed": SELECTION_SEED,
        "depth": max(short.lite0_kept),
        "momentum": MOMENTUM,
    }
    scratch = {**asked, "method": BASELINE, "kept": 0}
    train = functools.partial(train_layers, target=target, n=asked["images"], settings=short)
    from_scratch = functools.partial(train, functools.partial(new_layers, short))
    measure_seeds(log, scratch, from_scratch, short, tuning_seed=SELECTION_SEED)

    @functools.cache
    def own(seed: int) -> Backbone:
        """Return the network that was trained on the target from scratch; it is trained once."""
        rate, _ = chosen_rate(log, scratch, from_scratch, short, seed=SELECTION_SEED)
        return cast(Classifier, from_scratch(rate, 1_000 + seed).model).backbone

    for kept in short.lite0_kept:
        own_first = functools.partial(own_layers, own, kept, short)
        for method, make in (
            (COPIED, functools.partial(copied_layers, kept, short)),
            (OWN, own_first),
        ):
            key = {**asked, "method": method, "kept": kept}
            recipe = functools.partial(train, make)
            measure_seeds(log, key, recipe, short, tuning_seed=SELECTION_SEED)
        frozen = {**asked, "method": OWN_FROZEN, "kept": kept}
        for seed in range(short.seeds):
            if not log.has(frozen, seed=seed, split="test"):
                features = split_features(own_first(seed), target, short, keep=False)
                add_probe(features, target, frozen, seed, log)


def train_layers(
    make: BackboneMaker,
    rate: float,
    seed: int,
    *,
    target: TargetImages,
    n: int,
    settings: Settings,
) -> Trained:
    """Train all of some layers and a new head on top."""
    model = classifier(make(seed), target.classes, seed=seed)
    return train_on(model, target, target.subset(n, seed), loop_config(settings, rate, seed))


def new_layers(settings: Settings, seed: int) -> Backbone:
    """Return as many layers as the most that are kept, with new weights."""
    backbone = copied_layers(max(settings.lite0_kept), settings, seed)
    redraw(backbone, seed)
    return backbone


def copied_layers(kept: int, settings: Settings, _seed: int) -> Backbone:
    """Return the first layers with the weights of ImageNet, and `MOMENTUM`."""
    whole = sized_start("lite0", settings).build()
    for module in whole.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = MOMENTUM  # before the layers are traced, which makes it a constant
    return Backbone(whole.preparation, keep_layers(whole.layers, kept))


def own_layers(own: BackboneMaker, kept: int, settings: Settings, seed: int) -> Backbone:
    """Return the first layers with the weights of a network that was trained on the target."""
    backbone = copied_layers(kept, settings, seed)
    trained = own(seed).layers.state_dict()
    backbone.layers.load_state_dict({name: trained[name] for name in backbone.layers.state_dict()})
    return backbone
