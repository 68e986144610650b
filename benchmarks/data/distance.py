"""Proxy A-distance: how well a linear classifier tells two data sets apart."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from taskgraph.arrays import Booleans, Floats
from taskgraph.errors import InvalidTableError

COSTS = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)
"""Values of C that are tried; the one with the lowest error counts."""


def proxy_a_distance(
    first: Floats,
    second: Floats,
    rng: np.random.Generator,
    *,
    costs: Sequence[float] = COSTS,
    held_out: tuple[Booleans, Booleans] | None = None,
) -> float:
    """Return the proxy A-distance 2 (1 − 2 ε) between two sets of features.

    ε is the error with which a linear support vector machine that was trained on one half of the
    samples of both sets tells the sets apart on the other half: the lowest over ``costs``. The
    larger set is first reduced to the size of the smaller one. As ε is the lowest of several, the
    distance is slightly above 0 for equal distributions, and never negative.

    Parameters
    ----------
    first, second : (N, D) and (M, D) arrays
    rng : Generator
        Draws the halves.
    costs : sequence of float
        Values of C.
    held_out : two arrays of booleans, optional
        Rows of each set to test on, where samples are not independent; the others are trained on.

    Returns
    -------
    float
        In [0, 2]: 0 where the sets cannot be told apart, 2 where they always can.

    Raises
    ------
    InvalidTableError
        If a set has fewer than two samples, or the numbers of features differ.

    Source: Ganin et al., "Domain-adversarial training of neural networks", JMLR 2016, section
    5.1.5; Ben-David et al., "Analysis of representations for domain adaptation", NIPS 2006.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    if first.shape[1:] != second.shape[1:]:
        raise InvalidTableError(
            f"the sets have {first.shape[1:]} and {second.shape[1:]} features, expected as many"
        )
    fit, test = _halves(first, second, rng, held_out)
    (features, labels), (tested, answers) = fit, test
    errors = []
    for cost in costs:
        classifier = LinearSVC(C=cost, dual=True, max_iter=3000, random_state=0)
        with warnings.catch_warnings():  # a machine that did not converge is one more candidate
            warnings.simplefilter("ignore", ConvergenceWarning)
            classifier.fit(features, labels)
        errors.append(float((classifier.predict(tested) != answers).mean()))
    return max(0.0, 2 * (1 - 2 * min(errors)))


LabeledFeatures = tuple[Floats, Booleans]
"""Features, and whether each row is of the second set."""


def _halves(
    first: Floats,
    second: Floats,
    rng: np.random.Generator,
    held_out: tuple[Booleans, Booleans] | None,
) -> tuple[LabeledFeatures, LabeledFeatures]:
    """Return what to train on and what to test on, with equally many rows of both sets."""
    sides = []
    for k, each in enumerate((first, second)):
        order = rng.permutation(len(each))
        if held_out is None:
            sides.append((each[order[: len(each) // 2]], each[order[len(each) // 2 :]]))
        else:
            mask = held_out[k][order]
            sides.append((each[order[~mask]], each[order[mask]]))
    labeled = []
    for mine, theirs in zip(*sides, strict=True):
        count = min(len(mine), len(theirs))
        if not count:
            raise InvalidTableError(
                f"the sets have {len(first)} and {len(second)} samples, expected at least two of "
                "each, so that each half has one"
            )
        labeled.append(
            (np.concatenate([mine[:count], theirs[:count]]), np.repeat([False, True], count))
        )
    return labeled[0], labeled[1]
