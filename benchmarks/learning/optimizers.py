"""The optimizer of a configuration, with real learning rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from benchmarks.learning.config import LoopConfig
from benchmarks.learning.rates import RateGroup


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
        return torch.optim.AdamW(parts, lr=config.learning_rate, betas=config.betas, fused=fused)
    return torch.optim.SGD(
        parts,
        lr=config.learning_rate,
        momentum=config.momentum,
        nesterov=config.nesterov,
        fused=fused,
    )


def match_gradient_layout(optimizer: torch.optim.Optimizer) -> None:
    """Give each gradient the layout in memory of its parameter.

    Autograd does so by itself, but gradients that other code has set may differ, such as those of
    TorchJD for weights in ``channels_last``. A fused optimizer reads both in the order of memory,
    and would add each number to another weight.
    """
    for group in optimizer.param_groups:
        for value in group["params"]:
            if value.grad is not None and value.grad.stride() != value.stride():
                value.grad = torch.empty_like(value).copy_(value.grad)
