"""Train one network; a run that was killed resumes, and ends with the same weights."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from encoders.engines import with_threads
from encoders.errors import TrainingError
from encoders.losses import batch_mean
from encoders.training.adversarial import Adversary
from encoders.training.checkpoint import read_weights, restore, write_weights
from encoders.training.loading import Batch, Examples, loader, of_epoch, shuffled
from encoders.training.run_state import BEST, Evaluation, RunState, resume, save_state
from encoders.training.schedule import (
    CAP,
    PATIENCE,
    Plateau,
    cosine_factor,
    plateau,
    plateau_factor,
)

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(prediction, target, mask) -> (B,) losses; NaN where a mask is empty."""

Augment = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Augmentation: (pictures, target) -> transformed pictures and their matching targets."""

ADVICE = "a smaller learning rate (--learning-rate) or --precision 32-true may help"


@dataclass(frozen=True)
class FitConfig:
    """How a network is trained.

    Attributes
    ----------
    epochs : int
        Passes over the training data: all of them, or with ``patience`` the most (the cap).
    batch : int
        Number of examples in a step, over all devices together.
    learning_rate, weight_decay : float
        Largest learning rate of AdamW, and its decay of weights other than biases and those of
        normalization layers.
    warmup : float
        Share of all steps in which the learning rate rises from 0. Without ``patience`` it then
        falls to 0 as a cosine; with it, see `encoders.training.schedule.plateau_factor`.
    clip : float
        Largest Euclidean norm of the gradient over all weights; longer ones are scaled down.
    precision : str
        Lightning Fabric's name, such as ``32-true`` or ``bf16-mixed``. ``auto`` is the latter if
        the device computes in bfloat16 itself (emulation is ten times slower), else the former.
    seed : int
        Seed of the order of the examples and of dropout. The caller has drawn
        the network's first weights.
    accelerator, strategy, devices, nodes
        Arguments of Lightning Fabric: the kind, use and number of devices, and of machines.
    workers : int
        Number of processes that read data; 0: the training process reads it.
    threads : int
        Number of threads of numerical libraries in training and measuring. With another number,
        losses differ from the fourth digit on. They do not depend on the number of jobs.
    patience : int or None
        Evaluations without improvement of the validation loss after which the learning rate is
        cut, and after the last cut training stops. None: train for all epochs.
    min_delta : float
        Share of the validation loss by which it must fall to count as improved.
    cuts : int
        Cuts of the learning rate before training stops by patience.
    evaluations : int
        Evaluations on the validation split in each epoch, at equal distances.
    """

    epochs: int = 20
    batch: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    warmup: float = 0.05
    clip: float = 1.0
    precision: str = "auto"
    seed: int = 0
    accelerator: str = "auto"
    strategy: str = "auto"
    devices: int = 1
    nodes: int = 1
    workers: int = 0
    threads: int = 1
    patience: int | None = None
    min_delta: float = 0.001
    cuts: int = 2
    evaluations: int = 1

    def __post_init__(self) -> None:
        least = {"threads": 1, "evaluations": 1, "patience": 1, "cuts": 0, "min_delta": 0}
        for name, bound in least.items():
            value = getattr(self, name)
            if value is not None and value < bound:
                raise TrainingError(f"{name} is {value}, expected at least {bound}")

    def of_constant(self) -> FitConfig:
        """Return the configuration for fitting a constant answer: a larger rate, no decay."""
        return dataclasses.replace(self, learning_rate=0.05, weight_decay=0.0)

    def fabric(self) -> Fabric:
        """Return the Fabric of this configuration's devices and precision."""
        precision = self.precision
        if precision == "auto":
            precision = "bf16-mixed" if computes_in_bfloat16() else "32-true"
        return Fabric(
            accelerator=self.accelerator,
            strategy=self.strategy,
            devices=self.devices,
            num_nodes=self.nodes,
            precision=precision,  # type: ignore[arg-type]
        )


