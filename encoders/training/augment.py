"""Augmentation: change training examples at random, to reduce overfitting to few buildings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

MIRROR, LIGHT = "mirror", "light"

GAIN = 0.3
"""Brightness is multiplied by a factor drawn from 1 - GAIN to 1 + GAIN."""

LinearMap = tuple[Tensor, Tensor]
"""Factor and shift of each number of a target: y becomes factor y + shift."""


def augmented(
    pictures: Tensor, target: Tensor, changes: Collection[str], mirror: LinearMap | None = None
) -> tuple[Tensor, Tensor]:
    """Return randomly mirrored and brightened or darkened pictures, and their targets.

    Each example is mirrored from left to right with probability 1/2, and its brightness is
    changed. The class of a room depends on neither. How the pose of a camera depends on left and
    right is known (`mirror_map`).

    Parameters
    ----------
    pictures : (B, ..., C, H, W) float tensor
        Values from -1 (black) to 1 (white). All pictures of an example are changed alike.
    target : (B, ...) tensor
        Standardized targets.
    changes : collection of str
        The changes to make: `MIRROR`, `LIGHT` or both.
    mirror : LinearMap of (C,) tensors, optional
        The change of the target when pictures are mirrored; by default there is none.

    Returns
    -------
    (pictures, target)
        They have the shapes and ranges of the arguments. Random numbers are drawn from torch's
        default generator.
    """
    chosen = (torch.rand(len(pictures)) < 0.5).to(pictures.device)
    gain = (1 + GAIN * (2 * torch.rand(len(pictures)) - 1)).to(pictures.device)
    if MIRROR in changes:
        pictures = torch.where(_reshaped(chosen, pictures), pictures.flip(-1), pictures)
        if mirror is not None:
            factor, shift = (numbers.to(target.device) for numbers in mirror)
            target = torch.where(_reshaped(chosen, target), target * factor + shift, target)
    if LIGHT in changes:
        pictures = ((pictures + 1) * _reshaped(gain, pictures) - 1).clamp(-1, 1)
    return pictures, target


def mirror_map(signs: Sequence[float], constants: Mapping[str, Any]) -> LinearMap | None:
    """Return the map from a standardized target to that of the mirrored pictures.

    If mirroring turns the raw target y into s y, it turns z = (y - mean) / std into
    s z + (s - 1) mean / std. Returns None if there are no signs.

    Parameters
    ----------
    signs : sequence of float
        The sign s of each number of the target; empty if mirroring does not change it.
    constants : mapping
        The task's entry of `TaskonomyDataset.constants`, which may hold ``mean`` and ``std``.
    """
    if not signs:
        return None
    factor = torch.tensor(signs, dtype=torch.float32)
    mean, std = (
        torch.as_tensor(constants.get(name, default), dtype=torch.float32)
        for name, default in (("mean", 0.0), ("std", 1.0))
    )
    return factor, (factor - 1) * mean / std


def _reshaped(numbers: Tensor, like: Tensor) -> Tensor:
    """Reshape (B,) to (B, 1, ...), with as many dimensions as ``like``."""
    return numbers.view(-1, *[1] * (like.ndim - 1))
