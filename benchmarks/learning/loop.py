"""The training loop of all suites that train classifiers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from benchmarks.learning.config import PLATEAU, LoopConfig, rate_factor
from benchmarks.learning.freezing import freeze, unfreeze
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


@dataclass(frozen=True)
class ValidationPoint:
    """One evaluation during a training.

    Attributes
    ----------
    step : int
        Steps taken so far.
    train_loss : float
        Mean loss of the batches since the last evaluation, summed over players.
    validation : float
        What ``validate`` returned; NaN without it.
    rate_factor : float
        Factor of the learning rates at the last step.
    seconds : float
        Since the beginning, evaluations included.
    """

    step: int
    train_loss: float
    validation: float
    rate_factor: float
    seconds: float


@dataclass(frozen=True)
class History:
    """What happened in a training.

    Attributes
    ----------
    measured : tuple of `ValidationPoint`
    best : ValidationPoint
        The evaluation whose weights the networks have at the end: the largest validation measure,
        or the last one if ``keep_best`` is false or nothing validates.
    steps : int
    seconds : float
        Of all steps and evaluations.
    training_seconds : float
        Of the steps alone.
    rates : pandas.DataFrame
        `effective_rates` of the optimizer before the first step, at the full rates.
    """

    measured: tuple[ValidationPoint, ...]
    best: ValidationPoint
    steps: int
    seconds: float
    training_seconds: float
    rates: pd.DataFrame


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
    steps, every = _counts(batches, config)
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        run = Run(networks, players, config, steps, validate)
        stream = _endless(batches)
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
                "smaller learning rate (--learning-rate) may help"
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


def make_optimizer(groups: Sequence[RateGroup], config: LoopConfig) -> torch.optim.Optimizer:
    """Return the optimizer of a configuration, whose groups hold real rates.

    With ``decay_vectors`` false, each group has a second part without weight decay: its parameters
    of fewer than two dimensions.
    """
    parts: list[dict[str, Any]] = []
    for group in groups:
        decay = config.weight_decay if group.weight_decay is None else group.weight_decay
        matrices = [p for p in group.parameters if config.decay_vectors or p.ndim > 1]
        vectors = [p for p in group.parameters if not config.decay_vectors and p.ndim <= 1]
        for name, values, weight_decay in (
            (group.name, matrices, decay),
            (f"{group.name} (vectors)", vectors, 0.0),
        ):
            if values:
                rates = {"lr": group.rate, "initial_lr": group.rate}
                parts.append(
                    {"params": values, "name": name, "weight_decay": weight_decay, **rates}
                )
    fused = config.chosen_device().type in ("cpu", "cuda")
    if config.optimizer == "adamw":
        return torch.optim.AdamW(parts, lr=config.learning_rate, fused=fused)
    return torch.optim.SGD(
        parts,
        lr=config.learning_rate,
        momentum=config.momentum,
        nesterov=config.nesterov,
        fused=fused,
    )


def place(network: nn.Module, device: torch.device, *, channels_last: bool) -> nn.Module:
    """Move a network to a device and into a memory layout, in place; returns it."""
    network.to(device)
    if channels_last:
        for value in network.parameters():
            if value.ndim == 4:
                value.data = value.data.contiguous(memory_format=torch.channels_last)
    return network


def autocast(config: LoopConfig) -> Callable[[], AbstractContextManager[Any]]:
    """Return what makes the context in which forward passes are computed."""
    if not config.in_bfloat16():
        return nullcontext
    device = config.chosen_device().type
    return lambda: torch.autocast(device, dtype=torch.bfloat16)


def to_device(batch: Any, device: torch.device) -> Any:
    """Return a batch whose tensors are on a device, inside of tuples, lists and dicts too."""
    if isinstance(batch, Tensor):
        return batch.to(device, non_blocking=True)
    if isinstance(batch, Mapping):
        return {name: to_device(value, device) for name, value in batch.items()}
    if isinstance(batch, tuple | list):
        return type(batch)(to_device(value, device) for value in batch)
    return batch


def state_copy(network: nn.Module) -> dict[str, Tensor]:
    """Return a copy of a network's tensors by name."""
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def _set_trained(group: RateGroup, trained: bool) -> None:
    """Set whether the parameters of a group, and no others, have gradients."""
    for value in group.parameters:
        value.requires_grad_(trained)


def _counts(batches: Iterable[Any], config: LoopConfig) -> tuple[int, int]:
    """Return the number of steps, and that between evaluations."""
    length = len(batches) if isinstance(batches, Sized) else None
    if length is None and config.steps is None:
        raise TrainingError("the batches have no length; say how many steps (--steps) to train")
    steps = config.epochs * (length or 0) if config.steps is None else config.steps
    if steps < 1:
        raise TrainingError("there are no batches to train on")
    return steps, config.evaluate_every or length or steps


def _endless(batches: Iterable[Any]) -> Iterator[Any]:
    """Give batches without end, iterating again each time that they end."""
    while True:
        empty = True
        for batch in batches:
            empty = False
            yield batch
        if empty:
            raise TrainingError(
                "the batches ended before the training; give an iterable that can be iterated again"
            )
