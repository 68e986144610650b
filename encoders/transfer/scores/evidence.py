"""LogME: the log evidence of a Bayesian linear model from features to a target."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from encoders.transfer.scores.inputs import (
    checked_answers,
    checked_features,
    checked_labels,
    is_labels,
)
from taskgraph.arrays import Floats
from taskgraph.errors import ConvergenceError, InvalidTableError

NARROWEST, WIDEST = 1e-12, 1e12
"""Bounds of alpha / beta, in units of the features' largest squared singular value."""

STARTS = 10.0 ** np.arange(-8, 5, 0.5)
"""Starting values of alpha / beta, in the same unit; the iteration begins at the best one."""


def logme(features: ArrayLike, targets: ArrayLike, *, centered: bool = False) -> float:
    """Return the log evidence an example, averaged over the target's outputs.

    See `log_evidence`.

    Parameters
    ----------
    features : (N, D) array
    targets : (N,) whole numbers, or (N,) or (N, K) numbers
        Whole numbers are classes; each class that occurs is one output of zeros and ones.
    centered : bool
        Whether the means of features and outputs are subtracted first. The paper does not; it helps
        if no linear function of the features is constant.

    Returns
    -------
    float
        In nats for each example, of any sign; larger is better. It depends on the scale of the
        outputs, so that only sources for the same target can be compared.

    Raises
    ------
    InvalidTableError
        If an array has another shape, or an output is always zero.

    Source: You et al., *LogME: Practical Assessment of Pre-trained Models for Transfer Learning*,
    ICML 2021.
    """
    values = checked_features(features)
    if is_labels(np.asarray(targets)):
        numbers = checked_labels(targets, len(values))
        answers = np.eye(int(numbers.max()) + 1)[numbers]
    else:
        answers = checked_answers(targets, len(values))
    if centered:
        values, answers = values - values.mean(axis=0), answers - answers.mean(axis=0)
    return float(log_evidence(values, answers).mean())


def log_evidence(
    features: ArrayLike, answers: ArrayLike, *, tolerance: float = 1e-10, max_iter: int = 10_000
) -> Floats:
    """Return the maximal log evidence of a Bayesian linear model for each output.

    For weights w ~ N(0, 1 / alpha) and an output y ~ N(F w, 1 / beta), this is::

        max over alpha, beta of  log p(y | F, alpha, beta) / N
        = -1/2 ( log(2 pi q / N) + 1 + (1/N) sum_i log(1 + s_i^2 / t) )
        q = |y|^2 - sum_i x_i^2 s_i^2 / (s_i^2 + t),    t = alpha / beta

    with s_i the singular values of F and x_i the components of y along its left singular vectors.
    For a given t, the best beta is N / q. The ratio t is found by the fixed-point iteration
    t <- (gamma / |m|^2) / ((N - gamma) / |F m - y|^2), where m is the mean of the posterior and
    gamma the effective number of weights.

    Parameters
    ----------
    features : (N, D) array
    answers : (N,) or (N, K) array
    tolerance : float
        The iteration ends when no output's evidence changes by more, in nats for each example.
    max_iter : int

    Returns
    -------
    (K,) array
        In nats for each example; larger is better. The evidence of an output that is an exact
        linear function of the features is unbounded; it is evaluated at ``NARROWEST``.

    Raises
    ------
    InvalidTableError
        If an array has another shape, or an output is always zero.
    ConvergenceError
        If the iteration has not ended after ``max_iter`` steps.

    Source: You et al., *Ranking and Tuning Pre-trained Models: A New Paradigm for Exploiting Model
    Hubs*, JMLR 2022 (the fixed point, on a singular value decomposition); the evidence is MacKay
    (1992). Unlike in the paper, the iteration begins at the best of `STARTS` instead of t = 1. So
    the result does not depend on the features' unit, and is the largest of several local maxima
    (one of 200 trials with very different singular values had several). The ratio t is also
    bounded, because it has no finite optimum if the features explain nothing; the evidence then
    tends to that of noise alone.
    """
    values = checked_features(features)
    outputs = checked_answers(answers, len(values))
    void = np.flatnonzero((outputs == 0).all(axis=0))
    if void.size:
        raise InvalidTableError(
            f"output {void[0]} of `answers` is always 0, so its evidence has no bound; leave it out"
        )
    squares, parts, rest = _decomposed(values, outputs)  # (r,), (r, K), (K,)
    if not squares.size:
        squares, parts = np.ones(1), np.zeros((1, outputs.shape[1]))  # features that are all 0
    ratio, best = _best_start(squares, parts, rest, len(values))
    for _ in range(max_iter):
        ratio = _next_ratio(squares, parts, rest, ratio, len(values))
        ratio = ratio.clip(NARROWEST * squares.max(), WIDEST * squares.max())
        before, best = best, _evidence(squares, parts, rest, ratio, len(values))
        if np.abs(best - before).max() <= tolerance:
            return best
    raise ConvergenceError(
        f"the evidence still changes by {np.abs(best - before).max():.2g} after {max_iter} steps, "
        f"expected at most {tolerance:g}; allow more steps (max_iter) or a larger tolerance"
    )


