"""The paper's adversarial term: a discriminator that learns beside the network."""

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
    """How a network's maps are made to look like labels; the defaults are the paper's.

    Attributes
    ----------
    share : float
        Of the adversarial term in the total, (1 - share) L + share G.
    color_share : float
        The same for colorization, whose maps are shares of colors.
    alone : int
        Steps that the network is trained without the discriminator, at first.
    learning_rate : float
        Of the discriminator's stochastic gradient descent; one step a step of the network's.
    real_label : float
        What the discriminator is to answer for labels.
    noise : float
        Standard deviation of the noise on the maps that it is first shown.
    halved_at : int
        Steps after which the noise is half as strong (`encoders.losses.noise_scale`).
    """

    share: float = 0.004
    color_share: float = 0.01
    alone: int = 25_000
    learning_rate: float = 1e-5
    real_label: float = 0.9
    noise: float = 0.1
    halved_at: int = 25_000


class Adversary:
    """A discriminator, and the two things that training asks of it.

    Each step ``total`` gives the loss that the network is trained with, and ``learn`` trains the
    discriminator on the same maps. Before step ``config.alone`` the one is L as it is, and the
    other does nothing.

    Plain gradient descent keeps no state, so the discriminator's weights are all that resuming
    needs. The noise depends on (seed, step, device) alone and takes nothing from torch's own
    random numbers: a share of 0 trains the network as if there were no adversary.

    Parameters
    ----------
    network : module
        (B, C, H, W) pictures and (B, K, h, w) maps -> (B, 1, ...) logits, higher for labels.
    config : AdversarialConfig
    share : float, optional
        Where it is another one than ``config.share``.
    shown : function
        From the network's predictions to maps that are like labels.
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
        """Go to the device; ``seed`` is the noise's."""
        self.fabric, self.seed = fabric, seed
        self.network.to(fabric.device).train()
        plain = torch.optim.SGD(self.network.parameters(), lr=self.config.learning_rate)
        self.optimizer: Any = fabric.setup_optimizers(plain)

    def total(self, mean: Tensor, prediction: Tensor, batch: Batch, step: int) -> Tensor:
        """(1 - share) L + share G: what the network minimizes at a step.

        Parameters
        ----------
        mean : tensor of no dimension
            L, the batch's mean loss.
        prediction : (B, K, h, w) tensor
        batch : pictures, target, mask
        step : int
            From 0.
        """
        if step < self.config.alone:
            return mean
        fake, _ = self._maps(prediction, batch, step, turn=0)
        # Weights that take no gradient here pass it on to the prediction all the same.
        self.network.requires_grad_(False)
        with self.fabric.autocast():
            logits = self.network(batch[0], fake)
        self.network.requires_grad_(True)
        return combined(mean, batch_mean(generator_loss(logits), batch[2]), share=self.share)

    def learn(self, prediction: Tensor, batch: Batch, step: int) -> None:
        """One step of the discriminator; arguments as for `total`."""
        if step < self.config.alone:
            return
        fake, real = self._maps(prediction.detach(), batch, step, turn=1)
        with self.fabric.autocast():
            real, fake = self.network(batch[0], real), self.network(batch[0], fake)
        each = discriminator_loss(real, fake, real_label=self.config.real_label)
        self.optimizer.zero_grad(set_to_none=True)
        self.fabric.backward(batch_mean(each, batch[2]))
        for parameter in self.network.parameters():
            gradient: Any = parameter.grad
            parameter.grad = self.fabric.all_reduce(gradient, reduce_op="mean")  # type: ignore[assignment]
        self.optimizer.step()

    def _maps(
        self, prediction: Tensor, batch: Batch, step: int, *, turn: int
    ) -> tuple[Tensor, Tensor]:
        """Prediction and label as the discriminator sees them, with noise.

        Where the label does not count both are 0, so that what stands there betrays neither.
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
    """A task's adversary; None for tasks that the paper trains without: those of no plain map.

    Parameters
    ----------
    output : OutputSpec
        The task's, from `encoders.training.objective.output_of`.
    seed : int
        Draws the discriminator's weights.

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
