"""ADDA: a target encoder that a discriminator cannot tell from the fixed source encoder.

The three stages are the paper's (Tzeng et al., CVPR 2017, sections 4 and 5):

1. The source encoder and the classifier are trained on the source.
2. Both are fixed. The target encoder begins as a copy of the source encoder. In each step the
   discriminator learns to tell source features (1) from target features (0), and then the target
   encoder is changed so that its features are taken for those of the source: the labels are
   inverted, which is not the negative of the discriminator's loss.
3. The fixed classifier is applied to the features of the target encoder.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from benchmarks.adaptation.losses import domain_loss
from benchmarks.adaptation.methods import source_only
from benchmarks.adaptation.methods.method import Adaptation, AdaptationMethod, DomainBatch
from benchmarks.adaptation.reversal import domain_head
from benchmarks.learning.classifier import Backbone, Classifier
from benchmarks.learning.freezing import freeze
from benchmarks.learning.loop import Player, train_networks
from benchmarks.learning.placement import place
from benchmarks.learning.rates import module_group

RATE = 2e-4
"""Adam's rate of the discriminator and of the target encoder in the authors' scripts."""
BETAS = (0.5, 0.999)
"""Adam's decay rates in the authors' scripts."""
WIDTH = 500
"""Units of each of the discriminator's two hidden layers."""


@dataclass(frozen=True, eq=False)
class AddaNetworks:
    """The networks of stage 2.

    Attributes
    ----------
    source, target : Backbone
        The source encoder is frozen.
    discriminator : torch.nn.Module
        Features to a logit of being source.
    """

    source: Backbone
    target: Backbone
    discriminator: nn.Module

    def discriminator_loss(self, batch: DomainBatch, _progress: float) -> Tensor:
        """Return the cross-entropy with source 1 and target 0; no gradient enters an encoder."""
        (images, _), (others,) = batch
        with torch.no_grad():
            features = torch.cat([self.source(images), self.target(others)])
        is_source = torch.arange(len(features), device=features.device) < len(images)
        return domain_loss(self.discriminator(features), is_source)

    def target_loss(self, batch: DomainBatch, _progress: float) -> Tensor:
        """Return −mean log D(M_t(x_t)): the cross-entropy of target images called source."""
        _, (others,) = batch
        logits = self.discriminator(self.target(others))
        return domain_loss(logits, torch.ones(len(others), device=logits.device))


def train(adaptation: Adaptation) -> Classifier:
    """Train in three stages; ``config.steps`` steps in each of the first two.

    The strength multiplies the rate of stage 2. The checkpoints are those of stage 2.
    """
    model = source_only.train(adaptation)
    return adapt_target_encoder(adaptation, model)


def adapt_target_encoder(adaptation: Adaptation, model: Classifier) -> Classifier:
    """Return the classifier with a target encoder (stages 2 and 3); the model is frozen."""
    target = copy.deepcopy(model.backbone)
    freeze(model)
    discriminator = domain_head(target.features, width=WIDTH, layers=2, seed=adaptation.config.seed)
    rate = RATE * adaptation.strength
    config = replace(
        adaptation.config,
        optimizer="adamw",
        learning_rate=rate,
        betas=BETAS,
        weight_decay=0.0,
        schedule="constant",
    )
    networks = AddaNetworks(model.backbone, target, discriminator)
    place(model, config.chosen_device(), channels_last=config.channels_last)
    adapted = Classifier(target, model.head)
    train_networks(
        [target, discriminator],
        [
            Player(
                networks.discriminator_loss,
                [module_group("discriminator", discriminator, rate=rate)],
            ),
            Player(networks.target_loss, [module_group("target encoder", target, rate=rate)]),
        ],
        adaptation.domain_batches(),
        config,
        validate=adaptation.evaluator.watch(adapted),
    )
    return adapted


METHOD = AdaptationMethod(
    "adda", "ADDA", train, strengths=(0.3, 1.0, 3.0), paper="Tzeng et al., CVPR 2017"
)
