"""Networks and batches on a device, in its arithmetic and memory layout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.learning.config import LoopConfig


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
