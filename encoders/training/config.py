"""Settings of one training, and the learning rate of each of its steps."""

from __future__ import annotations

import dataclasses
import logging
from dataclasses import dataclass

import torch
from lightning_fabric import Fabric

from encoders.errors import TrainingError
from encoders.training.schedule import cosine_factor, plateau_factor


@dataclass(frozen=True)
class FitConfig:
    """Configuration of the training of a network.

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
        logging.getLogger("lightning_fabric").setLevel(
            logging.WARNING
        )  # not the precision, each time
        logging.getLogger("lightning_utilities").setLevel(logging.WARNING)
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
