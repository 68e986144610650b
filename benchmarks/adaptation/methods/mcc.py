"""MCC: the classes of target images are made less confused with each other."""

from __future__ import annotations

from torch import Tensor

from benchmarks.adaptation.losses import class_confusion
from benchmarks.adaptation.methods.method import (
    Adaptation,
    AdaptationMethod,
    DomainBatch,
    joint_output,
)
from benchmarks.learning.classifier import Classifier


def train(adaptation: Adaptation) -> Classifier:
    """Train the model on classification loss + strength times `class_confusion`."""

    def loss(batch: DomainBatch, _progress: float) -> Tensor:
        """Return the loss of a batch of both domains."""
        output = joint_output(adaptation.model, batch)
        count = output.count
        apart = class_confusion(output.scores[count:])
        return output.classification_loss() + adaptation.strength * apart

    return adaptation.fit(loss)


METHOD = AdaptationMethod("mcc", "MCC", train, strengths=(0.1, 1.0), paper="Jin et al., ECCV 2020")
