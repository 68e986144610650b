"""Source-only: training on the source, without adaptation; the baseline."""

from __future__ import annotations

from torch.nn import functional as F

from benchmarks.adaptation.methods.method import Adaptation, AdaptationMethod
from benchmarks.learning.classifier import Classifier
from benchmarks.learning.loop import train_networks


def train(adaptation: Adaptation) -> Classifier:
    """Train the model with the labels of the source; the strength has no effect."""
    model = adaptation.model
    train_networks(
        model,
        lambda batch, _: F.cross_entropy(model(batch[0]), batch[1]),
        adaptation.source_batches(),
        adaptation.config,
        validate=adaptation.evaluator.watch(model),
    )
    return model


METHOD = AdaptationMethod("source-only", "source-only", train)
