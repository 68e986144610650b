"""Means over the pixels that count: one number an image, and which images have one."""

from __future__ import annotations

import torch
from torch import Tensor

from encoders.errors import InvalidLossInputError


def wide(values: Tensor) -> Tensor:
    """The values in float32, or in float64 if that is what they are already."""
    return values if values.dtype == torch.float64 else values.float()


def check_alike(prediction: Tensor, target: Tensor) -> None:
    """Refuse a target that only broadcasting would fit to its prediction.

    Raises
    ------
    InvalidLossInputError
        If the shapes differ.
    """
    if prediction.shape != target.shape:
        raise InvalidLossInputError(
            f"the target's shape {tuple(target.shape)} differs from the prediction's "
            f"{tuple(prediction.shape)}; both are (B, C, H, W) or (B, C)"
        )


def keep(prediction: Tensor, mask: Tensor | None) -> Tensor | None:
    """The mask as booleans, after a check of its shape: the prediction's without channels.

    Raises
    ------
    InvalidLossInputError
        If ``mask`` is not (B, H, W) for a (B, C, H, W) prediction, or (B,) for a (B, C) one.
    """
    if mask is None:
        return None
    expected = (prediction.shape[0], *prediction.shape[2:])
    if tuple(mask.shape) != expected:
        raise InvalidLossInputError(
            f"the mask's shape is {tuple(mask.shape)}, expected {expected}: "
            "the prediction's without its channels"
        )
    return mask != 0


def difference(prediction: Tensor, target: Tensor, kept: Tensor | None) -> Tensor:
    """Prediction minus target, zero outside the mask whatever stands there, NaN included.

    The cut comes before any absolute value or square, so that no gradient passes through what
    is masked: 0 · NaN would be NaN.
    """
    check_alike(prediction, target)
    error = wide(prediction) - wide(target)
    return error if kept is None else torch.where(kept.unsqueeze(1), error, 0.0)


def masked_mean(errors: Tensor, kept: Tensor | None) -> Tensor:
    """Mean of (B, ...) errors over the places that a mask of the same shape keeps -> (B,).

    NaN for an image whose mask is empty: it has no mean, and a number could be taken for a
    right answer. No gradient passes through it.
    """
    errors = errors.unsqueeze(-1).flatten(1)  # (B, places)
    if kept is None:
        return errors.mean(1)
    places = kept.unsqueeze(-1).flatten(1)
    total = torch.where(places, errors, 0.0).sum(1) / places.sum(1).clamp(min=1)
    return torch.where(places.any(1), total, torch.nan)


def weights(losses: Tensor, mask: Tensor | None) -> Tensor:
    """1 for each image whose loss counts, 0 for one whose mask is empty.

    Test losses are kept for the images of weight 1 only. The mask belongs to the target's
    label, so every candidate of a target is measured on the same images.

    Parameters
    ----------
    losses : (B,) tensor
        Gives the number of images, the dtype and the device.
    mask : (B, H, W) or (B,) tensor, or None
        Non-zero where the label is valid; None where all of it is.

    Returns
    -------
    (B,) tensor
        Of ones and zeros.
    """
    if mask is None:
        return torch.ones_like(losses)
    return (mask != 0).unsqueeze(-1).flatten(1).any(1).to(losses.dtype)


def batch_mean(losses: Tensor, mask: Tensor | None) -> Tensor:
    """What training minimizes: the mean loss of the images whose mask is not empty; else 0.

    Each image counts once, however many of its pixels are valid, as each counts once in the
    tournament of test losses. Which images count is read from the mask, not from the losses:
    if a network diverges to NaN, so does this.
    """
    counted = weights(losses, mask)
    return torch.where(counted > 0, losses, 0.0).sum() / counted.sum().clamp(min=1.0)
