"""Examples by number, and the batches in which training reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

Batch = tuple[Tensor, Tensor, Tensor]
"""Pictures, target, mask."""

MOST_BYTES = 256 * 2**20
"""Examples of more bytes than these are not held in memory by `in_memory`."""

CHUNK = 64
"""Examples that `in_memory` reads at once."""


class Examples(Protocol):
    """Numbered examples to train on, which are read many at a time."""

    def __len__(self) -> int:
        """Number of examples."""

    def batch(self, indices: Sequence[int]) -> Batch:
        """Pictures, targets and masks of some examples, stacked."""


@dataclass(frozen=True, eq=False)
class TensorExamples:
    """Examples held in memory.

    Attributes
    ----------
    pictures, target, mask : tensors
        Of all examples, along the first dimension. Pictures in half precision are handed out in
        float32.
    """

    pictures: Tensor
    target: Tensor
    mask: Tensor

    def __len__(self) -> int:
        return len(self.pictures)

    def batch(self, indices: Sequence[int]) -> Batch:
        """Pictures, targets and masks of some examples, stacked."""
        rows = torch.as_tensor(indices, dtype=torch.int64)
        return self.pictures[rows].float(), self.target[rows], self.mask[rows]


def in_memory(examples: Examples, *, most_bytes: int = MOST_BYTES) -> Examples:
    """Return the examples read once into memory, or themselves if they are too large for that.

    Decoding them anew in every epoch takes longer than the memory is worth, for as few examples as
    a read-out is trained on. Pictures are kept in half precision only if nothing is lost by that.

    Parameters
    ----------
    examples : Examples
        The same in every epoch.
    most_bytes : int
        The largest size to hold.
    """
    first = examples.batch(range(min(CHUNK, len(examples))))
    size = sum(part.element_size() * part.nelement() for part in first) / len(first[0])
    if size * len(examples) > most_bytes:
        return examples
    chunks = [
        examples.batch(range(start, min(start + CHUNK, len(examples))))
        for start in range(0, len(examples), CHUNK)
    ]
    pictures, target, mask = (torch.cat(parts) for parts in zip(*chunks, strict=True))
    half = pictures.half()
    return TensorExamples(half if torch.equal(half.float(), pictures) else pictures, target, mask)


def of_epoch(examples: Examples, epoch: int) -> Examples:
    """Return the examples of one epoch: drawn anew if they have a method ``of_epoch``."""
    draw = getattr(examples, "of_epoch", None)
    return draw(epoch) if draw else examples


class WholeBatches(Dataset[Batch]):
    """Lets a `DataLoader` read a whole batch at once."""

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
    """Return batches of the examples in the given order; ``full`` leaves out a smaller last one."""
    return DataLoader(
        WholeBatches(examples),
        batch_size=batch,
        sampler=order,  # any sequence of numbers
        collate_fn=_as_is,
        num_workers=workers,
        # Batch statistics of a last handful of pictures would be noise.
        drop_last=full and len(examples) >= batch,
    )


def _as_is(batch: Any) -> Any:
    return batch
