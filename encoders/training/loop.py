"""The training loop: steps of the optimizer, and evaluations on the validation split."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from encoders.engines import with_threads
from encoders.errors import DivergedError
from encoders.losses import Loss, batch_mean
from encoders.training.adversarial import Adversary
from encoders.training.config import FitConfig, learning_rate
from encoders.training.loading import Batch, Examples, loader, of_epoch, shuffled
from encoders.training.run_state import LogEntry, RunState
from encoders.training.schedule import CAP, PATIENCE, Plateau, plateau

"""(prediction, target, mask) -> (B,) losses; NaN where a mask is empty."""


Augment = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Augmentation: (pictures, target) -> transformed pictures and their matching targets."""


ADVICE = "a smaller learning rate (--learning-rate) or --precision 32-true may help"


@with_threads
@torch.no_grad()
def losses(
    fabric: Fabric, model: nn.Module, loss: Loss, examples: Examples, config: FitConfig
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return the (N,) losses of the examples, in order; NaN where a mask is empty.

    The model is moved to the device that ``fabric`` computes on.
    """
    model.to(fabric.device).eval()
    parts = []
    for pictures, target, mask in loader(
        examples, range(len(examples)), batch=config.batch, workers=config.workers
    ):
        pictures, target, mask = fabric.to_device((pictures, target, mask))
        parts.append(loss(model(_channels_last(pictures)), target, mask).float().cpu())
    model.train()
    return torch.cat(parts).numpy()


@dataclass
class Training:
    """A training run: its network, data, settings and state."""

    fabric: Fabric
    model: nn.Module
    optimizer: torch.optim.Optimizer
    loss: Loss
    train: Examples
    config: FitConfig
    run: RunState
    adversary: Adversary | None
    augment: Augment | None

    def __post_init__(self) -> None:
        world = self.fabric.world_size
        self.share = max(1, self.config.batch // world)  # examples in a step of this device
        self.steps = self.config.epochs * max(1, len(self.train) // self.config.batch)
        self.batches = max(1, len(self.train) // world // self.share)  # in an epoch
        self.parts = min(self.config.evaluations, self.batches)  # evaluations in an epoch
        self.evaluations = self.config.epochs * self.parts

    def evaluations_until(self, epochs: int | None) -> int:
        """Return the number of evaluations in the first ``epochs``; None means all epochs."""
        return min(self.evaluations, (epochs or self.config.epochs) * self.parts)

    def until_evaluation(self, measure: Loss, valid: Examples) -> LogEntry:
        """Train until the next evaluation is due; returns it."""
        epoch, part = divmod(len(self.run.epochs), self.parts)
        parts = (part,) if part else ()
        torch.manual_seed(_seed(self.config.seed, epoch, self.fabric.global_rank, *parts))
        cuts = self._cuts()
        rate = learning_rate(self.run.step, self.steps, self.config, cuts)
        train_loss, speed, waiting = self._train(epoch, part, cuts)
        valid_losses = losses(self.fabric, self.model, measure, valid, self.config)
        valid_loss = _mean(valid_losses, epoch)
        return LogEntry(epoch, rate, train_loss, valid_loss, speed, waiting, self.run.step)

    def why_stopped(self) -> str | None:
        """Return why training is over after the evaluations so far; None if it is not."""
        if self.config.patience is not None and self._plateau().exhausted:
            return PATIENCE
        return CAP if len(self.run.epochs) == self.evaluations else None

    def _plateau(self) -> Plateau:
        assert self.config.patience is not None
        return plateau(
            self.run.losses,
            patience=self.config.patience,
            min_delta=self.config.min_delta,
            cuts=self.config.cuts,
        )

    def _cuts(self) -> int:
        return 0 if self.config.patience is None else self._plateau().cuts

    def _loader(self, epoch: int, part: int) -> Iterable[Batch]:
        """Return the batches of this device between two evaluations."""
        train, world = of_epoch(self.train, epoch), self.fabric.world_size
        order = shuffled(len(train), self.config.seed, epoch, self.fabric.global_rank, world)
        first, last = (self.batches * end // self.parts * self.share for end in (part, part + 1))
        chosen = order[first : last if part + 1 < self.parts else None]
        return loader(train, chosen, batch=self.share, workers=self.config.workers, full=True)

    def _train(self, epoch: int, part: int, cuts: int) -> tuple[float, float, float]:
        """Return the mean loss, examples per second, and the share of time spent waiting."""
        self.model.train()
        total, seen, waited, begin = 0.0, 0, 0.0, time.perf_counter()
        batches = iter(self._loader(epoch, part))
        while True:
            asked = time.perf_counter()
            batch = next(batches, None)
            waited += time.perf_counter() - asked
            if batch is None:
                break
            loss = self.step(batch, cuts)
            seen += len(batch[0])
            total += loss * len(batch[0])
            if not math.isfinite(total):
                raise DivergedError(
                    f"the loss became {loss} in epoch {epoch}, step {self.run.step}; " + ADVICE
                )
        spent = time.perf_counter() - begin
        return total / seen, seen * self.fabric.world_size / spent, waited / spent

    def step(self, batch: Batch, cuts: int = 0) -> float:
        """Take one step of the optimizer; returns the mean loss of the batch."""
        pictures, target, mask = self.fabric.to_device(batch)
        if self.augment:
            pictures, target = self.augment(pictures, target)
        batch = pictures, target, mask
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.run.step, self.steps, self.config, cuts)
        prediction = self.model(_channels_last(pictures))
        mean = total = batch_mean(self.loss(prediction, target, mask), mask)
        if self.adversary:
            total = self.adversary.total(mean, prediction, batch, self.run.step)
        self.optimizer.zero_grad(set_to_none=True)
        self.fabric.backward(total)
        self.fabric.clip_gradients(
            self.model, self.optimizer, max_norm=self.config.clip, error_if_nonfinite=False
        )
        self.optimizer.step()
        if self.adversary:
            self.adversary.learn(prediction, batch, self.run.step)
        self.run.step += 1
        return float(mean.detach())


def _mean(losses: np.ndarray[Any, np.dtype[np.float32]], epoch: int) -> float:
    """Return the mean, ignoring NaN; raises DivergedError if it is not finite."""
    mean = float(losses[~np.isnan(losses)].mean()) if not np.isnan(losses).all() else math.nan
    if not math.isfinite(mean):
        raise DivergedError(
            f"the validation loss became {mean} in epoch {epoch}; {ADVICE}, or no image of the "
            "validation split has a target"
        )
    return mean


def _seed(*parts: int) -> int:
    return int(np.random.SeedSequence(parts).generate_state(1)[0])


def _channels_last(images: Tensor) -> Tensor:
    """Return pictures in the memory layout of the network, ``channels_last``."""
    return images.contiguous(memory_format=torch.channels_last) if images.ndim == 4 else images


def adamw(network: nn.Module, config: FitConfig, fabric: Fabric) -> torch.optim.AdamW:
    """Return the optimizer, with weight decay for matrices and filters only.

    It is fused (one operation updates all weights) where the device allows that and no gradient
    scaler of half precision needs the gradients before the update.
    """
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [w for w in weights if w.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [w for w in weights if w.ndim <= 1], "weight_decay": 0.0},
    ]
    fused = fabric.device.type in ("cpu", "cuda") and config.precision != "16-mixed"
    return torch.optim.AdamW(groups, lr=config.learning_rate, fused=fused)
