"""Multinomial logistic regression to convergence, by scikit-learn."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from encoders.features.readout import Fitted, TargetExamples
from encoders.features.ridge import FeatureRidge
from encoders.features.settings import PENALTIES
from taskgraph.arrays import Array, Floats

TOLERANCE = 1e-6
"""Largest entry of the gradient of the mean loss at which an iteration has converged."""

MOST_ITERATIONS = 5_000


@dataclass(frozen=True)
class FeatureLogistic:
    """Multinomial logistic regression for classes, one regression a tag, ridge for numbers.

    With a penalty l, the weights of the standardized features minimize the mean log loss plus
    l |w|² / 2, which is scikit-learn's ``LogisticRegression(C=1 / (n l))``. The intercept is not
    penalized. The penalty is the one with the smallest mean log loss on validation examples.
    """

    penalties: tuple[float, ...] = PENALTIES["logistic"]

    def fit(self, examples: TargetExamples, sources: tuple[str, ...], seed: int) -> Fitted:
        """Fit as `FeatureReadout` describes; nothing is random."""
        if examples.target.kind == "regression":
            return FeatureRidge().fit(examples, sources, seed)
        if not sources:
            return shares_of_training(examples)
        x = {part: examples.joined(sources, part) for part in examples.rows}
        models = [_Model(index) for index in _outputs(examples)]
        best: Fitted | None = None
        for penalty in self.penalties:
            converged = [m.fit(x["train"], examples.labels("train"), penalty) for m in models]
            losses = {
                part: examples.fit_losses(
                    _probabilities(models, x[part], examples.labels(part)), part
                )
                for part in ("valid", "test")
            }
            details = {"converged": all(converged)}
            if best is None or losses["valid"].mean() < best.valid.mean():
                best = Fitted(losses["valid"], losses["test"], penalty, details)
        assert best is not None
        return best


def shares_of_training(examples: TargetExamples) -> Fitted:
    """Return the losses of the best constant answer: the mean, or the share of each class or tag.

    Tags that no training example has, or all have, get the share of one half of an example, so
    that no loss is infinite.
    """
    trained = examples.labels("train")
    mean = trained.mean(axis=0)
    if examples.target.kind == "multilabel":
        half = 0.5 / len(trained)
        mean = np.clip(mean, half, 1 - half)
    valid, test = (
        examples.fit_losses(np.broadcast_to(mean, examples.labels(part).shape), part)
        for part in ("valid", "test")
    )
    return Fitted(valid, test)


def _outputs(examples: TargetExamples) -> list[int | None]:
    """Return None for one model of all classes, or the numbers of the tags."""
    if examples.target.kind == "classes":
        return [None]
    return list(range(len(examples.target.classes)))


class _Model:
    """The model of all classes, or of one tag; each fit begins at the weights of the last one."""

    def __init__(self, tag: int | None) -> None:
        from sklearn.linear_model import LogisticRegression

        self.tag = tag
        self.model: Any = LogisticRegression(
            tol=TOLERANCE, max_iter=MOST_ITERATIONS, warm_start=True
        )
        self.constant: float | None = None

    def fit(self, x: Floats, labels: Floats, penalty: float) -> bool:
        """Fit the weights; returns whether the iteration has converged."""
        y = labels.argmax(axis=1) if self.tag is None else labels[:, self.tag]
        if len(np.unique(y)) == 1:  # a tag that no or every training example has
            half = 0.5 / len(y)
            self.constant = float(np.clip(y.mean(), half, 1 - half))
            return True
        self.model.set_params(C=1.0 / (len(y) * penalty))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of non-convergence, which the record says
            self.model.fit(x, y)
        return bool(np.max(self.model.n_iter_) < MOST_ITERATIONS)

    def probabilities(self, x: Floats) -> Array:
        """Return the probabilities of all classes, (n, K), or of having the tag, (n, 1)."""
        if self.constant is not None:
            return np.full((len(x), 1), self.constant)
        predicted: Array = self.model.predict_proba(x)
        return predicted if self.tag is None else predicted[:, 1:]


def _probabilities(models: list[_Model], x: Floats, labels: Floats) -> Array:
    """Return the probabilities of all classes or tags, (n, K)."""
    predicted = np.concatenate([model.probabilities(x) for model in models], axis=1)
    assert predicted.shape == labels.shape
    return predicted
