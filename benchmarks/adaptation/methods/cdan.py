"""CDAN: as DANN, with a domain head that sees the products of features and class probabilities."""

from __future__ import annotations

from torch import Tensor, nn

from benchmarks.adaptation.losses import domain_loss, outer_map
from benchmarks.adaptation.methods.method import (
    Adaptation,
    AdaptationMethod,
    DomainBatch,
    joint_output,
)
from benchmarks.adaptation.reversal import domain_head, reversal_strength, reverse_gradient
from benchmarks.learning.classifier import Classifier


def cdan_loss(
    model: Classifier, head: nn.Module, batch: DomainBatch, progress: float, strength: float
) -> Tensor:
    """Return classification loss + domain loss of `outer_map`, reversed as in DANN.

    No gradient flows through the class probabilities, as in the authors' code.
    """
    output = joint_output(model, batch)
    products = outer_map(output.features, output.scores.detach())
    reversed_products = reverse_gradient(products, strength * reversal_strength(progress))
    return output.classification_loss() + domain_loss(head(reversed_products), output.is_source)


def train(adaptation: Adaptation) -> Classifier:
    """Train the model and a domain head of 100 units together."""
    model, strength = adaptation.model, adaptation.strength
    inputs = model.backbone.features * len(adaptation.pair.classes)
    head = domain_head(inputs, seed=adaptation.config.seed)
    return adaptation.fit(
        lambda batch, progress: cdan_loss(model, head, batch, progress, strength), head
    )


METHOD = AdaptationMethod(
    "cdan", "CDAN", train, strengths=(0.1, 1.0), tunes_rate=True, paper="Long et al., NeurIPS 2018"
)