def _decomposed(features: Floats, outputs: Floats) -> tuple[Floats, Floats, Floats]:
    """Return squared singular values, outputs' squared components along them, and the rest.

    They are computed from the smaller Gram matrix, which is about ten times faster than a singular
    value decomposition.
    """
    tall = features.shape[0] >= features.shape[1]
    gram = features.T @ features if tall else features @ features.T
    squares, vectors = np.linalg.eigh(gram)
    kept = squares > len(gram) * np.finfo(float).eps * max(squares[-1], 0.0)
    squares, vectors = squares[kept], vectors[:, kept]
    if tall:
        parts = (vectors.T @ (features.T @ outputs)) ** 2 / squares[:, None]
    else:
        parts = (vectors.T @ outputs) ** 2
    rest = (outputs**2).sum(axis=0) - parts.sum(axis=0)
    return squares, parts, np.maximum(rest, 0.0)


def _best_start(
    squares: Floats, parts: Floats, rest: Floats, examples: int
) -> tuple[Floats, Floats]:
    """Return the ratio of `STARTS` with the largest evidence for each output, and that evidence."""
    ratios = np.repeat(STARTS[:, None] * squares.max(), parts.shape[1], axis=1)  # (starts, K)
    tried = np.stack([_evidence(squares, parts, rest, ratio, examples) for ratio in ratios])
    return ratios[tried.argmax(axis=0), np.arange(parts.shape[1])], tried.max(axis=0)


def _next_ratio(
    squares: Floats, parts: Floats, rest: Floats, ratio: Floats, examples: int
) -> Floats:
    """Return one step of the fixed-point iteration for the ratio t, (K,)."""
    below = squares[:, None] + ratio  # (r, K)
    weights = (squares[:, None] * parts / below**2).sum(axis=0)  # |m|^2
    missed = rest + (parts * (ratio / below) ** 2).sum(axis=0)  # |F m - y|^2
    used = (squares[:, None] / below).sum(axis=0)  # gamma
    free = examples - len(squares) + (ratio / below).sum(axis=0)  # N - gamma, without cancellation
    with np.errstate(divide="ignore"):
        following: Floats = used * missed / (free * weights)
    return following


def _evidence(squares: Floats, parts: Floats, rest: Floats, ratio: Floats, examples: int) -> Floats:
    """Return the log evidence at the ratio t, in nats for each example, (K,)."""
    spread = rest + (parts * ratio / (squares[:, None] + ratio)).sum(axis=0)  # q
    volume = np.log1p(squares[:, None] / ratio).sum(axis=0)
    evidence: Floats = -0.5 * (np.log(2 * np.pi * spread / examples) + 1 + volume / examples)
    return evidence
