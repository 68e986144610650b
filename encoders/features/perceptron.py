"""A perceptron with one hidden layer, by scikit-learn; its epoch is chosen by validation loss."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from encoders.features.logistic import shares_of_training
from encoders.features.readout import Fitted, TargetExamples
from encoders.features.settings import PENALTIES
from taskgraph.arrays import Array, Floats, Floats32


@dataclass(frozen=True)
class FeaturePerceptron:
    """A network with one hidden layer of rectified units, trained by Adam on standardized features.

    Labels for regression are standardized as well. Of all epochs and penalties (scikit-learn's
    ``alpha``) the one with the smallest mean validation loss is kept.

    Attributes
    ----------
    hidden : int
        Number of hidden units.
    epochs : int
        Most passes over the training examples.
    patience : int
        Epochs without a smaller validation loss after which training ends.
    """

    penalties: tuple[float, ...] = PENALTIES["mlp"]
    hidden: int = 64
    epochs: int = 200
    patience: int = 10

    def fit(self, examples: TargetExamples, sources: tuple[str, ...], seed: int) -> Fitted:
        """Fit as `FeatureReadout` describes; ``seed`` sets initial weights and batches."""
        if not sources:
            return shares_of_training(examples)
        parts = {part: examples.joined(sources, part).astype(np.float32) for part in examples.rows}
        runs = [self._trained(examples, parts, penalty, seed) for penalty in self.penalties]
        return min(runs, key=lambda run: float(run.valid.mean()))

    def _trained(
        self, examples: TargetExamples, x: dict[str, Floats32], penalty: float, seed: int
    ) -> Fitted:
        """Train with one penalty; returns the losses of the best epoch."""
        network = _Network(examples, self.hidden, penalty, seed)
        best, since = None, 0
        for epoch in range(1, self.epochs + 1):
            network.train_epoch(x["train"])
            valid = examples.fit_losses(network.predict(x["valid"]), "valid")
            if best is None or valid.mean() < best.valid.mean():
                test = examples.fit_losses(network.predict(x["test"]), "test")
                best, since = Fitted(valid, test, penalty, {"best_epoch": epoch}), 0
            else:
                since += 1
            if since >= self.patience:
                break
        assert best is not None
        return best


class _Network:
    """scikit-learn's classifier or regressor, trained one epoch at a time."""

    def __init__(self, examples: TargetExamples, hidden: int, penalty: float, seed: int) -> None:
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        self.kind, labels = examples.target.kind, examples.labels("train")
        made = MLPRegressor if self.kind == "regression" else MLPClassifier
        self.model: Any = made(hidden_layer_sizes=(hidden,), alpha=penalty, random_state=seed)
        self.mean, self.spread = 0.0, 1.0
        self.first: dict[str, Any] = {}
        if self.kind == "regression":
            self.mean, self.spread = float(labels.mean()), float(labels.std())
            self.y: Array = ((labels[:, 0] - self.mean) / self.spread).astype(np.float32)
        elif self.kind == "classes":
            self.y = labels.argmax(axis=1)
            self.first = {"classes": np.arange(labels.shape[1])}
        elif labels.shape[1] == 1:  # a single tag: two classes, lacking and having it
            self.y = labels[:, 0].astype(np.int64)
            self.first = {"classes": np.arange(2)}
        else:
            self.y = labels.astype(np.int64)
            self.first = {"classes": np.arange(labels.shape[1])}
        self.outputs = labels.shape[1]

    def train_epoch(self, x: Floats32) -> None:
        """Make one pass over the training examples."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.model.partial_fit(x, self.y, **self.first)
        self.first = {}

    def predict(self, x: Floats32) -> Floats:
        """Return predicted labels, (n, 1), or probabilities, (n, K)."""
        if self.kind == "regression":
            predicted = np.asarray(self.model.predict(x), dtype=np.float64)
            return predicted.reshape(-1, 1) * self.spread + self.mean
        probabilities = np.asarray(self.model.predict_proba(x), dtype=np.float64)
        return probabilities[:, -self.outputs :]  # of a single tag: the probability of having it
