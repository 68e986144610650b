"""Augmentation of 32-pixel images: a crop after padding, and a horizontal flip."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

PAD = 4
"""Pixels of padding on each side (He et al. 2015, section 4.2)."""


def crop_and_flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Return a random crop of each image, padded with 4 black pixels, flipped every other time.

    Parameters
    ----------
    images : (B, C, H, W) tensor
    generator : torch.Generator
        Draws offset and flip of each image, on the CPU.

    Returns
    -------
    (B, C, H, W) tensor
        Of the same type, in the memory layout ``channels_last``.
    """
    return flip(crop(images, generator), generator)


def crop(images: Tensor, generator: torch.Generator, pad: int = PAD) -> Tensor:
    """Return (B, C, H, W) images, each cut at a random place from the image padded with zeros."""
    count, _, height, width = images.shape
    offsets = torch.randint(2 * pad + 1, (2, count, 1), generator=generator).to(images.device)
    rows = offsets[0] + torch.arange(height, device=images.device)  # (B, H)
    columns = offsets[1] + torch.arange(width, device=images.device)  # (B, W)
    padded = F.pad(images, (pad,) * 4).permute(0, 2, 3, 1)  # (B, H + 2 pad, W + 2 pad, C)
    places = torch.arange(count, device=images.device)[:, None, None]
    return padded[places, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Return (B, C, H, W) images, each mirrored left to right with probability 1/2."""
    mirrored = torch.rand(len(images), generator=generator).to(images.device) < 0.5
    return torch.where(mirrored[:, None, None, None], images.flip(3), images)
