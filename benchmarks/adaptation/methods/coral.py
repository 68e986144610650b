"""CORAL loss: the covariances of both domains' scores (the last layer) are made alike."""

from __future__ import annotations

from torch import Tensor

from benchmarks.adaptation.losses import coral_loss
from benchmarks.adaptation.methods.method import (
    Adaptation,
    AdaptationMethod,
    DomainBatch,
    joint_output,
)
from benchmarks.learning.classifier import Classifier


def train(adaptation: Adaptation) -> Classifier:
    """Train the model on classification loss + strength times `coral_loss`."""

    def loss(batch: DomainBatch, _progress: float) -> Tensor:
        """Return the loss of a batch of both domains."""
        output = joint_output(adaptation.model, batch)
        count = output.count
        apart = coral_loss(output.scores[:count], output.scores[count:])
        return output.classification_loss() + adaptation.strength * apart

    return adaptation.fit(loss)


METHOD = AdaptationMethod(
    "coral", "CORAL loss", train, strengths=(1.0, 10.0), paper="Sun and Saenko, ECCV workshops 2016"
)
