"""The task and the description that all methods of adaptation share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.adaptation.domain_pair import DomainImages, DomainPair
from benchmarks.adaptation.selection import Evaluator
from benchmarks.learning.batches import JointBatches, TensorBatches
from benchmarks.learning.classifier import Classifier
from benchmarks.learning.config import LoopConfig
from benchmarks.learning.loop import BatchLoss, train_networks

DomainBatch = tuple[tuple[Tensor, Tensor], tuple[Tensor]]
"""Images and labels of the source, and images of the target."""


@dataclass(frozen=True, eq=False)
class Adaptation:
    """A training: a pair of domains, a network, and the configuration.

    Attributes
    ----------
    pair : DomainPair
    model : Classifier
        Trained in place.
    config : LoopConfig
        ``batch`` images of each domain are in a batch.
    strength : float
        Weight of the part of the loss that adapts; see each method.
    evaluator : Evaluator
    """

    pair: DomainPair
    model: Classifier
    config: LoopConfig
    strength: float
    evaluator: Evaluator

    def source_batches(self) -> TensorBatches:
        """Return batches of the source's training images and labels."""
        return self.labeled_batches(self.pair.source_train)

    def labeled_batches(self, part: DomainImages) -> TensorBatches:
        """Return batches of images and labels."""
        tensors = part.images, torch.from_numpy(part.labels)
        return TensorBatches(tensors, self.config.batch, self.config.seed)

    def target_batches(self) -> TensorBatches:
        """Return batches of the target's training images, without labels."""
        images = (self.pair.target_train.images,)
        return TensorBatches(images, self.config.batch, self.config.seed + 1)

    def domain_batches(self) -> JointBatches:
        """Return a batch of the source and one of the target at a time, see `DomainBatch`."""
        return JointBatches([self.source_batches(), self.target_batches()])

    def fit(self, loss: BatchLoss, *others: nn.Module) -> Classifier:
        """Train the model, and other networks with it, on batches of both domains."""
        train_networks(
            [self.model, *others],
            loss,
            self.domain_batches(),
            self.config,
            validate=self.evaluator.watch(self.model),
        )
        return self.model


@dataclass(frozen=True, eq=False)
class JointOutput:
    """Features and scores of a batch of both domains, source rows first.

    Attributes
    ----------
    features : (S + T, D) tensor
    scores : (S + T, C) tensor
    labels : (S,) tensor
    """

    features: Tensor
    scores: Tensor
    labels: Tensor

    @property
    def count(self) -> int:
        """Return S, the number of source rows."""
        return len(self.labels)

    @property
    def is_source(self) -> Tensor:
        """Return an (S + T,) tensor of booleans."""
        return torch.arange(len(self.scores), device=self.scores.device) < self.count

    def classification_loss(self) -> Tensor:
        """Return the mean cross-entropy of the source rows."""
        return F.cross_entropy(self.scores[: self.count], self.labels)


def joint_output(model: Classifier, batch: DomainBatch) -> JointOutput:
    """Return features and scores of one forward pass over the images of both domains."""
    (images, labels), (others,) = batch
    features = model.backbone(torch.cat([images, others]))
    return JointOutput(features, model.head(features), labels)


def fit_with_penalty(
    adaptation: Adaptation, penalty: Callable[[JointOutput], Tensor]
) -> Classifier:
    """Train the model on the classification loss + strength times a penalty; returns the best.

    Parameters
    ----------
    penalty : callable
        From the output of a batch of both domains to a scalar; smaller is better.
    """

    def loss(batch: DomainBatch, _progress: float) -> Tensor:
        """Return the loss of a batch of both domains."""
        output = joint_output(adaptation.model, batch)
        return output.classification_loss() + adaptation.strength * penalty(output)

    return adaptation.fit(loss)


@dataclass(frozen=True)
class AdaptationMethod:
    """A method of adaptation.

    Attributes
    ----------
    name : str
        As in records and flags.
    title : str
        As on pages.
    train : callable
        Trains the model of an `Adaptation` and returns the classifier for the target.
    strengths : sequence of float
        Values of `Adaptation.strength` to choose from.
    tunes_rate : bool
        Whether its learning rate is chosen for it, since it adapts with that rate. The others have
        source-only's.
    uses_target_labels : bool
        Whether it is a reference that is trained with labels of the target.
    paper : str
        Its source.
    """

    name: str
    title: str
    train: Callable[[Adaptation], Classifier]
    strengths: Sequence[float] = (1.0,)
    tunes_rate: bool = False
    uses_target_labels: bool = False
    paper: str = ""
