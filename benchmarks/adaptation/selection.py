"""Model selection: evaluations during a training, and the rules that choose one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.adaptation.domain_pair import DomainPair, spread_rows
from benchmarks.adaptation.validators import (
    deep_embedded_validation,
    entropy_score,
    neighborhood_density,
)
from benchmarks.learning.accuracy import mean_class_accuracy, top1
from benchmarks.learning.classifier import Classifier
from benchmarks.learning.config import LoopConfig
from benchmarks.learning.prediction import outputs
from encoders.errors import TrainingError
from taskgraph.arrays import Floats32

SOURCE, ENTROPY, SND, DEV, ORACLE = "source", "entropy", "snd", "dev", "oracle"
RULES: Mapping[str, str] = MappingProxyType(
    {
        SOURCE: "accuracy on validation images of the source",
        ENTROPY: "low entropy of the predictions for the target's validation images",
        SND: "soft neighborhood density of the target's validation images",
        DEV: "deep embedded validation: the risk on the target, estimated from the source's",
        ORACLE: "accuracy on the target's validation images, which needs labels of the target",
    }
)
"""Rules of model selection, and what each maximizes."""
WITHOUT_LABELS = (SOURCE, ENTROPY, SND, DEV)
"""Rules that need no label of the target."""
MOST = 500
"""Most images of a set from which validators are computed."""


@dataclass(frozen=True, eq=False)
class AdaptationCheckpoint:
    """An evaluation during a training.

    Attributes
    ----------
    step : int
    values : dict
        By rule the number that it maximizes; the oracle's is missing without labels.
    accuracy, class_accuracy : float or None
        Of the target's test images, in [0, 1]; None without labels.
    scores : (N, C) array
        Scores of the images to predict; empty if none are.
    """

    step: int
    values: Mapping[str, float]
    accuracy: float | None
    class_accuracy: float | None
    scores: Floats32 = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    def record(self) -> dict[str, Any]:
        """Return what a record holds: everything but the scores."""
        whole = {**asdict(self), "values": dict(self.values)}
        del whole["scores"]
        return whole


def select(checkpoints: Sequence[AdaptationCheckpoint], rule: str) -> AdaptationCheckpoint | None:
    """Return the checkpoint that a rule chooses, the first of equal ones; None if it cannot."""
    able = [each for each in checkpoints if each.values.get(rule) is not None]
    return max(able, key=lambda each: each.values[rule]) if able else None


@dataclass(eq=False)
class Evaluator:
    """Evaluates a classifier on a pair each time that it is called, and keeps the results.

    Attributes
    ----------
    pair : DomainPair
    config : LoopConfig
    images : tensor, optional
        Images whose scores each checkpoint keeps.
    by_target : bool
        Whether calling returns the target's validation accuracy, as the target-supervised
        reference needs it, and not the source's.
    checkpoints : list of `AdaptationCheckpoint`
    """

    pair: DomainPair
    config: LoopConfig
    images: Tensor | None = None
    by_target: bool = False
    checkpoints: list[AdaptationCheckpoint] = field(default_factory=list)

    def watch(self, model: Classifier) -> EvaluatorOf:
        """Return what evaluates a model, and forget the checkpoints of an earlier one."""
        self.checkpoints.clear()
        return EvaluatorOf(self, model)

    def measure(self, model: Classifier) -> float:
        """Add a checkpoint, and return the number that chooses weights during training.

        Raises
        ------
        TrainingError
            If features or scores are not finite: the training has diverged.
        """
        pair = self.pair
        train_rows = spread_rows(len(pair.source_train.images), MOST)
        train = outputs(model.backbone, pair.source_train.images[train_rows], self.config)
        source, source_scores = self._both(model, pair.source_val.images)
        target, target_scores = self._both(model, pair.target_val.images)
        if not all(np.isfinite(each).all() for each in (train, source, target, target_scores)):
            raise TrainingError("the features or scores became infinite or NaN")
        rows = spread_rows(len(target), MOST)
        values = {
            SOURCE: top1(source_scores, pair.source_val.labels),
            ENTROPY: entropy_score(target_scores[rows]),
            DEV: deep_embedded_validation(
                train, source, target[rows], source_scores, pair.source_val.labels
            ),
        }
        if len(rows) > 1:  # one image has no neighbor
            values[SND] = neighborhood_density(target_scores[rows])
        accuracy = class_accuracy = None
        if pair.labeled:
            values[ORACLE] = top1(target_scores, pair.target_val.labels)
            tested = outputs(model, pair.target_test.images, self.config)
            accuracy = top1(tested, pair.target_test.labels)
            class_accuracy = mean_class_accuracy(tested, pair.target_test.labels)
        extra = {}
        if self.images is not None:
            extra["scores"] = outputs(model, self.images, self.config)
        step = (len(self.checkpoints) + 1) * (self.config.evaluate_every or 1)
        self.checkpoints.append(
            AdaptationCheckpoint(step, values, accuracy, class_accuracy, **extra)
        )
        return values[ORACLE if self.by_target else SOURCE]

    def _both(self, model: Classifier, images: Tensor) -> tuple[Floats32, Floats32]:
        """Return features and scores of images."""
        features = outputs(model.backbone, images, self.config)
        head, device = model.head.eval(), self.config.chosen_device()
        return features, head(torch.from_numpy(features).to(device)).cpu().numpy()


@dataclass(frozen=True, eq=False)
class EvaluatorOf:
    """An evaluator and its model, as the training loop calls it."""

    evaluator: Evaluator
    model: Classifier

    def __call__(self) -> float:
        """Evaluate the model."""
        return self.evaluator.measure(self.model)
