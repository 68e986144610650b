"""The loss of each example, by the kind of the labels and of the read-out."""

from __future__ import annotations

import numpy as np

from taskgraph.arrays import AnyFloats, Floats

LEAST_PROBABILITY = 1e-12
"""Probabilities below this count as this, so that no loss is infinite."""


def squared_losses(predicted: AnyFloats, labels: Floats, variance: float) -> AnyFloats:
    """Return the squared error of each example, summed over outputs, (..., n).

    It is divided by the variance of the labels of the training examples, summed over outputs: the
    mean of the training examples has the loss 1. Smaller is better.

    Parameters
    ----------
    predicted : (..., n, q) array
    labels : (n, q) array
        Numbers, or 1 for a class or tag that an example has and 0 for the others.
    """
    loss: AnyFloats = np.square(predicted - labels).sum(axis=-1) / variance
    return loss


def log_losses(probabilities: AnyFloats, labels: Floats) -> AnyFloats:
    """Return the negative logarithm of the probability of each example's class, (n,), in nats.

    Parameters
    ----------
    probabilities, labels : (n, K) arrays
        The labels are 1 for the example's class, else 0.
    """
    of_class = (probabilities * labels).sum(axis=1)
    loss: AnyFloats = -np.log(np.clip(of_class, LEAST_PROBABILITY, 1.0))
    return loss


def tag_losses(probabilities: AnyFloats, labels: Floats) -> AnyFloats:
    """Return the mean over tags of the negative log probability of having or lacking it, (n,)."""
    right = np.where(labels > 0, probabilities, 1.0 - probabilities)
    loss: AnyFloats = -np.log(np.clip(right, LEAST_PROBABILITY, 1.0)).mean(axis=1)
    return loss