def computes_in_bfloat16() -> bool:
    """Return whether the GPU, or the processor if there is none, computes in bfloat16 itself."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    cpu = torch.cpu.get_capabilities()
    return bool(cpu.get("avx512_bf16") or cpu.get("amx_bf16") or cpu.get("bf16"))


def learning_rate(step: int, steps: int, config: FitConfig, cuts: int = 0) -> float:
    """Return the learning rate of one step.

    Parameters
    ----------
    step, steps : int
        ``step`` counts from 0 to ``steps - 1``.
    cuts : int
        Cuts so far, for training that stops by patience.
    """
    if config.patience is None:
        return config.learning_rate * cosine_factor(step, steps, warmup=config.warmup)
    factor = plateau_factor(step, steps, warmup=config.warmup, cuts=cuts)
    return config.learning_rate * factor


@with_threads
def fit(
    network: nn.Module,
    loss: Loss,
    train: Examples,
    valid: Examples,
    folder: Path,
    config: FitConfig,
    *,
    measure: Loss | None = None,
    record: dict[str, Any] | None = None,
    on_evaluation: Callable[[Evaluation], None] = lambda _: None,
    fabric: Fabric | None = None,
    adversary: Adversary | None = None,
    augment: Augment | None = None,
) -> RunState:
    """Train ``network`` in place; it ends with the weights of its best evaluation.

    After each evaluation, ``folder`` holds `LAST`, with all that resuming needs, and `BEST`, the
    weights with the smallest mean validation loss so far. A run that finds a `LAST` of the same
    configuration continues from there. The random numbers between two evaluations are drawn from
    the seed and the number of the evaluation, and the learning rate follows from the steps and the
    validation losses. So the final weights are those of an undisturbed run (bit for bit on a CPU).

    Parameters
    ----------
    measure : function, optional
        The validation loss; by default ``loss``.
    record : dict, optional
        Further JSON values that are written to the files of weights.
    on_evaluation : function
        Called with each finished `Evaluation`, such as `encoders.training.run_state.scalars`.
    adversary : Adversary, optional
        Adds its term to the training loss. Reported losses do not include it.
    augment : function, optional
        Changes the training examples, such as `encoders.training.augment.augmented`.

    Raises
    ------
    TrainingError
        If a loss is no longer finite, or the folder holds a run of another configuration.
    """
    fabric = fabric or config.fabric()
    origin = {**(record or {}), "fit": dataclasses.asdict(config)}
    if adversary:
        adversary.setup(fabric, seed=config.seed)
        origin["adversarial"] = dataclasses.asdict(adversary.config)
    extra_modules = {"adversary": adversary.network} if adversary else {}
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = adamw(network, config, fabric)
    run = resume(network, optimizer, folder, origin, extra_modules)
    model, optimizer = fabric.setup(network, optimizer)
    training = Training(fabric, model, optimizer, loss, train, config, run, adversary, augment)
    while run.stopped is None and len(run.epochs) < training.evaluations:
        row = training.until_evaluation(measure or loss, valid)
        best = run.add(row)
        if best and fabric.is_global_zero:
            about = {**origin, "epoch": row.epoch, "step": row.step}
            write_weights(folder / BEST, network.state_dict(), about)
        run.stopped = training.why_stopped()
        if fabric.is_global_zero:
            save_state(network, optimizer, folder, origin, run, extra_modules)
        on_evaluation(row)
    run.stopped = run.stopped or CAP  # a run that an earlier version finished
    fabric.barrier()
    restore(network, read_weights(folder / BEST)[0], where=folder / BEST)
    return run


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
    """One training run: its network, data and settings, and its state."""

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

    def until_evaluation(self, measure: Loss, valid: Examples) -> Evaluation:
        """Train until the next evaluation is due; returns it."""
        epoch, part = divmod(len(self.run.epochs), self.parts)
        parts = (part,) if part else ()
        torch.manual_seed(_seed(self.config.seed, epoch, self.fabric.global_rank, *parts))
        cuts = self._cuts()
        rate = learning_rate(self.run.step, self.steps, self.config, cuts)
        train_loss, speed, waiting = self._train(epoch, part, cuts)
        valid_losses = losses(self.fabric, self.model, measure, valid, self.config)
        valid_loss = _mean(valid_losses, epoch)
        return Evaluation(epoch, rate, train_loss, valid_loss, speed, waiting, self.run.step)

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
                raise TrainingError(
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
    """Return the mean, ignoring NaN; raises TrainingError if it is not finite."""
    mean = float(losses[~np.isnan(losses)].mean()) if not np.isnan(losses).all() else math.nan
    if not math.isfinite(mean):
        raise TrainingError(
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
