"""Speed of the training loop relative to a plain loop of PyTorch."""

from __future__ import annotations

import copy
import statistics
import time
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.learning.batches import TensorBatches
from benchmarks.learning.config import LoopConfig
from benchmarks.learning.loop import train_networks
from benchmarks.learning.placement import autocast, place
from encoders.engines import with_threads


@dataclass(frozen=True)
class Throughput:
    """Images per second of two loops in alternating runs; larger is better.

    Attributes
    ----------
    ours, plain : tuple of float
        One entry a run, in the order of the runs.
    """

    ours: tuple[float, ...]
    plain: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Return the median of ours over the median of the plain loop."""
        return statistics.median(self.ours) / statistics.median(self.plain)


@with_threads
def measure_throughput(
    model: nn.Module, images: Tensor, labels: Tensor, config: LoopConfig, *, runs: int = 5
) -> Throughput:
    """Train a copy of a classifier with our loop and with a plain one, in turns.

    Both have the precision, memory layout, optimizer and batch size of ``config``, and
    the same images in memory. A short run of each before the first one is not counted.

    Parameters
    ----------
    model : torch.nn.Module
        Images to scores.
    images, labels : tensors
        N items.
    config : LoopConfig
        ``steps`` is the number of steps of each run.
    runs : int
        Runs of each loop.
    """
    steps = config.steps or config.epochs * max(1, len(images) // config.batch)
    config = replace(config, steps=steps, evaluate_every=None)
    warm = replace(config, steps=min(2, steps))
    _ours(model, images, labels, warm)
    _plain(model, images, labels, warm)
    ours, plain = [], []
    for _ in range(runs):
        ours.append(_ours(model, images, labels, config))
        plain.append(_plain(model, images, labels, config))
    return Throughput(tuple(ours), tuple(plain))


def _ours(model: nn.Module, images: Tensor, labels: Tensor, config: LoopConfig) -> float:
    """Return the images per second of our loop."""
    network = copy.deepcopy(model)
    batches = TensorBatches((images, labels), config.batch, config.seed)

    def loss(batch: tuple[Tensor, Tensor], _progress: float) -> Tensor:
        """Return the cross-entropy."""
        return F.cross_entropy(network(batch[0]), batch[1])

    begin = time.perf_counter()
    train_networks(network, loss, batches, config)
    return _images(images, config) / (time.perf_counter() - begin)


def _plain(model: nn.Module, images: Tensor, labels: Tensor, config: LoopConfig) -> float:
    """Return the images per second of a loop as PyTorch's tutorials write it."""
    device, cast = config.chosen_device(), autocast(config)
    network = place(copy.deepcopy(model), device, channels_last=config.channels_last).train()
    optimizer: torch.optim.Optimizer
    if config.optimizer == "adamw":
        optimizer = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, fused=True)
    else:
        optimizer = torch.optim.SGD(
            network.parameters(), lr=config.learning_rate, momentum=config.momentum, fused=True
        )
    begin, step, total = time.perf_counter(), 0, torch.zeros((), device=device)
    while step < (config.steps or 0):
        order = torch.randperm(len(images))
        for rows in torch.split(order, config.batch)[: max(1, len(images) // config.batch)]:
            if step == config.steps:
                break
            with cast():
                scores = network(images[rows].to(device))
                loss = F.cross_entropy(scores, labels[rows].to(device))
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            total += loss.detach()
            step += 1
    float(total)
    return _images(images, config) / (time.perf_counter() - begin)


def _images(images: Tensor, config: LoopConfig) -> int:
    """Return the number of images of a run."""
    return (config.steps or 0) * min(config.batch, len(images))
