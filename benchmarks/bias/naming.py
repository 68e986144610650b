"""Name that data set: a classifier tells from a sample which set it is of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.bias.classifiers import fitted
from taskgraph.arrays import Floats, Integers


def name_that_data_set(
    train: Mapping[str, Floats], test: Mapping[str, Floats], estimator: Any
) -> Integers:
    """Return the confusion matrix of a classifier whose classes are the data sets.

    Parameters
    ----------
    train, test : (n, F) and (m, F) features by name of the set, in one order
    estimator : any scikit-learn classifier; it is fitted

    Returns
    -------
    (K, K) array
        Number of test samples by true set (row) and named set (column). Chance is 1 / K.

    Source: Torralba, Efros, CVPR 2011, section 2.
    """
    features, labels = _stacked(train)
    classifier = fitted(estimator, features, labels)
    tested, answers = _stacked(test)
    counts = np.zeros((len(train), len(train)), np.int64)
    np.add.at(counts, (answers, classifier.predict(tested)), 1)
    return counts


def naming_accuracy(confusion: Integers) -> float:
    """Return the percent of samples that are named correctly: the trace over the sum."""
    return 100 * float(np.trace(confusion) / confusion.sum())


def _stacked(parts: Mapping[str, Floats]) -> tuple[Floats, Integers]:
    """Return all features, and the place of each one's set."""
    labels = np.repeat(np.arange(len(parts)), [len(each) for each in parts.values()])
    return np.concatenate([*parts.values()]), labels
