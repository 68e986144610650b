"""MMD: the distributions of both domains' features are made alike."""

from __future__ import annotations

from benchmarks.adaptation.losses import mmd_loss
from benchmarks.adaptation.methods.method import (
    Adaptation,
    AdaptationMethod,
    fit_with_penalty,
)
from benchmarks.learning.classifier import Classifier


def train(adaptation: Adaptation) -> Classifier:
    """Train the model on classification loss + strength times `mmd_loss`."""
    return fit_with_penalty(
        adaptation,
        lambda output: mmd_loss(output.features[: output.count], output.features[output.count :]),
    )


METHOD = AdaptationMethod(
    "mmd", "MMD", train, strengths=(0.01, 0.1, 1.0), tunes_rate=True, paper="Long et al., ICML 2015"
)
