"""Classifiers by name, each with the strengths of regularization that validation chooses from."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from taskgraph.arrays import Array, Floats, Integers
from taskgraph.errors import InvalidTableError


@dataclass(frozen=True)
class ClassifierFamily:
    """A family of scikit-learn pipelines: standardization, then a classifier.

    Attributes
    ----------
    make : callable
        From a strength to an estimator that has not been fitted.
    strengths : tuple of float
        What is tried.
    label : str
        Its name on pages.
    """

    make: Callable[[float], Any]
    strengths: tuple[float, ...]
    label: str


def _logistic(strength: float) -> Any:
    from sklearn.linear_model import LogisticRegression

    return _standardized(LogisticRegression(C=strength, max_iter=300))


def _machine(strength: float) -> Any:
    from sklearn.svm import LinearSVC

    return _standardized(LinearSVC(C=strength, max_iter=3000, random_state=0))


def _network(strength: float) -> Any:
    from sklearn.neural_network import MLPClassifier

    return _standardized(MLPClassifier((64,), alpha=strength, max_iter=150, random_state=0))


def _standardized(estimator: Any) -> Any:
    """Return the pipeline of standardization and an estimator."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), estimator)


CLASSIFIERS: dict[str, ClassifierFamily] = {
    "logistic": ClassifierFamily(_logistic, (0.001, 0.01, 0.1), "logistic regression"),
    "svm": ClassifierFamily(_machine, (0.0001, 0.001, 0.01), "linear SVM"),
    "network": ClassifierFamily(_network, (0.01, 1.0, 10.0), "network with 64 hidden units"),
}
"""C of the first two (larger is less regularization); weight decay of the network."""


def fitted(estimator: Any, features: Floats, labels: Integers) -> Any:
    """Return a scikit-learn estimator after fitting, without its warnings.

    Silent are the warnings that it did not converge, and that it has few samples a class.

    Raises
    ------
    InvalidTableError
        If there is only one class.
    """
    from sklearn.exceptions import ConvergenceWarning

    if len(np.unique(labels)) < 2:
        raise InvalidTableError(
            f"the {len(labels)} training samples are of one class, expected at least two; raise "
            "--sizes"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "The number of unique classes is greater than 50%")
        return estimator.fit(features, labels)


def class_scores(estimator: Any, features: Floats, count: int) -> Floats:
    """Return (N, count) scores of the classes 0 to count − 1; larger is more likely.

    They are the decision function, or else the probabilities. A class without training samples
    has the lowest score of all.
    """
    if hasattr(estimator, "decision_function"):
        found: Array = np.asarray(estimator.decision_function(features), dtype=np.float64)
    else:
        found = np.asarray(estimator.predict_proba(features), dtype=np.float64)
    if found.ndim == 1:
        found = np.stack([-found, found], axis=1)
    scores = np.full((len(features), count), found.min() - 1)
    scores[:, np.asarray(estimator.classes_, dtype=np.int64)] = found
    return scores


def measures(scores: Floats, labels: Integers) -> dict[str, float]:
    """Return accuracy and mean average precision in percent; larger is better.

    Parameters
    ----------
    scores : (N, C) array
    labels : (N,) array of places 0 to C − 1

    Returns
    -------
    dict
        ``accuracy``: share of samples whose largest score is that of their class.
        ``average_precision``: the mean, over classes with samples, of the average precision of
        this class against all others.
    """
    accuracy = 100 * float((scores.argmax(axis=1) == labels).mean())
    values = [class_precision(scores[:, k], labels == k) for k in np.unique(labels)]
    return {"accuracy": accuracy, "average_precision": float(np.mean(values))}


def class_precision(scores: Floats, positive: Array) -> float:
    """Return the average precision of scores in percent: the positives should be the largest."""
    from sklearn.metrics import average_precision_score

    return 100 * float(average_precision_score(positive, scores))
