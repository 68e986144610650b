"""Losses between features or scores of two domains: CORAL, MMD, CDAN's map, MCC."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from encoders.errors import InvalidDataError

BANDWIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Widths of the kernels, as multiples of the mean squared distance."""
TEMPERATURE = 2.5
"""Temperature of MCC in its paper's experiments."""


def coral_loss(source: Tensor, target: Tensor) -> Tensor:
    """Return ‖C_S − C_T‖²_F / (4 D²) of the covariances C (with N − 1) of (N, D) features.

    It is 0 for equal covariances; smaller is more alike. Source: Sun and Saenko, "Deep CORAL",
    ECCV workshops 2016, equations 1 to 3.

    Raises
    ------
    InvalidDataError
        If a domain has fewer than two rows.
    """
    if min(len(source), len(target)) < 2:
        raise InvalidDataError("a covariance needs at least two images of each domain in a batch")
    gap = _covariance(source) - _covariance(target)
    return (gap**2).sum() / (4 * source.shape[1] ** 2)


def _covariance(features: Tensor) -> Tensor:
    """Return the (D, D) covariance with N − 1 in the denominator."""
    centered = features - features.mean(0)
    return centered.T @ centered / (len(features) - 1)


def mmd_loss(source: Tensor, target: Tensor, *, bandwidths: Sequence[float] = BANDWIDTHS) -> Tensor:
    """Return the squared maximum mean discrepancy of (N, D) and (M, D) features.

    mean k(s, s') + mean k(t, t') − 2 mean k(s, t) over all pairs, each row with itself too, so
    that it is never negative. The kernel is the mean of Gaussians exp(−‖x − y‖² / (b w)), where w
    is the mean of ‖x − y‖² over all pairs of both domains' rows and passes no gradient.

    Source: Gretton et al., JMLR 2012, equation 5; several bandwidths as in Long et al., "Learning
    transferable features with deep adaptation networks", ICML 2015, section 3.
    """
    both = torch.cat([source, target])
    distances = (both[:, None] - both[None]).pow(2).sum(2) if len(both) <= 32 else _squared(both)
    width = distances.detach().mean().clamp_min(1e-12)
    kernels = [torch.exp(-distances / (each * width)) for each in bandwidths]
    kernel = torch.stack(kernels).mean(0)
    n = len(source)
    return kernel[:n, :n].mean() + kernel[n:, n:].mean() - 2 * kernel[:n, n:].mean()


def _squared(rows: Tensor) -> Tensor:
    """Return the squared distances of all pairs of rows without an (N, N, D) tensor."""
    lengths = rows.pow(2).sum(1)
    return (lengths[:, None] + lengths[None] - 2 * rows @ rows.T).clamp_min(0)


def outer_map(features: Tensor, scores: Tensor) -> Tensor:
    """Return the products of every feature and every class probability, (B, D C).

    Column d C + c is f_d p_c. It is CDAN's multilinear map without random projection. Source: Long
    et al., "Conditional adversarial domain adaptation", NeurIPS 2018, equation 4.
    """
    shares = F.softmax(scores, dim=1)
    return (features[:, :, None] * shares[:, None, :]).flatten(1)


def class_confusion(scores: Tensor, *, temperature: float = TEMPERATURE) -> Tensor:
    """Return the minimum class confusion loss of (B, C) scores of target images.

    With p = softmax(scores / T), weights w_i = B (1 + e^{−H(p_i)}) / Σ_j (1 + e^{−H(p_j)}), the
    confusion K = Σ_i w_i p_i p_iᵀ, and its rows normalized to sum 1, the loss is the sum of the
    entries off the diagonal divided by C. In [0, 1); smaller is less confused.

    Source: Jin et al., "Minimum class confusion for versatile domain adaptation", ECCV 2020,
    equations 2 to 6. The weights pass no gradient, as in the authors' code.
    """
    shares = F.softmax(scores / temperature, dim=1)
    entropy = -(shares * torch.log(shares.clamp_min(1e-12))).sum(1)
    certainty = 1 + torch.exp(-entropy.detach())
    weights = len(scores) * certainty / certainty.sum()
    confusion = (weights[:, None] * shares).T @ shares
    normalized = confusion / confusion.sum(1, keepdim=True)
    return (normalized.sum() - normalized.trace()) / scores.shape[1]


def domain_loss(logits: Tensor, is_source: Tensor) -> Tensor:
    """Return the mean cross-entropy of telling domains apart, with source 1 and target 0."""
    return F.binary_cross_entropy_with_logits(logits.flatten(), is_source.to(logits.dtype))
