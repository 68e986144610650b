"""Shallow adaptation of frozen features: the geodesic flow kernel, and skada's methods."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.stats import zscore
from sklearn.neighbors import KNeighborsClassifier

from benchmarks.adaptation.domain_pair import DomainPair
from benchmarks.adaptation.estimators import GeodesicFlowClassifier
from benchmarks.learning.accuracy import mean_class_accuracy, top1
from taskgraph.arrays import Floats, Integers

NEIGHBOR, GFK = "1-NN", "GFK"
DIMENSION = 20
"""Dimension of skada's subspaces and components."""


def shallow_estimators(seed: int, *, most: int = DIMENSION) -> Mapping[str, Any]:
    """Return the estimators by name: 1-NN, GFK, and those of skada where it is installed.

    All classify by 1-NN. GFK chooses its dimension by subspace disagreement. skada's subspace
    alignment has 20 dimensions and a randomized PCA drawn by ``seed``; its CORAL has
    regularization .5, its TCA is linear with 20 components.

    Parameters
    ----------
    seed : int
    most : int
        Most dimensions and components, for domains with fewer images or features than 20.
    """
    dimension = min(DIMENSION, most)
    found: dict[str, Any] = {
        NEIGHBOR: KNeighborsClassifier(1),
        GFK: GeodesicFlowClassifier(),
    }
    if importlib.util.find_spec("skada") is None:
        return found
    import skada

    adapters = {
        "subspace alignment": skada.SubspaceAlignmentAdapter(dimension, random_state=seed),
        "CORAL": skada.CORALAdapter(reg=0.5),
        "TCA": skada.TransferComponentAnalysisAdapter("linear", dimension),
        "optimal transport": skada.OTMappingAdapter(),
    }
    pipelines = {
        name: skada.make_da_pipeline(each, KNeighborsClassifier(1))
        for name, each in adapters.items()
    }
    return {**found, **pipelines}


def most_dimensions(pair: DomainPair) -> int:
    """Return the most dimensions of a subspace of both domains: images or features, if fewer."""
    features = int(pair.source_train.images.shape[1])
    return min(len(pair.source_train), len(pair.target_test), features)


def shallow_measures(pair: DomainPair, estimator: Any) -> dict[str, float]:
    """Return accuracy and mean per-class accuracy on the target's test images, in [0, 1].

    The estimator is fitted to the source's training images, their labels, and the target's test
    images without labels (it is transductive, as on Office+Caltech). Each domain is standardized
    by itself.
    """
    train, test = (_standardized(each.images) for each in (pair.source_train, pair.target_test))
    predicted = predict_target(estimator, train, pair.source_train.labels, test)
    labels = pair.target_test.labels
    return {
        "accuracy": top1(predicted, labels),
        "class_accuracy": mean_class_accuracy(predicted, labels),
    }


def predict_target(estimator: Any, source: Floats, labels: Integers, target: Floats) -> Integers:
    """Return the predicted classes of the target; −1 marks its hidden labels, as skada does."""
    if isinstance(estimator, KNeighborsClassifier):
        found: Integers = estimator.fit(source, labels).predict(target)
        return found
    domain = np.repeat([1, -2], [len(source), len(target)])
    hidden = np.concatenate([labels, np.full(len(target), -1)])
    estimator.fit(np.concatenate([source, target]), hidden, sample_domain=domain)
    predicted: Integers = estimator.predict(target)
    return predicted


def _standardized(features: Any) -> Floats:
    """Return z-scores of the columns; a constant column is 0."""
    values: Floats = np.nan_to_num(zscore(np.asarray(features, np.float64)))
    return values
