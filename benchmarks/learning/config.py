"""Settings of one training of a classifier, and the factor of its learning rates at each step."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import torch

from encoders.errors import TrainingError
from encoders.training.config import computes_in_bfloat16

OptimizerName = Literal["sgd", "adamw"]
PLATEAU = "plateau"


@dataclass(frozen=True)
class LoopConfig:
    """Configuration of the training of a classifier.

    Attributes
    ----------
    optimizer : str
        ``sgd`` or ``adamw``.
    steps : int or None
        Number of steps; None: ``epochs`` passes over the batches.
    epochs : int
    batch : int
        Items of a batch, for those who make the batches.
    learning_rate : float
        Largest learning rate of groups that do not have their own.
    momentum : float
        Of ``sgd``.
    betas : pair of float
        Decay rates of the means of the gradient and of its square, of ``adamw``; each in [0, 1).
    nesterov : bool
    weight_decay : float
    decay_vectors : bool
        Whether biases and the parameters of normalizations decay too, as He et al. do.
    schedule : str
        A key of `SCHEDULES`, or ``plateau``: the rates are multiplied by ``factor`` each time that
        the validation measure has not improved for ``patience`` evaluations.
    milestones : tuple of float
        Shares of the training after which ``milestones`` multiplies the rates by ``factor``.
    factor : float
    patience : int
    warmup : float
        Share of the training, in [0, 1), in which the rates rise from near 0 to their full value.
    warmup_factor : float or None
        Constant factor of the rates during the warm-up, in place of the rise.
    clip : float or None
        Largest Euclidean norm of the gradient; longer ones are scaled down.
    precision : str
        ``float32``, ``bfloat16``, or ``auto``: bfloat16 where the device computes in it itself.
    device : str
        Name of a device, or ``auto``: the GPU if there is one.
    channels_last : bool
        Memory layout of convolutions; faster on most processors and on GPUs.
    evaluate_every : int or None
        Steps between evaluations; None: once an epoch. The last step is always followed by one.
    keep_best : bool
        Whether the networks end with the weights of the best evaluation (the first of equal ones)
        or with the last ones.
    seed : int
        Seed of dropout and of whatever the loss draws.
    threads : int
        Threads of numerical libraries; with another number, losses differ from the fourth digit on.
    """

    optimizer: OptimizerName = "sgd"
    steps: int | None = None
    epochs: int = 10
    batch: int = 64
    learning_rate: float = 0.01
    momentum: float = 0.9
    betas: tuple[float, float] = (0.9, 0.999)
    nesterov: bool = False
    weight_decay: float = 1e-4
    decay_vectors: bool = True
    schedule: str = "cosine"
    milestones: tuple[float, ...] = (0.5, 0.75)
    factor: float = 0.1
    patience: int = 3
    warmup: float = 0.0
    warmup_factor: float | None = None
    clip: float | None = None
    precision: str = "auto"
    device: str = "auto"
    channels_last: bool = True
    evaluate_every: int | None = None
    keep_best: bool = True
    seed: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        choices = {
            "optimizer": ("sgd", "adamw"),
            "schedule": (*SCHEDULES, PLATEAU),
            "precision": ("auto", "float32", "bfloat16"),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise TrainingError(
                    f"{name} is {getattr(self, name)!r}, expected one of {', '.join(allowed)}"
                )
        least = {"steps": 1, "epochs": 1, "batch": 1, "threads": 1, "evaluate_every": 1}
        for name, bound in {**least, "patience": 1, "weight_decay": 0}.items():
            value = getattr(self, name)
            if value is not None and value < bound:
                raise TrainingError(f"{name} is {value}, expected at least {bound}")
        if not 0 < self.learning_rate < math.inf:
            raise TrainingError(
                f"learning_rate is {self.learning_rate}, expected more than 0 and finite"
            )
        if not all(0 <= beta < 1 for beta in self.betas):
            raise TrainingError(f"betas are {self.betas}, expected two numbers in [0, 1)")
        if not 0 <= self.warmup < 1:
            raise TrainingError(f"warmup is {self.warmup}, expected at least 0 and less than 1")

    def chosen_device(self) -> torch.device:
        """Return the device of ``device``.

        Raises
        ------
        TrainingError
            If PyTorch has no such device on this machine.
        """
        if self.device == "auto":
            return torch.device("cuda" if torch.cuda.is_available() else "cpu")
        try:
            device = torch.device(self.device)
            torch.zeros(1, device=device).item()
        # PyTorch raises AssertionError where it was built without CUDA.
        except (RuntimeError, AssertionError, NotImplementedError) as error:
            reason = str(error).strip().splitlines()[0].rstrip(".")
            raise TrainingError(
                f"the device {self.device!r} cannot be used here ({reason}); give auto, cpu, or "
                "the name of a GPU of this machine such as cuda (--device)"
            ) from None
        return device

    def in_bfloat16(self) -> bool:
        """Return whether forward passes are computed in bfloat16."""
        if self.precision == "auto":
            return computes_in_bfloat16()
        return self.precision == "bfloat16"


def cosine(progress: float, config: LoopConfig) -> float:
    """Return the factor (1 + cos(pi p)) / 2."""
    return (1 + math.cos(math.pi * progress)) / 2


def constant(progress: float, config: LoopConfig) -> float:
    """Return the factor 1."""
    return 1.0


def milestones(progress: float, config: LoopConfig) -> float:
    """Return ``factor`` to the power of the number of milestones passed."""
    return float(config.factor ** sum(progress >= share for share in config.milestones))


def annealed(progress: float, config: LoopConfig) -> float:
    """Return DANN's factor (1 + 10 p)^-.75 (Ganin et al. 2016, section 5.2.2)."""
    return float((1 + 10 * progress) ** -0.75)


SCHEDULES: Mapping[str, Callable[[float, LoopConfig], float]] = MappingProxyType(
    {"constant": constant, "cosine": cosine, "milestones": milestones, "annealed": annealed}
)
"""The factor of all learning rates, from the progress p in [0, 1) and the configuration."""


def rate_factor(step: int, steps: int, config: LoopConfig, *, cuts: int = 0) -> float:
    """Return the factor of the learning rates at one step.

    Parameters
    ----------
    step, steps : int
        ``step`` counts from 0 to ``steps - 1``; the progress is step / steps.
    cuts : int
        How often the validation measure has stalled, for the schedule ``plateau``.
    """
    progress = step / steps
    rising = warmup_at(step, steps, config)
    if config.schedule == PLATEAU:
        return rising * float(config.factor**cuts)
    return rising * SCHEDULES[config.schedule](progress, config)


def warmup_at(step: int, steps: int, config: LoopConfig) -> float:
    """Return the factor of the warm-up at one step; 1 after it."""
    share = (step + 1) / (config.warmup * steps) if config.warmup else math.inf
    if config.warmup_factor is not None:
        return config.warmup_factor if share <= 1 else 1.0
    return min(1.0, share)
