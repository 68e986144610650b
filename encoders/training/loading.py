"""Training examples, and the batches in which they are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

Batch = tuple[Tensor, Tensor, Tensor]
"""Pictures, targets and masks of some examples."""

MAX_BYTES = 256 * 2**20
"""Largest size in bytes of the examples that `in_memory` holds in memory."""

CHUNK = 64
"""Number of examples that `in_memory` reads at a time."""


class Examples(Protocol):
    """Examples that a network is trained or tested on, numbered from 0."""

    def __len__(self) -> int:
        """Return the number of examples."""

    def batch(self, indices: Sequence[int]) -> Batch:
        """Return pictures, targets and masks of some examples, stacked."""


@dataclass(frozen=True, eq=False)
class TensorExamples:
    """Examples held in memory.

    Attributes
    ----------
    pictures, target, mask : tensors
        All examples, along the first dimension. Pictures that are held in half precision are
        returned in single precision.
    """

    pictures: Tensor
    target: Tensor
    mask: Tensor

    def __len__(self) -> int:
        return len(self.pictures)

    def batch(self, indices: Sequence[int]) -> Batch:
        """Return pictures, targets and masks of some examples, stacked."""
        rows = torch.as_tensor(indices, dtype=torch.int64)
        return self.pictures[rows].float(), self.target[rows], self.mask[rows]


def in_memory(examples: Examples, *, max_bytes: int = MAX_BYTES) -> Examples:
    """Return the examples held in memory, or the given ones if they are too large for that.

    Then they are decoded once, and not in every epoch. Pictures are held in half precision if that
    changes no value.

    Parameters
    ----------
    examples : Examples
        Examples that do not change from epoch to epoch.
    max_bytes : int
        Largest size in bytes to hold.
    """
    first = examples.batch(range(min(CHUNK, len(examples))))
    size = sum(part.element_size() * part.nelement() for part in first) / len(first[0])
    if size * len(examples) > max_bytes:
        return examples
    chunks = [
        examples.batch(range(start, min(start + CHUNK, len(examples))))
        for start in range(0, len(examples), CHUNK)
    ]
    pictures, target, mask = (torch.cat(parts) for parts in zip(*chunks, strict=True))
    half = pictures.half()
    return TensorExamples(half if torch.equal(half.float(), pictures) else pictures, target, mask)


def of_epoch(examples: Examples, epoch: int) -> Examples:
    """Return the examples of one epoch; a method ``of_epoch`` of the examples draws them anew."""
    draw = getattr(examples, "of_epoch", None)
    return draw(epoch) if draw else examples


class WholeBatches(Dataset[Batch]):
    """Adapter with which a `DataLoader` reads a whole batch at once."""

    def __init__(self, examples: Examples) -> None:
        self.examples = examples

    def __getitems__(self, indices: list[int]) -> Batch:
        return self.examples.batch(indices)

    def __getitem__(self, index: int) -> Batch:
        return self.examples.batch([index])


def shuffled(count: int, seed: int, epoch: int, rank: int, world: int) -> list[int]:
    """Return one device's share of a permutation of ``count`` examples.

    The permutation follows from ``seed`` and ``epoch`` alone; the device ``rank`` of ``world``
    gets every ``world``-th number of it.
    """
    generator = np.random.default_rng(np.random.SeedSequence([seed, epoch]))
    order: list[int] = generator.permutation(count)[rank : count - count % world : world].tolist()
    return order


def loader(
    examples: Examples, order: Sequence[int], *, batch: int, workers: int = 0, full: bool = False
) -> DataLoader[Batch]:
    """Return a loader of batches of the examples, in the given order.

    Parameters
    ----------
    order : sequence of int
        Numbers of the examples to load.
    batch : int
        Number of examples in a batch.
    workers : int
        Number of processes that read; 0: this process reads.
    full : bool
        Whether a last batch of fewer examples is left out, unless it is the only one.
    """
    return DataLoader(
        WholeBatches(examples),
        batch_size=batch,
        sampler=order,  # any sequence of numbers
        collate_fn=_as_is,
        num_workers=workers,
        # Statistics of a last batch of few pictures would be noisy.
        drop_last=full and len(examples) >= batch,
    )


def _as_is(batch: Any) -> Any:
    return batch
