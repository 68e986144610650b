"""Part ``freezing``: frozen, one rate, faster heads, layer-wise rates, unfreezing, L2-SP."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.finetune.backbones import pretrained_model
from benchmarks.finetune.images import TargetImages, labeled_images
from benchmarks.finetune.settings import Settings
from benchmarks.finetune.skipping import skip_missing
from benchmarks.finetune.training import Trained, loop_config, measure_seeds, protocol, train_on
from benchmarks.learning.classifier import Classifier
from benchmarks.learning.freezing import freeze
from benchmarks.learning.l2sp import StartingPoint
from benchmarks.learning.rates import (
    RateGroup,
    effective_rates,
    gradual_unfreezing,
    head_faster,
    layerwise,
    uniform,
)
from benchmarks.results.banks import shipped_bank_hash
from benchmarks.results.log import Log

START = "bank:rgb2sfnorm"
LABELS = 160
"""Number of training images."""
ALL, FROZEN, FASTER = "all layers at one rate", "frozen but the head", "head ten times faster"
DECAY, ULMFIT, GRADUAL = "layer-wise, times .75", "layer-wise, over 2.6", "gradual unfreezing"
L2SP = "L2-SP"
TIMM_TRAP = "timm's groups in a plain optimizer"


@dataclass(frozen=True)
class FineTuning:
    """A way to fine-tune: what is frozen, the rates of the groups, and the penalty."""

    groups: Callable[[Classifier, float], Sequence[RateGroup]]
    frozen: bool = False
    pulled_back: bool = False


METHODS: Mapping[str, FineTuning] = {
    ALL: FineTuning(uniform),
    FROZEN: FineTuning(uniform, frozen=True),
    FASTER: FineTuning(head_faster),
    DECAY: FineTuning(lambda model, rate: layerwise(model, rate, decay=0.75)),
    ULMFIT: FineTuning(layerwise),
    GRADUAL: FineTuning(lambda model, rate: gradual_unfreezing(layerwise(model, rate))),
    L2SP: FineTuning(uniform, pulled_back=True),
}


def measure(settings: Settings, log: Log, out: Path) -> None:
    """Measure every method on every target, and record the rates that timm's groups give."""
    record_timm_trap(log)
    for name in settings.tuned_on:
        with skip_missing(f"freezing on {name}"):
            target = labeled_images(name, settings)
            for method in METHODS:
                measure_method(method, target, settings, log)


def measure_method(method: str, target: TargetImages, settings: Settings, log: Log) -> None:
    """Measure one method; its records hold the optimizer's rates at the first step."""
    n = min(LABELS, len(target.train[1]))
    asked = {
        "part": "freezing",
        **target.asked,
        "start": START,
        "bank": shipped_bank_hash(),
        "n": n,
        "method": method,
        "pixels": settings.pixels,
        **protocol(settings),
    }

    def recipe(rate: float, seed: int) -> Trained:
        """Fine-tune at a rate with a seed."""
        model = pretrained_model(START, target.classes, seed, settings)
        train = target.subset(n, seed)
        return fine_tune(model, METHODS[method], target, train, rate, seed, settings)

    measure_seeds(log, asked, recipe, settings, more=lambda trained, _: {"rates_of": rows(trained)})


def fine_tune(
    model: Classifier,
    way: FineTuning,
    target: TargetImages,
    train: tuple[Tensor, Any],
    rate: float,
    seed: int,
    settings: Settings,
) -> Trained:
    """Fine-tune a model in place in one of the ways; the layers are frozen before groups are made.

    L2-SP replaces weight decay, as in its paper.
    """
    if way.frozen:
        freeze(model.backbone)
    config = loop_config(settings, rate, seed, **({"weight_decay": 0.0} if way.pulled_back else {}))
    penalty = StartingPoint(model.backbone, model.head).penalty if way.pulled_back else None
    groups = way.groups(model, rate)
    return train_on(model, target, train, config, groups=groups, penalty=penalty)


def rows(trained: Trained) -> list[list[Any]]:
    """Return the optimizer's groups before the first step: name, parameters, rate, trained."""
    frame = trained.history.rates[["group", "parameters", "rate", "trained"]]
    return [
        [str(group), int(count), float(rate), bool(on)]
        for group, count, rate, on in frame.itertuples(index=False)
    ]


def record_timm_trap(log: Log) -> None:
    """Record the rates of groups of timm with layer decay, as `torch.optim.SGD` holds them."""
    asked = {"part": "freezing", "method": TIMM_TRAP, "model": "resnet18", "decay": 0.75}
    if log.has(asked):
        return
    with skip_missing("the rates of timm's groups"):
        from encoders.networks.zoo import import_timm

        timm: Any = import_timm()
        importlib.import_module("timm.optim")
        model = timm.create_model("resnet18", pretrained=False)
        groups = timm.optim.param_groups_layer_decay(model, layer_decay=0.75)
        scales = sorted({round(group["lr_scale"], 6) for group in groups})
        optimizer = torch.optim.SGD(groups, lr=0.1)
        held = sorted(set(effective_rates(optimizer)["rate"]))
        log.add(asked, {"scales": scales, "held": held})
