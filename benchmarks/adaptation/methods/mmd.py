"""MMD: the distributions of both domains' features are made alike."""

from __future__ import annotations

from torch import Tensor

from benchmarks.adaptation.losses import mmd_loss
from benchmarks.adaptation.methods.method import (
    Adaptation,
    AdaptationMethod,
    DomainBatch,
    joint_output,
)
from benchmarks.learning.classifier import Classifier


def train(adaptation: Adaptation) -> Classifier:
    """Train the model on classification loss + strength times `mmd_loss`."""

    def loss(batch: DomainBatch, _progress: float) -> Tensor:
        """Return the loss of a batch of both domains."""
        output = joint_output(adaptation.model, batch)
        count = output.count
        apart = mmd_loss(output.features[:count], output.features[count:])
        return output.classification_loss() + adaptation.strength * apart

    return adaptation.fit(loss)


METHOD = AdaptationMethod("mmd", "MMD", train, strengths=(0.1, 1.0), paper="Long et al., ICML 2015")
