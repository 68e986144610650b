"""Unsupervised validators: how good a network is on the target, estimated without its labels.

The functions take arrays. Those of skada take a fitted estimator and split the source themselves,
so they do not fit networks whose features are at hand; the tests compare both.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from taskgraph.arrays import Floats, Integers

TEMPERATURE = 0.05
"""Temperature of SND in its paper."""


def entropy_score(scores: ArrayLike) -> float:
    """Return minus the mean entropy of the predicted classes of target images.

    Parameters
    ----------
    scores : (N, C) array
        Scores before softmax.

    Returns
    -------
    float
        In [−log C, 0]; larger is more certain. A network that puts all images into one class with
        certainty has 0, too. Source: Morerio et al., ICLR 2018, section 4.
    """
    log_shares = _log_softmax(np.asarray(scores, np.float64))
    return float((np.exp(log_shares) * log_shares).sum(axis=1).mean())


def neighborhood_density(scores: ArrayLike, *, temperature: float = TEMPERATURE) -> float:
    """Return the soft neighborhood density of target images; larger is better.

    The rows of softmax(scores) are scaled to length 1. P_ij is the softmax over j ≠ i of their
    inner products divided by the temperature, and the density is the mean over i of the entropy of
    P_i. It lies in [0, log (N − 1)]. Source: Saito et al., ICCV 2021, equations 1 to 3. skada 0.6
    takes one softmax over the whole matrix, which is another number.
    """
    shares = softmax(np.asarray(scores, np.float64), axis=1)
    unit = shares / np.linalg.norm(shares, axis=1, keepdims=True)
    similarity = unit @ unit.T / temperature
    np.fill_diagonal(similarity, -np.inf)
    log_neighbors = _log_softmax(similarity)
    neighbors = np.exp(log_neighbors)
    finite = np.where(neighbors > 0, log_neighbors, 0.0)
    return float(-(neighbors * finite).sum(axis=1).mean())


def deep_embedded_validation(
    source_train: ArrayLike,
    source_val: ArrayLike,
    target: ArrayLike,
    scores: ArrayLike,
    labels: Integers,
) -> float:
    """Return minus the estimated risk on the target (deep embedded validation); larger is better.

    A logistic regression J tells features of source training images from those of the target. The
    weight of a source validation image is w = (N_S / N_T) J(target) / J(source), its weighted loss
    w l with the cross-entropy l, and the risk mean(w l) + η (mean(w) − 1) with the control variate
    η = −cov(w l, w) / var(w) (0 if all weights are equal).

    Parameters
    ----------
    source_train, source_val, target : (N, D) arrays of features
    scores, labels : (M, C) and (M,) arrays
        Of the source validation images.

    Source: You et al., "Towards accurate model selection in deep unsupervised domain adaptation",
    ICML 2019, algorithm 1.
    """
    train, val, other = (
        np.asarray(each, np.float64) for each in (source_train, source_val, target)
    )
    domains = np.repeat([1, 0], [len(train), len(other)])
    # Standardized over both domains: a feature may be constant on the source alone.
    judge = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
    judge.fit(np.concatenate([train, other]), domains)
    odds = np.exp(-np.clip(judge.decision_function(val), -30, 30))
    log_shares = _log_softmax(np.asarray(scores, np.float64))
    losses = -log_shares[np.arange(len(labels)), labels]
    return -controlled_risk(len(train) / len(other) * odds, losses)


def controlled_risk(weights: Floats, losses: Floats) -> float:
    """Return mean(w l) + η (mean(w) − 1) with η = −cov(w l, w) / var(w); 0 for equal weights."""
    weighted = weights * losses
    variance = float(np.var(weights, ddof=1)) if len(weights) > 1 else 0.0
    eta = -float(np.cov(weighted, weights)[0, 1]) / variance if variance > 0 else 0.0
    return float(weighted.mean() + eta * (weights.mean() - 1))


def _log_softmax(values: Floats) -> Floats:
    """Return the logarithm of the softmax of each row."""
    found: Floats = values - logsumexp(values, axis=1, keepdims=True)
    return found
