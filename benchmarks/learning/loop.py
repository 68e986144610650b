"""The training loop of all suites that train classifiers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from benchmarks.learning.batches import endless, step_counts
from benchmarks.learning.config import PLATEAU, LoopConfig, rate_factor
from benchmarks.learning.freezing import freeze, unfreeze
from benchmarks.learning.history import History, ValidationPoint
from benchmarks.learning.optimizers import make_optimizer, match_gradient_layout
from benchmarks.learning.placement import autocast, place, state_copy, to_device
from benchmarks.learning.rates import RateGroup, checked_groups, effective_rates, module_group
from encoders.engines import with_threads
from encoders.errors import TrainingError

BatchLoss = Callable[[Any, float], Tensor]
"""From a batch and the progress of the training in [0, 1) to a loss."""


@dataclass(frozen=True)
class Player:
    """A loss, and the groups of parameters that a step on it changes.

    Attributes
    ----------
    loss : callable
        From a batch and the progress in [0, 1) to the loss, a number.
    groups : sequence of `RateGroup`
    backward : callable
        Computes the gradients from what ``loss`` returned; `torch.Tensor.backward` by default. A
        method that combines gradients returns several losses and combines them here.
    report : callable
        The number to record of what ``loss`` returned.
    """

    loss: Callable[[Any, float], Any]
    groups: Sequence[RateGroup]
    backward: Callable[[Any], object] = torch.Tensor.backward
    report: Callable[[Any], Tensor] = torch.Tensor.detach


def train_networks(
    networks: nn.Module | Sequence[nn.Module],
    loss: BatchLoss | Sequence[Player],
    batches: Iterable[Any],
    config: LoopConfig,
    *,
    groups: Sequence[RateGroup] | None = None,
    validate: Callable[[], float] | None = None,
) -> History:
    """Train networks in place.

    Parameters
    ----------
    networks : torch.nn.Module or sequence of them
        All networks that change. Their frozen parts (`freeze`) do not. They are moved to the
        device of ``config``, and are in evaluation mode afterwards.
    loss : callable, or sequence of `Player`
        From a batch, moved to the device, and the progress in [0, 1) to the loss. Players take
        turns in each step, on the same batch, each with an optimizer of its own.
    batches : iterable
        Tensors, or tuples, lists and dicts of them; iterated again when it ends. Without
        ``config.steps`` it needs a length.
    config : LoopConfig
    groups : sequence of `RateGroup`, optional
        By default all parameters that are not frozen, at ``config.learning_rate``.
    validate : callable, optional
        Returns a measure on validation data, larger is better. The networks are in
        evaluation mode and gradients are off.

    Returns
    -------
    History
        Equal arguments give equal bits on a CPU.

    Raises
    ------
    TrainingError
        If a loss or a validation measure is not finite, there are no batches, or the number of
        steps is unknown.
    InvalidNetworkError
        If there is nothing to train, or a parameter is in two groups.
    """
    several = [networks] if isinstance(networks, nn.Module) else list(networks)
    if callable(loss):
        if groups is None:
            groups = [module_group("all", *several, rate=config.learning_rate)]
        players = [Player(loss, groups)]
    else:
        players = list(loss)
    return _run(several, players, batches, config, validate=validate)


@with_threads
def _run(
    networks: list[nn.Module],
    players: list[Player],
    batches: Iterable[Any],
    config: LoopConfig,
    *,
    validate: Callable[[], float] | None,
) -> History:
    """Train with the configuration's number of threads and its seed; see `train_networks`."""
    steps, every = step_counts(batches, config)
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        run = Run(networks, players, config, steps, validate)
        stream = endless(batches)
        while run.step < steps:
            run.advance(stream, min(every, steps - run.step))
        return run.finish()


