"""How drawn views are used beside labeled real ones: not at all, before them, or mixed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from benchmarks.adaptation.dense.network import WIDTH, DenseReader, by_place
from benchmarks.adaptation.dense.tasks import DenseTask
from benchmarks.adaptation.dense.views import DensePair, DenseViews
from benchmarks.adaptation.losses import domain_loss
from benchmarks.adaptation.reversal import domain_head, reversal_strength, reverse_gradient
from benchmarks.learning.batches import JointBatches, TensorBatches
from benchmarks.learning.config import LoopConfig
from benchmarks.learning.loop import train_networks
from benchmarks.learning.subsets import nested_subset
from encoders.losses.masked import batch_mean

REAL, PRETRAINED, MIXED, ADAPTED = "real", "pretrained", "mixed", "adapted"
RECIPES = {
    REAL: "the labeled real views alone",
    PRETRAINED: "the drawn views for half of the steps, then the labeled real ones",
    MIXED: "batches half of drawn and half of labeled real views",
    ADAPTED: "as mixed, and a domain head with gradient reversal at each place of the features, "
    "which sees all real training views without labels",
}
"""How a network is trained. Without labeled real views, ``mixed`` has the drawn ones alone."""
STRENGTH = 0.1
"""Strength of the reversal."""


@dataclass(frozen=True)
class DenseTraining:
    """One training.

    Attributes
    ----------
    task : DenseTask
    recipe : str
        A key of `RECIPES`.
    labels : int
        Number of real views with labels.
    config : LoopConfig
    """

    task: DenseTask
    recipe: str
    labels: int
    config: LoopConfig


def labeled_real(pair: DensePair, count: int, seed: int) -> DenseViews:
    """Return the real views with labels; those of a smaller count are among those of a larger."""
    strata = torch.zeros(len(pair.real), dtype=torch.int64).numpy()
    return pair.real.rows(nested_subset(strata, count, seed))


def train_dense(training: DenseTraining, pair: DensePair) -> DenseReader:
    """Train a reader; all recipes take the same number of steps and of labeled views a step."""
    task, config = training.task, training.config
    target, _ = pair.test.targets[task.name]
    stride = target.shape[-1] // pair.test.maps.shape[-1]
    reader = DenseReader(task.channels, stride, pair.real.maps, config.seed)
    real = labeled_real(pair, training.labels, config.seed) if training.labels else None
    if training.recipe == PRETRAINED and real is not None:
        half = replace(config, steps=max(1, (config.steps or 0) // 2))
        _fit(reader, task, [pair.synthetic], half)
        _fit(reader, task, [real], half)
    elif training.recipe == REAL:
        assert real is not None
        _fit(reader, task, [real], config)
    else:
        labeled = [pair.synthetic] if real is None else [pair.synthetic, real]
        unlabeled = pair if training.recipe == ADAPTED else None
        _fit(reader, task, labeled, config, unlabeled)
    return reader


def _fit(
    reader: DenseReader,
    task: DenseTask,
    labeled: Sequence[DenseViews],
    config: LoopConfig,
    unlabeled: DensePair | None = None,
) -> None:
    """Train on equal parts of some labeled sets, and tell domains apart if they are given."""
    share = max(1, config.batch // len(labeled))
    sources = [
        TensorBatches((each.maps, *each.targets[task.name]), share, config.seed + k)
        for k, each in enumerate(labeled)
    ]
    networks: list[torch.nn.Module] = [reader]
    if unlabeled is not None:
        half = max(1, config.batch // 2)
        parts = unlabeled.synthetic, unlabeled.real
        sources += [
            TensorBatches((each.maps,), half, config.seed + 10 + k) for k, each in enumerate(parts)
        ]
        networks.append(domain_head(WIDTH, seed=config.seed))

    def loss(batch: Sequence[Sequence[Tensor]], progress: float) -> Tensor:
        """Return the task's loss, and with a domain head that of the domains."""
        maps, targets, masks = (
            torch.cat(each) for each in zip(*batch[: len(labeled)], strict=True)
        )
        total = batch_mean(task.loss(reader(maps), targets, masks), masks)
        if unlabeled is None:
            return total
        (drawn,), (photographed,) = batch[len(labeled) :]
        features = by_place(reader.features(torch.cat([drawn, photographed])))
        is_source = torch.arange(len(features)) < len(features) * len(drawn) // (
            len(drawn) + len(photographed)
        )
        reversed_features = reverse_gradient(features, STRENGTH * reversal_strength(progress))
        return total + domain_loss(networks[1](reversed_features), is_source.to(features.device))

    train_networks(networks, loss, JointBatches(sources), config)


def predictions(reader: DenseReader, views: DenseViews) -> Tensor:
    """Return the predictions for all pixels of some views."""
    reader.eval()
    with torch.no_grad():
        return torch.cat([reader(part) for part in torch.split(views.maps, 128)])
