"""CORAL loss: the covariances of both domains' scores (the last layer) are made alike."""

from __future__ import annotations

from benchmarks.adaptation.losses import coral_loss
from benchmarks.adaptation.methods.method import (
    Adaptation,
    AdaptationMethod,
    fit_with_penalty,
)
from benchmarks.learning.classifier import Classifier


def train(adaptation: Adaptation) -> Classifier:
    """Train the model on classification loss + strength times `coral_loss`."""
    return fit_with_penalty(
        adaptation,
        lambda output: coral_loss(output.scores[: output.count], output.scores[output.count :]),
    )


METHOD = AdaptationMethod(
    "coral",
    "CORAL loss",
    train,
    strengths=(1.0, 10.0, 100.0),
    tunes_rate=True,
    paper="Sun and Saenko, ECCV workshops 2016",
)
