"""L2-SP: a penalty on the distance to the starting point."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from encoders.errors import TrainingError


class StartingPoint:
    """The penalty ``alpha / 2 |w - w0|^2 + beta / 2 |v|^2`` of L2-SP.

    ``w`` are the parameters of the backbone that are trained, ``w0`` their values when the penalty
    is made, and ``v`` the parameters of the head. Train with no other weight decay.
    Source: Li et al., ICML 2018, equation 4; there alpha is .1 and beta .01.

    Parameters
    ----------
    backbone, head : torch.nn.Module
    alpha, beta : float
        Not negative.

    Raises
    ------
    TrainingError
        If ``alpha`` or ``beta`` is negative.
    """

    def __init__(
        self, backbone: nn.Module, head: nn.Module, *, alpha: float = 0.1, beta: float = 0.01
    ) -> None:
        if alpha < 0 or beta < 0:
            raise TrainingError(f"L2-SP has alpha {alpha} and beta {beta}, expected none below 0")
        self.alpha, self.beta = alpha, beta
        self.weights = [value for value in backbone.parameters() if value.requires_grad]
        self.origin = [value.detach().clone() for value in self.weights]
        self.head = [value for value in head.parameters() if value.requires_grad]

    def penalty(self) -> Tensor:
        """Return the penalty, a number that can be differentiated; add it to the loss."""
        moved = [
            (value - origin).square().sum()
            for value, origin in zip(self.weights, self.origin, strict=True)
        ]
        size = [value.square().sum() for value in self.head]
        return self.alpha / 2 * _sum(moved) + self.beta / 2 * _sum(size)

    @torch.no_grad()
    def distance(self) -> float:
        """Return the Euclidean distance of the backbone's parameters from where they started."""
        pairs = zip(self.weights, self.origin, strict=True)
        return float(_sum([(value - origin).square().sum() for value, origin in pairs]).sqrt())


def _sum(terms: list[Tensor]) -> Tensor:
    """Return the sum of numbers; zero for none."""
    return torch.stack(terms).sum() if terms else torch.zeros(())
