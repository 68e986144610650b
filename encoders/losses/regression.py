"""Mean absolute and mean squared error of maps and vectors."""

from __future__ import annotations

from torch import Tensor

from encoders.losses.masked import checked_mask, difference, masked_mean


def l1(prediction: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the mean absolute error over the channels and the valid pixels of each image.

    Parameters
    ----------
    prediction, target : (B, C, H, W) or (B, C) tensors, in the target's own units
        Values of the target outside the mask are ignored; they may be NaN.
    mask : (B, H, W) or (B,) tensor, optional
        Non-zero where the target is valid.

    Returns
    -------
    (B,) tensor, float32
        Lower is better; NaN for an image whose mask is empty (see `weights`).
    """
    kept = checked_mask(prediction, mask)
    return masked_mean(difference(prediction, target, kept).abs().mean(1), kept)


def l2(prediction: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the mean squared error over the channels and the valid pixels of each image.

    Parameters and result are as in `l1`. No root is taken, as it would not change which of two
    predictions of an image wins.
    """
    kept = checked_mask(prediction, mask)
    return masked_mean(difference(prediction, target, kept).square().mean(1), kept)
