"""The paper's adversarial term: a discriminator is trained together with the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from encoders.losses import (
    batch_mean,
    combined,
    discriminator_loss,
    generator_loss,
    noise_scale,
    with_noise,
)
from encoders.networks import OutputSpec, Preset, discriminator
from encoders.tasks import Task
from encoders.training.loading import Batch


@dataclass(frozen=True)
class AdversarialConfig:
    """Configuration of the adversarial term; the defaults are the paper's.

    Attributes
    ----------
    share : float
        Weight of the adversarial term G in the total, (1 - share) L + share G.
    color_share : float
        Weight for colorization, whose maps are probabilities of colors.
    alone : int
        Number of steps at first in which the network is trained without the discriminator.
    learning_rate : float
        Learning rate of the discriminator's stochastic gradient descent, which takes one step for
        each step of the network.
    real_label : float
        The discriminator's target for true maps.
    noise : float
        Standard deviation at first of the noise that is added to the discriminator's maps.
    halved_at : int
        Number of steps after which the noise is half as strong (`encoders.losses.noise_scale`).
    """

    share: float = 0.004
    color_share: float = 0.01
    alone: int = 25_000
    learning_rate: float = 1e-5
    real_label: float = 0.9
    noise: float = 0.1
    halved_at: int = 25_000


class Adversary:
    """A discriminator and its training.

    In each step ``total`` returns the loss of the network, and ``learn`` trains the discriminator
    on the same maps. Before step ``config.alone`` ``total`` returns L, and ``learn`` does nothing.

    Gradient descent without momentum keeps no state, so resuming needs the discriminator's weights
    only. The noise depends on the seed, the step and the device, and not on torch's generator. So
    with a share of 0 the network is trained as without an adversary.

    Parameters
    ----------
    network : module
        The discriminator. It maps (B, C, H, W) pictures and (B, K, h, w) maps to (B, 1, ...)
        logits, which are higher for true maps.
    config : AdversarialConfig
    share : float, optional
        Replaces ``config.share``.
    shown : function
        Converts the network's predictions to maps in the form of labels.
    """

    def __init__(
        self,
        network: nn.Module,
        config: AdversarialConfig,
        *,
        share: float | None = None,
        shown: Callable[[Tensor], Tensor] = torch.Tensor.float,
    ) -> None:
        self.network, self.config, self.shown = network, config, shown
        self.share = config.share if share is None else share

    def setup(self, fabric: Fabric, *, seed: int) -> None:
        """Move the discriminator to the device; ``seed`` is the seed of the noise."""
        self.fabric, self.seed = fabric, seed
        self.network.to(fabric.device).train()
        plain = torch.optim.SGD(self.network.parameters(), lr=self.config.learning_rate)
        self.optimizer: Any = fabric.setup_optimizers(plain)

    def total(self, mean: Tensor, prediction: Tensor, batch: Batch, step: int) -> Tensor:
        """Return (1 - share) L + share G, which the network minimizes in a step.

        Parameters
        ----------
        mean : () tensor
            L, the mean loss of the batch.
        prediction : (B, K, h, w) tensor
            The network's output.
        batch : Batch
            Pictures, targets and masks.
        step : int
            Number of the step, from 0.
        """
        if step < self.config.alone:
            return mean
        fake, _ = self._maps(prediction, batch, step, turn=0)
        # The discriminator's weights need no gradient here; the prediction gets one all the same.
        self.network.requires_grad_(False)
        with self.fabric.autocast():
            logits = self.network(batch[0], fake)
        self.network.requires_grad_(True)
        return combined(mean, batch_mean(generator_loss(logits), batch[2]), share=self.share)

    def learn(self, prediction: Tensor, batch: Batch, step: int) -> None:
        """Train the discriminator by one step; arguments as for `total`."""
        if step < self.config.alone:
            return
        fake, real = self._maps(prediction.detach(), batch, step, turn=1)
        with self.fabric.autocast():
            real, fake = self.network(batch[0], real), self.network(batch[0], fake)
        loss = discriminator_loss(real, fake, real_label=self.config.real_label)
        self.optimizer.zero_grad(set_to_none=True)
        self.fabric.backward(batch_mean(loss, batch[2]))
        for parameter in self.network.parameters():
            gradient: Any = parameter.grad
            parameter.grad = self.fabric.all_reduce(gradient, reduce_op="mean")  # type: ignore[assignment]
        self.optimizer.step()

    def _maps(
        self, prediction: Tensor, batch: Batch, step: int, *, turn: int
    ) -> tuple[Tensor, Tensor]:
        """Return the prediction and the label with noise, as the discriminator gets them.

        Both are 0 outside of the mask, so that the discriminator cannot tell them apart there.
        """
        _, target, mask = batch
        kept = (mask != 0).unsqueeze(1)  # (B, 1, h, w)
        fake = self.shown(prediction)
        scale = noise_scale(
            step - self.config.alone, start=self.config.noise, halved_at=self.config.halved_at
        )
        key = np.random.SeedSequence([self.seed, step, self.fabric.global_rank, turn])
        generator = torch.Generator(fake.device).manual_seed(int(key.generate_state(1)[0]))
        both = (torch.where(kept, maps, 0.0) for maps in (fake, target.to(fake)))
        fake, real = (with_noise(maps, scale, generator) for maps in both)
        return fake, real


def adversary_of(
    task: Task, output: OutputSpec, preset: str | Preset, config: AdversarialConfig, *, seed: int
) -> Adversary | None:
    """Return a task's adversary; None, as in the paper, for tasks whose output is not a map.

    Parameters
    ----------
    output : OutputSpec
        The task's output, from `encoders.training.objective.output_of`.
    seed : int
        Seed of the discriminator's weights.

    Raises
    ------
    InvalidNetworkError
        If the preset has no discriminator.
    """
    if task.output is None or task.output.kind != "map":
        return None
    generator = torch.Generator().manual_seed(seed)
    network = discriminator(preset, output, channels=task.channels, generator=generator)
    if task.loss == "soft_xentropy":
        return Adversary(network, config, share=config.color_share, shown=_shares)
    return Adversary(network, config)


def _shares(scores: Tensor) -> Tensor:
    return scores.float().softmax(1)
