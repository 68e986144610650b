"""Targets and losses of UPDATEREPRESENTATION (Algorithm 3 of iCaRL)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def distillation_targets(
    labels: Tensor, fresh: Tensor, old_scores: Tensor, *, outputs: int, arrived: Tensor
) -> Tensor:
    """Return the target of every sigmoid output: labels of new classes, old outputs for the rest.

    For classes y that the old network does not know the target is 1[y = y_i]; for classes that it
    knows, it is q_i^y = sigmoid(old score), for new images and for exemplars alike. If a step
    brings new images of a known class, these images have labels for it: without that rule, which
    the paper does not need, a new domain of known classes would never be learned.

    Parameters
    ----------
    labels : (B,) tensor of integers
    fresh : (B,) tensor of booleans
        Whether the image is of this step; false for exemplars.
    old_scores : (B, old) tensor
        Scores of the network before the step, before the sigmoid.
    outputs : int
        Number of outputs of the network, at least ``old``.
    arrived : (outputs,) tensor of booleans
        The classes of which this step has images.

    Returns
    -------
    (B, outputs) tensor, in [0, 1]

    Source: Rebuffi et al., CVPR 2017, Algorithm 3.
    """
    targets = F.one_hot(labels, outputs).to(old_scores.dtype)
    old = old_scores.shape[1]
    labeled = fresh[:, None] & arrived[None, :old]  # (B, old)
    targets[:, :old] = torch.where(labeled, targets[:, :old], torch.sigmoid(old_scores))
    return targets


def sigmoid_loss(scores: Tensor, targets: Tensor, classes: int) -> Tensor:
    """Return the binary cross-entropy summed over outputs and divided by the stream's classes.

    Algorithm 3 sums over images and outputs. Here it is the mean over images, and it is divided by
    the constant number of classes of the whole stream, so that a learning rate has the same
    meaning at every step and the paper's 2.0 can be used with 100 classes.

    Parameters
    ----------
    scores : (B, O) tensor
        Before the sigmoid.
    targets : (B, O) tensor, in [0, 1]
    classes : int
        Number of classes of the stream.
    """
    total = F.binary_cross_entropy_with_logits(scores, targets, reduction="sum")
    return total / (len(scores) * classes)


def softmax_loss(
    scores: Tensor, labels: Tensor, old_scores: Tensor | None, temperature: float
) -> Tensor:
    """Return cross-entropy plus the distillation of the old outputs with a temperature T.

    -log softmax(s)_y - sum_{k < old} softmax(o / T)_k log softmax(s_{< old} / T)_k, both as means
    over images.

    Parameters
    ----------
    scores : (B, O) tensor
    labels : (B,) tensor of integers
    old_scores : (B, old) tensor, or None
        None leaves out the distillation.
    temperature : float

    Source: PyCIL's iCaRL, after Hinton et al. 2015.
    """
    loss = F.cross_entropy(scores, labels)
    if old_scores is None:
        return loss
    own = scores[:, : old_scores.shape[1]] / temperature
    return loss + F.cross_entropy(own, torch.softmax(old_scores / temperature, 1))
