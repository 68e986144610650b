"""Train on one data set, test on every one; and the part that the negative samples play."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.bias.classifiers import class_precision, class_scores, fitted, measures
from taskgraph.arrays import Floats, Integers

LabeledSamples = tuple[Floats, Integers]
"""(N, F) features and (N,) classes."""


def cross_scores(
    train: LabeledSamples, tests: Mapping[str, LabeledSamples], estimator: Any, classes: int
) -> dict[str, Floats]:
    """Return the scores of a classifier that was trained on one set, on the test items of each.

    Parameters
    ----------
    train : (features, labels)
    tests : by name of the set
    estimator : any scikit-learn classifier; it is fitted
    classes : int
        Number of classes C.

    Returns
    -------
    dict of (M, C) arrays
    """
    classifier = fitted(estimator, *train)
    return {name: class_scores(classifier, each[0], classes) for name, each in tests.items()}


def cross_measures(
    scores: Mapping[str, Floats], tests: Mapping[str, LabeledSamples]
) -> dict[str, dict[str, float]]:
    """Return accuracy and mean average precision (percent) on each set; see `measures`."""
    return {name: measures(each, tests[name][1]) for name, each in scores.items()}


def negative_bias(
    name: str, scores: Mapping[str, Floats], tests: Mapping[str, LabeledSamples], seed: int
) -> dict[str, float]:
    """Return the average precision of a set with its own negatives, and with those of the others.

    A class is told from the rest. Positives are the test items of the class in the set itself.
    Negatives are the test items of other classes: first those of the set itself, then as many of
    all other sets together. Where the second value is lower, the classifier knows only what its
    own set has as negatives. Both are means over the classes with test items, in percent.

    Parameters
    ----------
    name : str
        The set that the classifier was trained on.
    scores, tests : by name of the set
        As `cross_scores` returns and takes.
    seed : int
        Draws the negatives of the other sets.

    Returns
    -------
    dict
        ``own_negatives`` and ``other_negatives``.

    Source: Torralba, Efros, CVPR 2011, section 3.3 and Table 2.
    """
    rng = np.random.default_rng([seed, 3])
    labels = tests[name][1]
    own: list[float] = []
    others: list[float] = []
    for label in np.unique(labels):
        positives = scores[name][labels == label, label]
        negatives = scores[name][labels != label, label]
        pooled = np.concatenate(
            [
                each[tests[other][1] != label, label]
                for other, each in scores.items()
                if other != name
            ]
        )
        count = min(len(negatives), len(pooled))
        if not count:
            continue
        for values, drawn in ((own, negatives), (others, pooled)):
            chosen = rng.choice(drawn, count, replace=False)
            every = np.concatenate([positives, chosen])
            values.append(class_precision(every, np.arange(len(every)) < len(positives)))
    return {"own_negatives": float(np.mean(own)), "other_negatives": float(np.mean(others))}
