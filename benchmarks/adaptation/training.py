"""One training of a method on a pair, and the settings that its record has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from benchmarks.adaptation.domain_pair import DomainPair, PairSizes, make_pair
from benchmarks.adaptation.feature_network import make_model
from benchmarks.adaptation.methods.method import Adaptation, AdaptationMethod
from benchmarks.adaptation.pair_groups import PairGroup
from benchmarks.adaptation.selection import AdaptationCheckpoint, Evaluator
from benchmarks.adaptation.settings import SCENES, Settings
from benchmarks.data.data import contents_of
from benchmarks.learning.classifier import Classifier
from benchmarks.learning.config import LoopConfig
from benchmarks.results.banks import bank_named

EVALUATIONS = 10
"""Evaluations of a training, among which a rule chooses."""
APART = 10
"""Least steps between evaluations, if the training has as many."""


@dataclass(frozen=True, eq=False)
class AdaptationResult:
    """The result of one training.

    Attributes
    ----------
    checkpoints : list of `AdaptationCheckpoint`
    model : Classifier
        With the weights that validation on the source chose.
    config : LoopConfig
    """

    checkpoints: list[AdaptationCheckpoint]
    model: Classifier
    config: LoopConfig


def asked_for(group: PairGroup, settings: Settings) -> dict[str, Any]:
    """Return the settings that all records of a group share."""
    asked: dict[str, Any] = {
        "group": group.name,
        "network": group.start or settings.features,
        "steps": settings.steps,
        "batch": settings.batch,
        "train": settings.train,
        "val": settings.val,
        "test": settings.test,
        "rates": list(settings.rates),
    }
    if group.name == SCENES:
        asked |= {"buildings": settings.buildings, "views": settings.views}
    return asked | contents_of(group.sets.values()) | bank_named(asked["network"], settings.bank)


def pair_of(
    group: PairGroup, settings: Settings, domains: tuple[str, str], seed: int
) -> DomainPair:
    """Return a pair of a group with the settings' sizes."""
    sizes = PairSizes(settings.train, settings.val, settings.test)
    return make_pair(group.sets[domains[0]], group.sets[domains[1]], sizes, seed)


def train_once(
    method: AdaptationMethod,
    pair: DomainPair,
    group: PairGroup,
    settings: Settings,
    *,
    rate: float,
    strength: float,
    seed: int,
    images: Tensor | None = None,
) -> AdaptationResult:
    """Train a new network on a pair by a method; see `Adaptation`."""
    config = LoopConfig(
        steps=settings.steps,
        batch=settings.batch,
        learning_rate=rate,
        schedule="annealed",
        precision="float32",
        evaluate_every=min(settings.steps, max(APART, settings.steps // EVALUATIONS)),
        seed=seed,
    )
    evaluator = Evaluator(pair, config, images)
    model = make_model(pair, group.start, seed, bank=settings.bank)
    trained = method.train(Adaptation(pair, model, config, strength, evaluator))
    return AdaptationResult(list(evaluator.checkpoints), trained, config)
