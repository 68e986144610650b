"""Pictures changed at random in training, where the answer stays the same."""

from __future__ import annotations

import torch
from torch import Tensor

GAIN = 0.3
"""Brightness is multiplied by a factor drawn from 1 - GAIN to 1 + GAIN."""


def varied(pictures: Tensor) -> Tensor:
    """Mirror half of the pictures from left to right, and lighten or darken each.

    For tasks with ``augment``: what a room is called does not depend on its left and right, and
    the few pictures of the few buildings would otherwise be learned by heart.

    Parameters
    ----------
    pictures : (B, ..., C, H, W) float tensor
        In [-1, 1], black to white; the pictures of one example are changed alike.

    Returns
    -------
    Tensor
        Of the same shape and range. Random numbers are those of torch's default generator.
    """
    column = (-1, *[1] * (pictures.ndim - 1))
    mirrored = (torch.rand(len(pictures)) < 0.5).to(pictures.device).view(column)
    gain = (1 + GAIN * (2 * torch.rand(len(pictures)) - 1)).to(pictures.device).view(column)
    found = torch.where(mirrored, pictures.flip(-1), pictures)
    return ((found + 1) * gain - 1).clamp(-1, 1)
