"""Sources: the state, principal components, random features, and one trained encoder a task."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import MultiLabelBinarizer, StandardScaler

from benchmarks.control.targets import CLASSES, TARGETS
from taskgraph.arrays import Array, Floats

FREE = ("state", "pca", "random_net", "camera")
"""Sources that need no labels, so that they cost nothing."""

STATE = 19
HIDDEN = 64
"""Units of the first hidden layer of an encoder; its second is the representation."""


@dataclass(frozen=True, eq=False)
class TaskEncoder:
    """An encoder of windows: two layers of rectified linear units on standardized states.

    Attributes
    ----------
    scaler : StandardScaler
    layers : list of (weights, bias)
    epochs : int
        Passes over the examples in its training; 0 for random weights.
    """

    scaler: StandardScaler
    layers: list[tuple[Floats, Floats]]
    epochs: int

    def represent(self, windows: Floats) -> Floats:
        """Return the features of windows, (n, features); none is negative."""
        hidden: Floats = self.scaler.transform(windows)
        for weights, bias in self.layers:
            hidden = np.maximum(hidden @ weights + bias, 0.0)
        return hidden


def trained_encoder(
    windows: Floats, labels: Array, *, features: int, epochs: int, seed: int
) -> TaskEncoder:
    """Return the hidden layers of a perceptron that was trained on one task.

    A tenth of the examples decides when training stops, as scikit-learn's ``early_stopping`` does.

    Parameters
    ----------
    labels : (n,) numbers, (n,) texts or (n, k) bools
        A regression, classes or tags.
    """
    scaler = StandardScaler().fit(windows)
    numbers = labels.dtype.kind == "f"
    kind: Any = MLPRegressor if numbers else MLPClassifier
    model = kind(
        hidden_layer_sizes=(HIDDEN, features),
        max_iter=epochs,
        random_state=seed,
        early_stopping=True,
    )
    if numbers:
        labels = (labels - labels.mean()) / labels.std()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # `epochs` is a limit on purpose
        model.fit(scaler.transform(windows), labels)
    layers = list(zip(model.coefs_, model.intercepts_, strict=True))[:2]
    return TaskEncoder(scaler, layers, model.n_iter_)


def untrained_layers(windows: Floats, *, features: int, seed: int) -> TaskEncoder:
    """Return an encoder whose weights are drawn as scikit-learn draws them (Glorot's bounds)."""
    random, layers = np.random.default_rng(seed), []
    for fan_in, fan_out in ((windows.shape[1], HIDDEN), (HIDDEN, features)):
        bound = np.sqrt(6 / (fan_in + fan_out))
        shapes = ((fan_in, fan_out), (fan_out,))
        weights, bias = (random.uniform(-bound, bound, shape) for shape in shapes)
        layers.append((weights, bias))
    return TaskEncoder(StandardScaler().fit(windows), layers, 0)


def task_labels(labels: pd.DataFrame, task: str) -> Array:
    """Return a task's labels as an encoder is trained on them."""
    if task in CLASSES:
        return labels[task].to_numpy(dtype=str)
    if labels[task].dtype == float:
        return labels[task].to_numpy()
    tags = [[tag for tag in cell.split("|") if tag] for cell in labels[task]]
    return np.asarray(MultiLabelBinarizer().fit_transform(tags), dtype=bool)


def control_sources(
    trained_on: tuple[Floats, pd.DataFrame],
    windows: Floats,
    *,
    features: int,
    epochs: int,
    seed: int,
    pictures: tuple[Array, Array] | None = None,
) -> tuple[dict[str, Floats], dict[str, int]]:
    """Return the features of windows from each source, and the epochs of each trained encoder.

    Parameters
    ----------
    trained_on : windows and labels
        Of other episodes: encoders are trained, and principal components computed, on these alone.
    pictures : two arrays of pairs of pictures, optional
        Of the other episodes, and of ``windows``.
    """
    others, labels = trained_on
    made = {
        "state": windows[:, -STATE:],
        "pca": _components(others, windows, features, seed),
        "random_net": untrained_layers(others, features=features, seed=seed).represent(windows),
    }
    if pictures is not None:
        made["camera"] = _components(*pictures, features, seed)
    trained = {}
    for task in TARGETS:
        encoder = trained_encoder(
            others, task_labels(labels, task), features=features, epochs=epochs, seed=seed
        )
        made[task], trained[task] = encoder.represent(windows), encoder.epochs
    made["scratch"] = windows
    return made, trained


def _components(others: Array, inputs: Array, features: int, seed: int) -> Floats:
    """Return the leading principal components of standardized inputs."""
    scaler = StandardScaler().fit(others)
    pca = PCA(features, svd_solver="randomized", random_state=seed).fit(scaler.transform(others))
    components: Floats = pca.transform(scaler.transform(inputs))
    return components
