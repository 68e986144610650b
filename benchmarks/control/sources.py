"""Sources: the state, principal components, random features, and one trained encoder a task."""

from __future__ import annotations

import warnings
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


class TaskEncoder:
    """An encoder: the second hidden layer of a perceptron that was trained on one task.

    Parameters
    ----------
    windows : (n, d) array
        States, which are standardized by their own means and deviations.
    labels : (n,) array, (n, k) array of tags, or None
        None: the weights stay as they are drawn.
    features : int
        Units of the second layer.
    """

    def __init__(
        self, windows: Floats, labels: Array | None, *, features: int, epochs: int, seed: int
    ) -> None:
        self.scaler = StandardScaler().fit(windows)
        inputs = self.scaler.transform(windows)
        classes = labels is not None and labels.dtype.kind in "USOb"
        kind: Any = MLPClassifier if classes else MLPRegressor
        model = kind((HIDDEN, features), max_iter=epochs, random_state=seed, early_stopping=True)
        if labels is None:
            model.set_params(max_iter=1, learning_rate_init=1e-12, early_stopping=False)
            labels = np.zeros(len(windows))
        elif not classes:
            labels = (labels - labels.mean()) / labels.std()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # `epochs` is a limit on purpose
            model.fit(inputs, labels)
        self.epochs: int = model.n_iter_
        self.layers = list(zip(model.coefs_, model.intercepts_, strict=True))[:2]

    def represent(self, windows: Floats) -> Floats:
        """Return the features of windows, (n, features); none is negative."""
        hidden: Floats = self.scaler.transform(windows)
        for weights, bias in self.layers:
            hidden = np.maximum(hidden @ weights + bias, 0.0)
        return hidden


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
        "random_net": TaskEncoder(
            others, None, features=features, epochs=1, seed=seed
        ).represent(windows),
    }
    if pictures is not None:
        made["camera"] = _components(*pictures, features, seed)
    trained = {}
    for task in TARGETS:
        encoder = TaskEncoder(
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
