"""Cosines between the gradients of several losses at the shared encoder."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def gradient_cosines(losses: Sequence[Tensor], shared: Sequence[Tensor]) -> Tensor:
    """Return the (T, T) cosines between the losses' gradients; NaN where a gradient is 0.

    A cosine of 1 means that both tasks pull the encoder in the same direction, -1 in opposite
    directions. The graph is kept.

    Parameters
    ----------
    losses : sequence of T numbers
    shared : sequence of tensors
        The encoder's parameters, taken together as one vector.
    """
    rows = []
    for loss in losses:
        parts = torch.autograd.grad(loss, list(shared), retain_graph=True, allow_unused=True)
        rows.append(
            torch.cat(
                [
                    (torch.zeros_like(value) if part is None else part).flatten()
                    for part, value in zip(parts, shared, strict=True)
                ]
            )
        )
    gradients = torch.stack(rows).double()
    unit = gradients / gradients.norm(dim=1, keepdim=True)
    cosines: Tensor = unit @ unit.T
    return cosines
