"""Examples changed at random in training, so that few buildings are not learned by heart."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

MIRROR, LIGHT = "mirror", "light"

GAIN = 0.3
"""Brightness is multiplied by a factor drawn from 1 - GAIN to 1 + GAIN."""

Line = tuple[Tensor, Tensor]
"""Factor and shift of each number of an answer."""


def varied(
    pictures: Tensor, target: Tensor, changes: Collection[str], mirror: Line | None = None
) -> tuple[Tensor, Tensor]:
    """Mirror half of the examples from left to right, and lighten or darken each.

    What a room is called does not depend on its left and right; where a camera stands does, in a
    known way, and not on the light.

    Parameters
    ----------
    pictures : (B, ..., C, H, W) float tensor
        In [-1, 1], black to white; the pictures of one example are changed alike.
    target : (B, ...) tensor
    changes : collection of str
        Which of ``mirror`` and ``light``.
    mirror : pair of (C,) tensors, optional
        What the answer to mirrored pictures is: the target times the first, plus the second; by
        default the target itself.

    Returns
    -------
    (pictures, target)
        Of the same shapes and ranges. Random numbers are those of torch's default generator.
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
    """How a standardized answer z = (y - mean) / std becomes that of the mirrored pictures.

    With y' = s y, z' = s z + (s - 1) mean / std. None where no signs are given.
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
    """(B,) -> (B, 1, ...), to be used beside a tensor of more dimensions."""
    return one.view(-1, *[1] * (like.ndim - 1))
