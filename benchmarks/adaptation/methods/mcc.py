"""MCC: the classes of target images are made less confused with each other."""

from __future__ import annotations

from benchmarks.adaptation.losses import class_confusion
from benchmarks.adaptation.methods.method import (
    Adaptation,
    AdaptationMethod,
    fit_with_penalty,
)
from benchmarks.learning.classifier import Classifier


def train(adaptation: Adaptation) -> Classifier:
    """Train the model on classification loss + strength times `class_confusion`."""
    return fit_with_penalty(
        adaptation, lambda output: class_confusion(output.scores[output.count :])
    )


METHOD = AdaptationMethod(
    "mcc", "MCC", train, strengths=(0.1, 1.0), tunes_rate=True, paper="Jin et al., ECCV 2020"
)
