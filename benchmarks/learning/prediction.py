"""Scores of a trained classifier on images in memory."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from benchmarks.learning.accuracy import top1
from benchmarks.learning.config import LoopConfig
from benchmarks.learning.placement import autocast
from encoders.engines import with_threads
from taskgraph.arrays import Floats32, Integers


@with_threads
@torch.no_grad()
def outputs(model: nn.Module, images: Tensor, config: LoopConfig, *, batch: int = 256) -> Floats32:
    """Return a network's outputs for images, computed in evaluation mode.

    Parameters
    ----------
    model : torch.nn.Module
        A `Classifier` (the outputs are scores) or a `Backbone` (features), on the device of
        ``config``. Its mode is restored.
    images : (N, C, H, W) tensor
        As `image_tensor` returns them.
    config : LoopConfig
        Gives device, precision and threads.
    batch : int
        Images at a time.

    Returns
    -------
    (N, D) array
    """
    training, device, cast = model.training, config.chosen_device(), autocast(config)
    model.to(device).eval()
    parts = []
    for part in torch.split(images, batch):
        with cast():
            parts.append(model(part.to(device)).float().cpu())
    model.train(training)
    values: Floats32 = torch.cat(parts).numpy()
    return values


def validator(
    model: nn.Module,
    images: Tensor,
    labels: Integers,
    config: LoopConfig,
    *,
    measure: Callable[[Floats32, Integers], float] = top1,
) -> Callable[[], float]:
    """Return what measures a classifier on some images each time that it is called.

    Use it as ``validate`` of `benchmarks.learning.loop.train_networks`.
    """
    return lambda: measure(outputs(model, images, config), labels)
