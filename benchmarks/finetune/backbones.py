"""Backbones of the suite: a start at the size in use, or the same network with new weights."""

from __future__ import annotations

import torch
from torch import nn

from benchmarks.finetune.settings import Settings
from benchmarks.learning.classifier import Backbone, Classifier, classifier
from benchmarks.learning.starts import Start, find_start

LITE0_PIXELS = 64
RESNET, RESNET_PIXELS = "scratch:resnet8", 16


def sized_start(name: str, settings: Settings) -> Start:
    """Return a start for images of ``settings.pixels``, or `LITE0_PIXELS` for ``lite0``."""
    return find_start(name).at(LITE0_PIXELS if name == "lite0" else settings.pixels)


def pretrained_model(name: str, classes: int, seed: int, settings: Settings) -> Classifier:
    """Return a start with a new head; the seed draws the head."""
    return classifier(sized_start(name, settings).build(seed=seed), classes, seed=seed)


def scratch_model(name: str, classes: int, seed: int, settings: Settings) -> Classifier:
    """Return the same network as a start's with new weights, which the seed draws."""
    backbone = sized_start(name, settings).build(seed=seed)
    redraw(backbone, seed)
    return classifier(backbone, classes, seed=seed)


def redraw(backbone: Backbone, seed: int) -> None:
    """Draw all weights of a backbone anew, in place, with the defaults of its layers."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for module in backbone.layers.modules():
            reset = getattr(module, "reset_parameters", None)
            if callable(reset):
                reset()
        for module in backbone.layers.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def resnet_model(classes: int, seed: int, *, side: int = RESNET_PIXELS) -> Classifier:
    """Return ResNet-8 for small images, with new weights that the seed draws, and a head."""
    return classifier(find_start(RESNET).at(side).build(seed=seed), classes, seed=seed)
