"""Cross-entropy for classes of images or pixels, with class numbers or probabilities as targets."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from encoders.errors import InvalidLossInputError
from encoders.losses.masked import as_float32, check_alike, checked_mask, masked_mean


def xentropy(
    prediction: Tensor,
    target: Tensor,
    mask: Tensor | None = None,
    *,
    class_weights: Tensor | None = None,
) -> Tensor:
    """Return the cross-entropy with class numbers: the mean of -w_y log softmax(prediction)_y.

    The mean is over the valid pixels of each image.

    Parameters
    ----------
    prediction : (B, K, H, W) or (B, K) tensor
        Logits, unbounded.
    target : (B, H, W) or (B,) integer tensor, or a one-hot tensor shaped as the prediction
        Class numbers 0..K-1; numbers outside the mask are ignored.
    mask : (B, H, W) or (B,) tensor, optional
        Non-zero where the target is valid.
    class_weights : (K,) tensor, optional
        Weights w of the classes. The sum is divided by the number of valid pixels, not by
        their weights, so that an image of rare classes counts more than one of common classes.

    Returns
    -------
    (B,) tensor, float32, nats
        Lower is better; NaN for an image whose mask is empty (see `weights`).
    """
    if target.is_floating_point():
        return soft_xentropy(prediction, target, mask, class_weights=class_weights)
    kept = checked_mask(prediction, mask)
    expected = (prediction.shape[0], *prediction.shape[2:])
    if tuple(target.shape) != expected:
        raise InvalidLossInputError(
            f"the class numbers' shape is {tuple(target.shape)}, expected {expected}: "
            "the prediction's without its channels"
        )
    target = target.long()
    if kept is not None:
        target = torch.where(kept, target, 0)
    errors = -log_softmax(prediction).gather(1, target.unsqueeze(1)).squeeze(1)
    if class_weights is not None:
        errors = errors * class_weights.to(errors)[target]
    return masked_mean(errors, kept)


def soft_xentropy(
    prediction: Tensor,
    target: Tensor,
    mask: Tensor | None = None,
    *,
    class_weights: Tensor | None = None,
) -> Tensor:
    """Return the cross-entropy with probabilities: mean -w Σ_k target_k log softmax(prediction)_k.

    The mean is over the valid pixels of each image.

    Parameters
    ----------
    prediction : (B, K, H, W) or (B, K) tensor
        Logits, unbounded.
    target : tensor shaped as the prediction
        Probabilities that sum to 1 over K.
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
    kept = checked_mask(prediction, mask)
    check_alike(prediction, target)
    target = as_float32(target)
    if kept is not None:
        target = torch.where(kept.unsqueeze(1), target, 0.0)
    errors = -(target * log_softmax(prediction)).sum(1)
    if class_weights is not None:
        errors = errors * class_weights.to(errors)[target.argmax(1)]
    return masked_mean(errors, kept)


def log_softmax(logits: Tensor) -> Tensor:
    """Return log-probabilities over dimension 1, in float32 or wider."""
    return F.log_softmax(as_float32(logits), dim=1)
