"""The training of one step, which all strategies that train a network share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.learning.batches import TensorBatch, TensorBatches
from benchmarks.learning.loop import train_networks
from benchmarks.learning.prediction import outputs
from benchmarks.lifelong.learner import Learner
from benchmarks.lifelong.objectives import distillation_targets, sigmoid_loss, softmax_loss
from benchmarks.lifelong.streams import LabeledPart
from taskgraph.arrays import Booleans, Integers


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """The images on which a step trains: those that arrive and the exemplars.

    Attributes
    ----------
    images : (N, C, H, W) tensor of bytes
    labels : (N,) array
    fresh : (N,) array of booleans
        Whether the image arrives in this step.
    """

    images: Tensor
    labels: Integers
    fresh: Booleans


def with_exemplars(part: LabeledPart, learner: Learner) -> TrainingSet:
    """Return the images of a step and all exemplars: D of Algorithm 3."""
    images, labels = part
    stored = [each for each in learner.exemplars if len(each)]
    old = np.repeat([each.label for each in stored], [len(each) for each in stored])
    return TrainingSet(
        torch.cat([images, *(each.images for each in stored)]),
        np.concatenate([labels, old]).astype(np.int64),
        np.arange(len(labels) + len(old)) < len(labels),
    )


def train_step(learner: Learner, data: TrainingSet, teacher: nn.Module | None, known: int) -> None:
    """Train the network of a learner in place, with the loss of its variant.

    Parameters
    ----------
    learner : Learner
        Its head already has outputs for the classes that arrive.
    data : TrainingSet
    teacher : torch.nn.Module, optional
        The network before the step, whose first ``known`` outputs are distilled; None distills
        nothing.
    known : int
        Number of classes that the teacher knows.
    """
    config = learner.step_config()
    if teacher is None or not known:
        teacher, known = None, 0
    device = config.chosen_device()
    arrived = torch.zeros(learner.seen, dtype=torch.bool)
    arrived[np.unique(data.labels[data.fresh])] = True
    arrived = arrived.to(device)
    stored = torch.zeros(len(data.labels), 0)
    if teacher is not None and not learner.variant.distill_augmented:
        stored = torch.from_numpy(outputs(teacher, data.images, config)[:, :known])
    live = teacher if learner.variant.distill_augmented else None

    def loss(batch: TensorBatch, progress: float) -> Tensor:
        """Return the loss of a batch."""
        images, labels, fresh, old = batch
        if live is not None:
            with torch.no_grad():
                old = live(images)[:, :known]
        return _loss(learner, learner.network(images), labels, fresh, old.float(), arrived)

    tensors = (
        data.images,
        torch.from_numpy(data.labels),
        torch.from_numpy(data.fresh),
        stored,
    )
    batches = TensorBatches(tensors, config.batch, config.seed, learner.augment)
    if live is not None:
        live.to(device).eval()
    train_networks(learner.network, loss, batches, config)


def _loss(
    learner: Learner, scores: Tensor, labels: Tensor, fresh: Tensor, old: Tensor, arrived: Tensor
) -> Tensor:
    """Return the loss of the learner's variant for the scores of a batch."""
    variant, scores = learner.variant, scores.float()
    if variant.loss == "softmax":
        return softmax_loss(scores, labels, old if old.shape[1] else None, variant.temperature)
    outputs = scores.shape[1]
    targets = distillation_targets(labels, fresh, old, outputs=outputs, arrived=arrived)
    return sigmoid_loss(scores, targets, learner.classes)