@dataclass
class Run:
    """The state of one training: its networks, optimizers, evaluations, and best weights."""

    networks: list[nn.Module]
    players: list[Player]
    config: LoopConfig
    steps: int
    validate: Callable[[], float] | None
    step: int = 0
    cuts: int = 0
    stalled: int = 0
    training_seconds: float = 0.0
    measured: list[ValidationPoint] = field(default_factory=list)
    best: ValidationPoint | None = None
    best_state: list[dict[str, Tensor]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.device = self.config.chosen_device()
        for network in self.networks:
            place(network, self.device, channels_last=self.config.channels_last)
            network.train()
        groups = [checked_groups(player.groups) for player in self.players]
        self.optimizers = [make_optimizer(each, self.config) for each in groups]
        self.waiting = [group for each in groups for group in each if group.begin > 0]
        for group in self.waiting:
            for module in group.modules:
                freeze(module)
            _set_trained(group, False)
        self.rates = pd.concat(
            [effective_rates(optimizer) for optimizer in self.optimizers], ignore_index=True
        )
        self.cast = autocast(self.config)
        self.begin = time.perf_counter()

    def advance(self, stream: Iterator[Any], count: int) -> None:
        """Take some steps, and evaluate."""
        begin = time.perf_counter()
        total = torch.zeros((), device=self.device)
        for _ in range(count):
            total += self._step(next(stream))
        train_loss = float(total) / count
        self.training_seconds += time.perf_counter() - begin
        if not math.isfinite(train_loss):
            raise TrainingError(
                f"the loss became {train_loss} within the {count} steps before step {self.step}; a "
                f"smaller learning rate than {self.config.learning_rate:g} may help"
            )
        self._evaluate(train_loss)

    def _step(self, batch: Any) -> Tensor:
        """Take one step of each player; returns the sum of their losses."""
        progress = self.step / self.steps
        self._unfreeze(progress)
        batch = to_device(batch, self.device)
        factor = rate_factor(self.step, self.steps, self.config, cuts=self.cuts)
        total = torch.zeros((), device=self.device)
        for player, optimizer in zip(self.players, self.optimizers, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * factor
            with self.cast():
                loss = player.loss(batch, progress)
            optimizer.zero_grad(set_to_none=True)
            player.backward(loss)
            match_gradient_layout(optimizer)
            if self.config.clip is not None:
                values = [value for group in optimizer.param_groups for value in group["params"]]
                nn.utils.clip_grad_norm_(values, self.config.clip)
            optimizer.step()
            total += player.report(loss)
        self.step += 1
        return total

    def _unfreeze(self, progress: float) -> None:
        """Begin to train the groups whose time has come."""
        for group in [group for group in self.waiting if group.begin <= progress + 1e-9]:
            for module in group.modules:
                unfreeze(module)
            _set_trained(group, True)
            self.waiting.remove(group)

    def _evaluate(self, train_loss: float) -> None:
        """Evaluate on validation data, and keep the weights if they are the best so far."""
        value = math.nan
        if self.validate is not None:
            for network in self.networks:
                network.eval()
            with torch.no_grad():
                value = float(self.validate())
            for network in self.networks:
                network.train()
            if not math.isfinite(value):
                raise TrainingError(
                    f"the validation measure became {value} at step {self.step}, expected a number"
                )
        factor = rate_factor(self.step - 1, self.steps, self.config, cuts=self.cuts)
        now = ValidationPoint(
            self.step, train_loss, value, factor, time.perf_counter() - self.begin
        )
        self.measured.append(now)
        improved = self.best is None or now.validation > self.best.validation
        self.stalled = 0 if improved else self.stalled + 1
        if self.config.schedule == PLATEAU and self.stalled >= self.config.patience:
            self.cuts, self.stalled = self.cuts + 1, 0
        if improved:
            self.best = now
            if self.validate is not None and self.config.keep_best and self.step < self.steps:
                self.best_state = [state_copy(network) for network in self.networks]

    def finish(self) -> History:
        """Give the networks their final weights, and return the history."""
        assert self.best is not None
        last = self.measured[-1]
        best = self.best if self.config.keep_best and self.validate is not None else last
        if best is not last:
            for network, state in zip(self.networks, self.best_state, strict=True):
                network.load_state_dict(state)
        for group in self.waiting:
            for module in group.modules:
                unfreeze(module)
        for network in self.networks:
            network.eval()
        seconds = time.perf_counter() - self.begin
        return History(
            tuple(self.measured), best, self.steps, seconds, self.training_seconds, self.rates
        )


def _set_trained(group: RateGroup, trained: bool) -> None:
    """Set whether the parameters of a group, and no others, have gradients."""
    for value in group.parameters:
        value.requires_grad_(trained)
