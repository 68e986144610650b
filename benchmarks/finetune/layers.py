"""Part ``layers``: accuracy over the number of layers kept, copied or own, frozen or fine-tuned.

The four curves of Yosinski et al. (NeurIPS 2014): the first K layers of a network come from a
network that was trained on A (AnB) or on B itself (BnB); they are frozen, or fine-tuned (+). The
layers above have new weights and are trained on B.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.finetune import lite0
from benchmarks.finetune.backbones import resnet_model
from benchmarks.finetune.images import TargetImages, labeled_images
from benchmarks.finetune.settings import Settings
from benchmarks.finetune.skipping import skip_missing
from benchmarks.finetune.training import Trained, loop_config, measure_seeds, protocol, train_on
from benchmarks.learning.classifier import Classifier
from benchmarks.learning.freezing import freeze
from benchmarks.learning.prediction import outputs
from benchmarks.learning.surgery import borrow
from benchmarks.learning.tracing import numbered_layers
from benchmarks.results.log import Log
from encoders.errors import UnknownNameError
from taskgraph.arrays import Integers

BASELINE = "B from scratch"
CURVES = {
    "BnB": ("B", True),
    "BnB+": ("B", False),
    "AnB": ("A", True),
    "AnB+": ("A", False),
}
"""Each curve: whose layers are copied, and whether they are frozen."""
RESNET8 = "ResNet-8"


@dataclass(frozen=True)
class LayerCase:
    """A pair of data sets for the curves.

    Attributes
    ----------
    source, target : str
        Data sets A and B.
    halves : bool
        Whether A and B are halves of the classes of one data set, which the seed divides.
    """

    source: str
    target: str
    halves: bool = False

    @property
    def name(self) -> str:
        """Return the name of the case on the page."""
        return f"{self.target} halves" if self.halves else f"{self.source} to {self.target}"


def find_case(name: str) -> LayerCase:
    """Return a case by its name, such as "digits halves" or "mnist-5k to digits".

    Raises
    ------
    UnknownNameError
        If the name has another form.
    """
    if name.endswith(" halves"):
        both = name.removesuffix(" halves")
        return LayerCase(both, both, halves=True)
    source, joined, target = name.partition(" to ")
    if not joined:
        raise UnknownNameError(f"no case {name!r} (--cases); expected NAME halves, or NAME to NAME")
    return LayerCase(source, target)


def measure(settings: Settings, log: Log, out: Path) -> None:
    """Measure the curves of ResNet-8 for every case, and those of Lite0."""
    for case in map(find_case, settings.cases):
        with skip_missing(f"layers of {case.name}"):
            measure_case(case, settings, log)
    lite0.measure(settings, log)


def measure_case(case: LayerCase, settings: Settings, log: Log) -> None:
    """Measure the baseline and the four curves of one case."""
    sources: dict[tuple[str, int], Classifier] = {}

    def source(side: str, seed: int) -> Classifier:
        """Return the network that was trained on A or B with a seed; it is trained once."""
        if (side, seed) not in sources:
            sources[side, seed] = trained_source(case, side, seed, settings)
        return sources[side, seed]

    asked = {
        "part": "layers",
        "network": RESNET8,
        "case": case.name,
        "images": images_of(settings),
        **protocol(settings),
    }
    measure_seeds(
        log,
        {**asked, "method": BASELINE, "kept": 0},
        lambda rate, seed: train_copy(case, None, 0, False, rate, seed, settings),
        settings,
    )
    count = len(numbered_layers(resnet_model(2, 0).backbone.layers))
    for curve, (side, frozen) in CURVES.items():
        for kept in range(1, count + 1):
            measure_seeds(
                log,
                {**asked, "method": curve, "kept": kept},
                copy_recipe(case, functools.partial(source, side), kept, frozen, settings),
                settings,
            )


def copy_recipe(
    case: LayerCase,
    source: Callable[[int], Classifier],
    kept: int,
    frozen: bool,
    settings: Settings,
) -> Callable[[float, int], Trained]:
    """Return what trains B with copied layers, at a rate and with a seed."""
    return lambda rate, seed: train_copy(case, source(seed), kept, frozen, rate, seed, settings)


def images_of(settings: Settings) -> int:
    """Return the number of training images of A and of B."""
    return max(settings.sizes)


def sides(case: LayerCase, seed: int, settings: Settings) -> dict[str, TargetImages]:
    """Return A and B; for halves, the seed divides the classes."""
    target = labeled_images(case.target, settings)
    if not case.halves:
        return {"A": labeled_images(case.source, settings), "B": target}
    classes = np.random.default_rng([17, seed]).permutation(target.classes)
    half = target.classes // 2
    return {
        "A": target.of_classes(np.sort(classes[:half])),
        "B": target.of_classes(np.sort(classes[half:])),
    }


def trained_source(case: LayerCase, side: str, seed: int, settings: Settings) -> Classifier:
    """Return ResNet-8 trained on A or B at the largest rate, for twice the steps."""
    labeled = sides(case, seed, settings)[side]
    model = resnet_model(labeled.classes, 1_000 + seed)
    config = loop_config(
        settings, max(settings.rates), seed, steps=2 * settings.steps, evaluate_every=None
    )
    config = replace(config, evaluate_every=config.steps)
    return train_on(model, labeled, _images(labeled, seed, settings), config).model  # type: ignore[return-value]


def _images(labeled: TargetImages, seed: int, settings: Settings) -> tuple[Tensor, Integers]:
    """Return the training images of one side."""
    return labeled.subset(min(images_of(settings), len(labeled.train[1])), seed)


def train_copy(
    case: LayerCase,
    source: Classifier | None,
    kept: int,
    frozen: bool,
    rate: float,
    seed: int,
    settings: Settings,
) -> Trained:
    """Train ResNet-8 on B, with its first layers copied from a trained network.

    Frozen layers are computed once for all images; training the layers above on their output has
    the same result as training the whole network with these layers frozen.
    """
    labeled = sides(case, seed, settings)["B"]
    model = resnet_model(labeled.classes, seed)
    if source is not None:
        copy_first(model, source, kept)
    config = loop_config(settings, rate, seed)
    train = _images(labeled, seed, settings)
    if not frozen:
        return train_on(model, labeled, train, config)
    lower, upper = split_at(model, kept)

    def mapped(images: Tensor) -> Tensor:
        """Return the output of the frozen layers."""
        return torch.from_numpy(outputs(lower, images, config))

    reduced = replace(
        labeled,
        val=(mapped(labeled.val[0]), labeled.val[1]),
        test=(mapped(labeled.test[0]), labeled.test[1]),
    )
    return train_on(upper, reduced, (mapped(train[0]), train[1]), config)


def copy_first(model: Classifier, source: Classifier, kept: int) -> None:
    """Copy the weights and statistics of the first layers of a network into another, in place."""
    for layer in numbered_layers(model.backbone.layers)[:kept]:
        for name in layer.modules:
            state = source.backbone.layers.get_submodule(name).state_dict()
            model.backbone.layers.get_submodule(name).load_state_dict(state)


def split_at(model: Classifier, kept: int) -> tuple[nn.Module, nn.Module]:
    """Return the first layers with the preparation, frozen, and the layers above with the head.

    Their weights are those of the model. The second one applied to the first one's output is the
    model.
    """
    layers = model.backbone.layers
    numbered = numbered_layers(layers)
    lower = nn.Sequential(model.backbone.preparation, borrow(layers, None, kept))
    freeze(lower)
    if kept == len(numbered):
        return lower, model.head
    return lower, nn.Sequential(borrow(layers, kept, numbered[-1].name), model.head)
