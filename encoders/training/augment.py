"""Augmentation: random changes of training examples, which reduce overfitting to few buildings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

MIRROR, LIGHT = "mirror", "light"

GAIN = 0.3
"""Brightness is multiplied by a factor drawn from 1 - GAIN to 1 + GAIN."""

Line = tuple[Tensor, Tensor]
"""Factor and shift of each number of a target."""


def varied(
    pictures: Tensor, target: Tensor, changes: Collection[str], mirror: Line | None = None
) -> tuple[Tensor, Tensor]:
    """Return pictures and targets after random changes of left and right and of brightness.

    Half of the examples are mirrored from left to right, and the brightness of each is changed.
    The class of a room does not depend on either; the pose of a camera depends on left and right
    in a known way.

    Parameters
    ----------
    pictures : (B, ..., C, H, W) float tensor
        In [-1, 1], black to white; all pictures of one example are changed in the same way.
    target : (B, ...) tensor
    changes : collection of str
        Which changes to make: ``mirror``, ``light``.
    mirror : pair of (C,) tensors, optional
        The target of mirrored pictures is the target times the first plus the second; by default
        it is the target itself.

    Returns
    -------
    (pictures, target)
        With the same shapes and ranges. Random numbers come from torch's default generator.
    """
    chosen = (torch.rand(len(pictures)) < 0.5).to(pictures.device)
    gain = (1 + GAIN * (2 * torch.rand(len(pictures)) - 1)).to(pictures.device)
    if MIRROR in changes:
        pictures = torch.where(_each(chosen, pictures), pictures.flip(-1), pictures)
        if mirror is not None:
            factor, shift = (numbers.to(target.device) for numbers in mirror)
            target = torch.where(_each(chosen, target), target * factor + shift, target)
    if LIGHT in changes:
        pictures = ((pictures + 1) * _each(gain, pictures) - 1).clamp(-1, 1)
    return pictures, target


def mirrored(signs: Sequence[float], constants: Mapping[str, Any]) -> Line | None:
    """Return factor and shift from a standardized target to that of the mirrored pictures.

    If mirroring turns y into s y, it turns z = (y - mean) / std into s z + (s - 1) mean / std.
    Returns None if no signs s are given.
    """
    if not signs:
        return None
    factor = torch.tensor(signs, dtype=torch.float32)
    mean, std = (
        torch.as_tensor(constants.get(name, default), dtype=torch.float32)
        for name, default in (("mean", 0.0), ("std", 1.0))
    )
    return factor, (factor - 1) * mean / std


def _each(one: Tensor, like: Tensor) -> Tensor:
    """Reshape (B,) to (B, 1, ...), with as many dimensions as ``like``."""
    return one.view(-1, *[1] * (like.ndim - 1))
