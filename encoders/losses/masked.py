"""Means over valid pixels and images, and the checks of shapes that all losses share."""

from __future__ import annotations

import torch
from torch import Tensor

from encoders.errors import InvalidLossInputError


def as_float32(values: Tensor) -> Tensor:
    """Return the values in float32; float64 values are not converted."""
    return values if values.dtype == torch.float64 else values.float()


def check_alike(prediction: Tensor, target: Tensor) -> None:
    """Check that a target has the shape of its prediction; broadcasting is not allowed.

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


def checked_mask(prediction: Tensor, mask: Tensor | None) -> Tensor | None:
    """Check that the mask has the prediction's shape without channels; return it as booleans.

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
    return _valid(mask)


def _valid(mask: Tensor) -> Tensor:
    """Return the mask as booleans.

    Comparing booleans with 0 would turn them into whole numbers first.
    """
    return mask if mask.dtype == torch.bool else mask != 0


def difference(prediction: Tensor, target: Tensor, kept: Tensor | None) -> Tensor:
    """Return prediction minus target; zero outside the mask, also where numbers are NaN.

    Masking comes before any absolute value or square, so that no gradient passes through masked
    numbers: 0 · NaN would be NaN.
    """
    check_alike(prediction, target)
    error = as_float32(prediction) - as_float32(target)
    return error if kept is None else torch.where(kept.unsqueeze(1), error, 0.0)


def masked_mean(errors: Tensor, kept: Tensor | None) -> Tensor:
    """Return the mean of (B, ...) errors over a mask of the same shape, for each image: (B,).

    An image with an empty mask has no mean and gets NaN, since any number could be mistaken for a
    loss. No gradient passes through it.
    """
    errors = errors.unsqueeze(-1).flatten(1)  # (B, places)
    if kept is None:
        return errors.mean(1)
    places = kept.unsqueeze(-1).flatten(1)
    total = torch.where(places, errors, 0.0).sum(1) / places.sum(1).clamp(min=1)
    return torch.where(places.any(1), total, torch.nan)


def weights(losses: Tensor, mask: Tensor | None) -> Tensor:
    """Return the weight of each image: 1, or 0 if its mask is empty.

    Test losses are recorded only for images of weight 1. The mask belongs to the label of a
    target, so that all candidates of a target are measured on the same images.

    Parameters
    ----------
    losses : (B,) tensor
        Gives the number of images, the dtype and the device.
    mask : (B, H, W) or (B,) tensor, or None
        Non-zero where the label is valid; None if it is valid everywhere.

    Returns
    -------
    (B,) tensor
        Ones and zeros.
    """
    if mask is None:
        return torch.ones_like(losses)
    return _valid(mask).unsqueeze(-1).flatten(1).any(1).to(losses.dtype)


def batch_mean(losses: Tensor, mask: Tensor | None) -> Tensor:
    """Return the training loss of a batch: the mean over images with a mask, or 0.

    Each image counts once, however many of its pixels are valid, as in the tournament of test
    losses. The mask, not the losses, decides which images count: if a network diverges to NaN,
    this mean is NaN too.
    """
    counted = weights(losses, mask)
    return torch.where(counted > 0, losses, 0.0).sum() / counted.sum().clamp(min=1.0)
