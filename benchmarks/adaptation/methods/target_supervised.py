"""Target-supervised: training with the labels of the target; the reference, not a method."""

from __future__ import annotations

from torch.nn import functional as F

from benchmarks.adaptation.methods.method import Adaptation, AdaptationMethod
from benchmarks.learning.classifier import Classifier
from benchmarks.learning.loop import train_networks
from taskgraph.errors import InvalidTableError


def train(adaptation: Adaptation) -> Classifier:
    """Train the model with the labels of the target; its validation accuracy chooses weights.

    Raises
    ------
    InvalidTableError
        If a training image of the target has no label.
    """
    part = adaptation.pair.target_train
    if (part.labels < 0).any():
        raise InvalidTableError(
            f"{adaptation.pair.target} has images without a class, which target-supervised "
            "training needs; leave target-supervised out of --methods"
        )
    model = adaptation.model
    evaluator = adaptation.evaluator
    evaluator.by_target = True
    train_networks(
        model,
        lambda batch, _: F.cross_entropy(model(batch[0]), batch[1]),
        adaptation.labeled_batches(part),
        adaptation.config,
        validate=evaluator.watch(model),
    )
    return model


METHOD = AdaptationMethod(
    "target-supervised", "target-supervised (reference)", train, uses_target_labels=True
)
