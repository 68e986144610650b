"""The networks that are adapted: any start on pictures, or two layers on frozen features."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from benchmarks.adaptation.domain_pair import DomainPair
from benchmarks.learning.classifier import Backbone, Classifier, classifier
from benchmarks.learning.lenet import lenet_head
from benchmarks.learning.starts import Start, find_start
from benchmarks.results.banks import PREFIX
from encoders.errors import InvalidNetworkError
from encoders.networks.blocks import build_seeded

HIDDEN, FEATURES = 256, 128
"""Units of the two layers."""
CONSTANT = 1e-6
"""Standard deviation up to which a feature of the source counts as constant."""
SMALL = 64
"""Largest side in pixels at which a network of another size is used on pictures."""


class FeatureLayers(nn.Module):
    """Two layers on standardized features: (B, D) to (B, 128).

    Attributes
    ----------
    features : int
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, examples: Tensor, seed: int) -> None:
        super().__init__()
        self.features = FEATURES
        self.register_buffer("mean", examples.mean(0))
        spread = examples.std(0)
        # A feature that is constant on the source keeps its unit: a division would blow it up.
        self.register_buffer("scale", torch.where(spread > CONSTANT, spread, 1.0))
        self.layers = build_seeded(
            lambda: nn.Sequential(
                nn.Linear(examples.shape[1], HIDDEN),
                nn.ReLU(),
                nn.Linear(HIDDEN, FEATURES),
                nn.ReLU(),
            ),
            torch.Generator().manual_seed(seed),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, D) frozen features to (B, 128)."""
        return cast(Tensor, self.layers((features - self.mean) / self.scale))


def start_of(text: str, bank: str | None = None) -> Start:
    """Return the start of a text of ``--start`` or ``--features``.

    It is a name of `find_start`; models of torchvision and timm end with ``,weights=W``, where W is
    a file, "random", or a name from the package's registry.

    Parameters
    ----------
    text : str
    bank : str, optional
        Folder of the bank of ``bank:TASK``; by default, the bank of the library.

    Raises
    ------
    UnknownNameError, InvalidNetworkError
        If there is no such start, or its weights do not fit.
    """
    name, _, weights = text.partition(",weights=")
    if not weights and name.startswith(("torchvision:", "timm:")):
        raise InvalidNetworkError(
            f"{name} needs weights: write {name},weights=FILE, or {name},weights=random"
        )
    of = bank if name.startswith(PREFIX) else None
    return find_start(name, weights=weights or None, bank=of)


def make_model(
    pair: DomainPair, start: str | None, seed: int, *, bank: str | None = None
) -> Classifier:
    """Return a new classifier for a pair.

    Parameters
    ----------
    start : str or None
        Text of a start (`start_of`) for pictures; None for features.
    seed : int
        Draws the weights.
    bank : str, optional
        See `start_of`.

    Raises
    ------
    UnknownNameError, InvalidNetworkError
        If there is no such start, or its weights do not fit.
    """
    classes = len(pair.classes)
    if start is None:
        layers = FeatureLayers(pair.source_train.images, seed)
        return classifier(cast(Backbone, layers), classes, seed=seed)
    found = start_of(start, bank)
    if start == "scratch:lenet":
        backbone = found.build(seed=seed, channels=pair.channels)
        return classifier(backbone, classes, head=lenet_head(classes, seed=seed))
    side = int(pair.source_train.images.shape[2])
    small = found if found.size <= side else found.at(max(32, min(side, SMALL)))
    return classifier(small.build(seed=seed), classes, seed=seed)
