"""Gradient reversal: a layer that is the identity forward and −λ times the identity backward."""

from __future__ import annotations

import math
from typing import Any, cast

import torch
from torch import Tensor, nn

from encoders.networks.blocks import build_seeded


class _Reversal(torch.autograd.Function):
    """The identity, whose gradient is multiplied by −strength."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, strength: float) -> Tensor:
        """Return the values."""
        ctx.strength = strength
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        """Return the gradient for the values, reversed."""
        return -ctx.strength * gradients[0], None


def reverse_gradient(values: Tensor, strength: float) -> Tensor:
    """Return the values; what flows back through them is multiplied by −``strength``.

    A domain head behind it trains with weight 1 whatever the strength is: only the gradient that
    enters the features is scaled. Source: Ganin et al., JMLR 2016, section 4.2.
    """
    return cast(Tensor, _Reversal.apply(values, strength))  # type: ignore[no-untyped-call]


def reversal_strength(progress: float) -> float:
    """Return 2 / (1 + e^{−10 p}) − 1: 0 at the beginning, near 1 at the end (section 5.2.2)."""
    return 2 / (1 + math.exp(-10 * progress)) - 1


def domain_head(inputs: int, *, width: int = 100, layers: int = 1, seed: int = 0) -> nn.Sequential:
    """Make a network that tells domains apart: (B, inputs) to (B, 1) logits of being source.

    Parameters
    ----------
    width : int
        Units of a hidden layer: 100 in DANN's network for digits, 500 in ADDA's.
    layers : int
        Number of hidden layers.
    seed : int
        Draws the weights.
    """

    def make() -> nn.Sequential:
        """Make the layers."""
        modules: list[nn.Module] = []
        size = inputs
        for _ in range(layers):
            modules += [nn.Linear(size, width), nn.ReLU()]
            size = width
        return nn.Sequential(*modules, nn.Linear(size, 1))

    return build_seeded(make, torch.Generator().manual_seed(seed))
