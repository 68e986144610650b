"""Train one network; killed at any moment, it resumes and ends with the same weights."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
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
from encoders.training.loading import Examples, loader, of_epoch, shuffled
from encoders.training.progress import BEST, Epoch, Progress, resume, save_progress

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(prediction, target, mask) -> (B,) losses; NaN where a mask is empty."""

Augment = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""(pictures, target) -> others that are as right."""

SMALLER = "a smaller learning rate (--learning-rate) or --precision 32-true may help"


@dataclass(frozen=True)
class FitConfig:
    """How a network is trained.

    Attributes
    ----------
    epochs, batch : int
        Passes over the training data; pictures a step, over all devices together.
    learning_rate, weight_decay : float
        Of AdamW; weights of normalization layers and biases do not decay.
    warmup : float
        Share of all steps in which the learning rate rises from 0; it then falls to 0 as a cosine.
    clip : float
        Longest gradient (Euclidean norm over all weights).
    precision : str
        As Lightning Fabric names it: ``32-true``, ``bf16-mixed``, …; ``auto`` is the latter where
        the processor computes in bfloat16 itself, as emulating it is ten times slower.
    seed : int
        Of the order of the examples and of dropout. (The network's first weights are drawn by
        whoever makes it.)
    accelerator, strategy : str; devices, nodes, workers : int
        Passed to Fabric, and how many processes read data.
    threads : int
        Of numerical libraries while this trains or measures. With another number, losses differ
        from the fourth digit on; with one number they are the same for any number of jobs.
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

    def __post_init__(self) -> None:
        if self.threads < 1:
            raise TrainingError(f"threads is {self.threads}, expected at least 1")

    def of_constant(self) -> FitConfig:
        """The same for a constant: with no features to spoil, large steps find it soon."""
        return dataclasses.replace(self, learning_rate=0.05, weight_decay=0.0)

    def fabric(self) -> Fabric:
        """The devices and the precision that this configuration asks for."""
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
    """Whether the GPU, or without one the processor, has instructions for bfloat16."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    cpu = torch.cpu.get_capabilities()
    return bool(cpu.get("avx512_bf16") or cpu.get("amx_bf16") or cpu.get("bf16"))


def learning_rate(step: int, steps: int, config: FitConfig) -> float:
    """Linear warm-up, then half a cosine down to 0 (Loshchilov & Hutter, 2017).

    ``step`` counts from 0; the last one, ``steps - 1``, is just above 0.
    """
    rise = max(1, round(config.warmup * steps))
    if step < rise:
        return config.learning_rate * (step + 1) / rise
    fall = (step - rise) / max(1, steps - rise)
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * fall))


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
    after: Callable[[Epoch], None] = lambda _: None,
    fabric: Fabric | None = None,
    adversary: Adversary | None = None,
    augment: Augment | None = None,
) -> Progress:
    """Train ``network`` in place; at the end it has the weights of its best epoch.

    After each epoch `LAST` holds everything that resuming needs, and `BEST` the weights with the
    smallest mean validation loss so far. A run that finds `LAST` of the same configuration goes on
    from there; as each epoch draws its own random numbers from (seed, epoch), the final weights
    are those of an undisturbed run (bit for bit on CPU).

    Parameters
    ----------
    measure : function, optional
        The validation loss, where it is another one than is trained with.
    record : dict, optional
        What else the files of weights should say of their origin; JSON values.
    after : function
        Called with each finished `Epoch`, such as `encoders.training.progress.scalars`.
    adversary : Adversary, optional
        Adds its term to the loss that is trained with; all losses that are told are without it.
    augment : function, optional
        Changes the examples that are trained on, such as `encoders.training.augment.varied`.

    Raises
    ------
    TrainingError
        If the loss is no longer a number, or the folder holds a run of another configuration.
    """
    fabric = fabric or config.fabric()
    origin = {**(record or {}), "fit": dataclasses.asdict(config)}
    if adversary:
        adversary.setup(fabric, seed=config.seed)
        origin["adversarial"] = dataclasses.asdict(adversary.config)
    beside = {"adversary": adversary.network} if adversary else {}
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(_groups(network, config), lr=config.learning_rate)
    progress = resume(network, optimizer, folder, origin, beside)
    model, optimizer = fabric.setup(network, optimizer)
    steps = config.epochs * max(1, len(train) // config.batch)
    for epoch in range(len(progress.epochs), config.epochs):
        rate = learning_rate(progress.step, steps, config)
        torch.manual_seed(_seed(config.seed, epoch, fabric.global_rank))
        train_loss, speed, waiting = _train(
            fabric,
            model,
            optimizer,
            loss,
            of_epoch(train, epoch),
            epoch,
            steps,
            progress,
            config,
            adversary,
            augment,
        )
        valid_loss = _mean(losses(fabric, model, measure or loss, valid, config), epoch)
        row = Epoch(epoch, rate, train_loss, valid_loss, speed, waiting)
        progress.epochs.append(row)
        if valid_loss < progress.best_loss:
            progress.best_epoch, progress.best_loss = epoch, valid_loss
            if fabric.is_global_zero:
                write_weights(folder / BEST, network.state_dict(), {**origin, "epoch": epoch})
        if fabric.is_global_zero:
            save_progress(network, optimizer, folder, origin, progress, beside)
        after(row)
    fabric.barrier()
    restore(network, read_weights(folder / BEST)[0], where=folder / BEST)
    return progress


@with_threads
@torch.no_grad()
def losses(
    fabric: Fabric, model: nn.Module, loss: Loss, examples: Examples, config: FitConfig
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """(N,) loss of each example, in order; NaN where its mask is empty. Smaller is better.

    The model is moved to the device that ``fabric`` computes on.
    """
    model.to(fabric.device).eval()
    found = []
    for pictures, target, mask in loader(
        examples, range(len(examples)), batch=config.batch, workers=config.workers
    ):
        pictures, target, mask = fabric.to_device((pictures, target, mask))
        found.append(loss(model(_last(pictures)), target, mask).float().cpu())
    model.train()
    return torch.cat(found).numpy()


def _train(
    fabric: Fabric,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: Loss,
    train: Examples,
    epoch: int,
    steps: int,
    progress: Progress,
    config: FitConfig,
    adversary: Adversary | None,
    augment: Augment | None,
) -> tuple[float, float, float]:
    """One epoch; returns the mean loss, pictures a second, and the share of time spent waiting."""
    model.train()
    order = shuffled(len(train), config.seed, epoch, fabric.global_rank, fabric.world_size)
    share = max(1, config.batch // fabric.world_size)
    total = torch.zeros(2, dtype=torch.float64)
    seen, waited, begin = 0, 0.0, time.perf_counter()
    batches = iter(loader(train, order, batch=share, workers=config.workers, full=True))
    while True:
        asked = time.perf_counter()
        batch = next(batches, None)
        waited += time.perf_counter() - asked
        if batch is None:
            break
        pictures, target, mask = fabric.to_device(batch)
        pictures, target = augment(pictures, target) if augment else (pictures, target)
        batch = pictures, target, mask
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(progress.step, steps, config)
        prediction = model(_last(pictures))
        mean = batch_mean(loss(prediction, target, mask), mask)
        whole = adversary.total(mean, prediction, batch, progress.step) if adversary else mean
        optimizer.zero_grad(set_to_none=True)
        fabric.backward(whole)
        fabric.clip_gradients(model, optimizer, max_norm=config.clip, error_if_nonfinite=False)
        optimizer.step()
        if adversary:
            adversary.learn(prediction, batch, progress.step)
        progress.step += 1
        seen += len(pictures)
        total += torch.tensor([float(mean.detach()) * len(pictures), len(pictures)])
        if not math.isfinite(float(total[0])):
            raise TrainingError(
                f"the loss became {float(mean.detach())} in epoch {epoch}, step {progress.step}; "
                + SMALLER
            )
    spent = time.perf_counter() - begin
    return float(total[0] / total[1]), seen * fabric.world_size / spent, waited / spent


def _mean(each: np.ndarray[Any, np.dtype[np.float32]], epoch: int) -> float:
    """Of the validation losses that are there."""
    found = float(each[~np.isnan(each)].mean()) if not np.isnan(each).all() else math.nan
    if not math.isfinite(found):
        raise TrainingError(
            f"the validation loss became {found} in epoch {epoch}; {SMALLER}, or no image of the "
            "validation split has a target"
        )
    return found


def _seed(*parts: int) -> int:
    return int(np.random.SeedSequence(parts).generate_state(1)[0])


def _last(images: Tensor) -> Tensor:
    return images.contiguous(memory_format=torch.channels_last) if images.ndim == 4 else images


def _groups(network: nn.Module, config: FitConfig) -> list[dict[str, Any]]:
    """Weight decay for matrices and filters, none for biases and normalization."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
