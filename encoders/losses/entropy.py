"""Cross-entropy, for classes of an image or of each pixel, with hard and with soft targets."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from encoders.errors import InvalidLossInputError
from encoders.losses.masked import check_alike, keep, masked_mean, wide


def xentropy(
    prediction: Tensor,
    target: Tensor,
    mask: Tensor | None = None,
    *,
    class_weights: Tensor | None = None,
) -> Tensor:
    """Mean of -w_y log softmax(prediction)_y over the valid pixels of each image.

    Parameters
    ----------
    prediction : (B, K, H, W) or (B, K) tensor
        Logits, unbounded.
    target : (B, H, W) or (B,) integer tensor, or a one-hot tensor shaped as the prediction
        Class numbers 0..K-1; outside the mask any number may stand.
    mask : (B, H, W) or (B,) tensor, optional
        Non-zero where the target is valid.
    class_weights : (K,) tensor, optional
        Weights w, for classes that are rarer than they matter. The sum is divided by the
        number of valid pixels, not by their weights, so that an image of common classes alone
        weighs less than one of rare classes.

    Returns
    -------
    (B,) tensor, float32, nats
        Lower is better; NaN for an image whose mask is empty (see `weights`).
    """
    if target.is_floating_point():
        return soft_xentropy(prediction, target, mask, class_weights=class_weights)
    kept = keep(prediction, mask)
    expected = (prediction.shape[0], *prediction.shape[2:])
    if tuple(target.shape) != expected:
        raise InvalidLossInputError(
            f"the class numbers' shape is {tuple(target.shape)}, expected {expected}: "
            "the prediction's without its channels"
        )
    target = target.long()
    if kept is not None:
        target = torch.where(kept, target, 0)
    surprise = -log_softmax(prediction).gather(1, target.unsqueeze(1)).squeeze(1)
    if class_weights is not None:
        surprise = surprise * class_weights.to(surprise)[target]
    return masked_mean(surprise, kept)


def soft_xentropy(
    prediction: Tensor,
    target: Tensor,
    mask: Tensor | None = None,
    *,
    class_weights: Tensor | None = None,
) -> Tensor:
    """Mean of -w Σ_k target_k log softmax(prediction)_k over the valid pixels of each image.

    Parameters
    ----------
    prediction : (B, K, H, W) or (B, K) tensor
        Logits, unbounded.
    target : tensor shaped as the prediction
        Probabilities; each sums to 1 over K.
    mask : (B, H, W) or (B,) tensor, optional
        Non-zero where the target is valid.
    class_weights : (K,) tensor, optional
        The weight w of a pixel is that of its most likely class, as colorization's
        class rebalancing does it.

    Returns
    -------
    (B,) tensor, float32, nats
        Lower is better; at least the target's entropy (times w). NaN where the mask is empty.

    Source
    ------
    Zhang, Isola, Efros, "Colorful image colorization", ECCV 2016, equations 2 and 3.
    """
    kept = keep(prediction, mask)
    check_alike(prediction, target)
    target = wide(target)
    if kept is not None:
        target = torch.where(kept.unsqueeze(1), target, 0.0)
    surprise = -(target * log_softmax(prediction)).sum(1)
    if class_weights is not None:
        surprise = surprise * class_weights.to(surprise)[target.argmax(1)]
    return masked_mean(surprise, kept)


def log_softmax(logits: Tensor) -> Tensor:
    """Log-probabilities over dimension 1, in float32 or wider."""
    return F.log_softmax(wide(logits), dim=1)
