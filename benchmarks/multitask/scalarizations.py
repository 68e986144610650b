"""Weightings that make one loss of several: equal, uncertainty, DWA, GradNorm, random.

Each is an object whose ``total`` returns the weighted sum of a step's losses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

import torch
from torch import Tensor, nn

TEMPERATURE = 2.0
"""Temperature of DWA (Liu et al. 2019, section 3.3)."""

ALPHA = 1.5
"""GradNorm's strength of the pull to equal training rates (Chen et al. 2018, section 3)."""

WEIGHT_RATE = 0.025
"""Learning rate of GradNorm's weights (Chen et al. 2018, section 5.1)."""

LEAST_WEIGHT = 1e-3
"""Smallest weight of GradNorm; a negative weight would raise a loss."""


class Scalarization(Protocol):
    """A weighting of losses."""

    @property
    def learned(self) -> nn.Module | None:
        """Return the module whose parameters the optimizer trains along with the network."""

    def total(self, losses: Sequence[Tensor], last_shared: Tensor) -> Tensor:
        """Return one loss of a step's T losses.

        Parameters
        ----------
        losses : sequence of T numbers
        last_shared : tensor
            The weights of the encoder's last layer.
        """


@dataclass
class Equal:
    """The sum of the losses."""

    learned: nn.Module | None = None

    def total(self, losses: Sequence[Tensor], last_shared: Tensor) -> Tensor:
        """Return the sum."""
        return torch.stack(list(losses)).sum()


class LogVariances(nn.Module):
    """The logarithms s of the tasks' variances, (T,), which begin at 0."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.values = nn.Parameter(torch.zeros(count))


class Uncertainty:
    """Homoscedastic uncertainty: the sum of exp(-s) L + s / 2 with learned s (Kendall et al. 2018).

    For fixed losses it is smallest at s = log(2 L).
    """

    def __init__(self, count: int) -> None:
        self.learned: nn.Module = LogVariances(count)

    def total(self, losses: Sequence[Tensor], last_shared: Tensor) -> Tensor:
        """Return the sum."""
        s: Tensor = self.learned.values  # type: ignore[assignment]
        return (torch.exp(-s) * torch.stack(list(losses)) + s / 2).sum()


@dataclass
class DynamicAverage:
    """Dynamic weight average, DWA (Liu et al. 2019, equation 7).

    In epoch k the weights are T softmax(r / 2) with r = L(k - 1) / L(k - 2), the ratio of the
    mean losses of the last two epochs; they are 1 in the first two epochs. A loss that falls slowly
    gets a larger weight.

    Attributes
    ----------
    epoch_steps : int
        Steps of an epoch.
    """

    epoch_steps: int
    learned: nn.Module | None = None
    means: list[Tensor] = field(default_factory=list, init=False)
    sums: list[Tensor] = field(default_factory=list, init=False)

    def total(self, losses: Sequence[Tensor], last_shared: Tensor) -> Tensor:
        """Return the weighted sum, and remember the losses."""
        stacked = torch.stack(list(losses))
        weighted = (self.weights(len(stacked)).to(stacked) * stacked).sum()
        self.sums.append(stacked.detach())
        if len(self.sums) == self.epoch_steps:
            self.means.append(torch.stack(self.sums).mean(0))
            self.sums.clear()
        return weighted

    def weights(self, count: int) -> Tensor:
        """Return the (T,) weights of this epoch, whose sum is T."""
        if len(self.means) < 2:
            return torch.ones(count)
        ratio = self.means[-1] / self.means[-2].clamp(min=1e-12)
        return count * torch.softmax(ratio / TEMPERATURE, 0)


@dataclass
class GradNorm:
    """Weights that balance the norms of the losses' gradients (Chen et al. 2018, algorithm 1).

    G_i is the norm of the gradient of w_i L_i at the encoder's last layer, and r_i the training
    rate L_i / L_i(0) over its mean. A step of gradient descent on the sum of |G_i - mean(G)
    r_i^alpha|, in which the second term is constant, changes w; then w is scaled to the sum T.
    """

    learned: nn.Module | None = None
    weights: Tensor | None = None
    first: Tensor | None = None

    def total(self, losses: Sequence[Tensor], last_shared: Tensor) -> Tensor:
        """Return the weighted sum with the present weights, and change the weights."""
        stacked = torch.stack(list(losses))
        if self.weights is None or self.first is None:
            self.weights, self.first = torch.ones_like(stacked), stacked.detach().clone()
        total = (self.weights * stacked).sum()
        norms = torch.stack(
            [torch.autograd.grad(loss, last_shared, retain_graph=True)[0].norm() for loss in losses]
        )
        self.weights = next_weights(self.weights, norms, stacked.detach(), self.first)
        return total


def next_weights(weights: Tensor, norms: Tensor, losses: Tensor, first: Tensor) -> Tensor:
    """Return GradNorm's weights after one step.

    Parameters
    ----------
    weights : (T,) tensor
        Sum to T.
    norms : (T,) tensor
        Norm of each loss's gradient, without its weight.
    losses, first : (T,) tensors
        The losses now and at the first step.
    """
    relative = losses / first.clamp(min=1e-12)
    rate = relative / relative.mean().clamp(min=1e-12)
    balanced = weights * norms
    target = balanced.mean() * rate**ALPHA
    moved = weights - WEIGHT_RATE * torch.sign(balanced - target) * norms
    moved = moved.clamp(min=LEAST_WEIGHT)
    return len(moved) * moved / moved.sum()


@dataclass
class RandomWeights:
    """Random loss weighting: T times the softmax of normal numbers, drawn anew at each step.

    Lin et al. 2022 let the weights sum to 1; here they sum to T, as those of the others do.
    """

    learned: nn.Module | None = None

    def total(self, losses: Sequence[Tensor], last_shared: Tensor) -> Tensor:
        """Return the weighted sum."""
        stacked = torch.stack(list(losses))
        weights = torch.softmax(torch.randn(len(stacked)), 0).to(stacked)
        return len(stacked) * (weights * stacked).sum()


SCALARIZATIONS: MappingProxyType[str, Callable[[int, int], Scalarization]] = MappingProxyType(
    {
        "equal": lambda count, epoch_steps: Equal(),
        "uncertainty": lambda count, epoch_steps: Uncertainty(count),
        "dwa": lambda count, epoch_steps: DynamicAverage(epoch_steps),
        "gradnorm": lambda count, epoch_steps: GradNorm(),
        "random": lambda count, epoch_steps: RandomWeights(),
    }
)
"""Weightings by name: from the numbers of tasks and of steps in an epoch to a new weighting."""
