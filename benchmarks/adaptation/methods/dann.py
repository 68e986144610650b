"""DANN: features from which a domain head cannot tell the domains apart, by gradient reversal."""

from __future__ import annotations

from torch import Tensor, nn

from benchmarks.adaptation.losses import domain_loss
from benchmarks.adaptation.methods.method import (
    Adaptation,
    AdaptationMethod,
    DomainBatch,
    joint_output,
)
from benchmarks.adaptation.reversal import domain_head, reversal_strength, reverse_gradient
from benchmarks.learning.classifier import Classifier

RATE = 0.01
"""First learning rate in the paper (section 5.2), which falls by (1 + 10 p)^-.75."""


def dann_loss(
    model: Classifier, head: nn.Module, batch: DomainBatch, progress: float, strength: float
) -> Tensor:
    """Return classification loss + domain loss, whose gradient into the features is reversed.

    The gradient into the features is that of the domain loss times −λ, where λ is ``strength``
    times 2 / (1 + e^{−10 p}) − 1. The domain head trains with weight 1.
    """
    output = joint_output(model, batch)
    reversed_features = reverse_gradient(output.features, strength * reversal_strength(progress))
    return output.classification_loss() + domain_loss(head(reversed_features), output.is_source)


def train(adaptation: Adaptation) -> Classifier:
    """Train the model and a domain head of 100 units together."""
    model, strength = adaptation.model, adaptation.strength
    head = domain_head(model.backbone.features, seed=adaptation.config.seed)
    return adaptation.fit(
        lambda batch, progress: dann_loss(model, head, batch, progress, strength), head
    )


METHOD = AdaptationMethod(
    "dann",
    "DANN",
    train,
    strengths=(0.1, 1.0),
    tunes_rate=True,
    paper="Ganin et al., JMLR 2016",
)
