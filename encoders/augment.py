"""Pictures changed at random in training, where the answer stays the same (`Task.augment`)."""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor

MIRROR, LIGHT = "mirror", "light"

GAIN = 0.3
"""Brightness is multiplied by a factor drawn from 1 - GAIN to 1 + GAIN."""


def varied(pictures: Tensor, changes: Collection[str] = (MIRROR, LIGHT)) -> Tensor:
    """Mirror half of the pictures from left to right, and lighten or darken each.

    What a room is called does not depend on its left and right, nor where a camera stands on the
    light, and the few pictures of few buildings would otherwise be learned by heart.

    Parameters
    ----------
    pictures : (B, ..., C, H, W) float tensor
        In [-1, 1], black to white; the pictures of one example are changed alike.
    changes : collection of str
        Which: ``mirror``, ``light``.

    Returns
    -------
    Tensor
        Of the same shape and range. Random numbers are those of torch's default generator.
    """
    column = (-1, *[1] * (pictures.ndim - 1))
    mirrored = (torch.rand(len(pictures)) < 0.5).to(pictures.device).view(column)
    gain = (1 + GAIN * (2 * torch.rand(len(pictures)) - 1)).to(pictures.device).view(column)
    found = torch.where(mirrored, pictures.flip(-1), pictures) if MIRROR in changes else pictures
    return ((found + 1) * gain - 1).clamp(-1, 1) if LIGHT in changes else found
