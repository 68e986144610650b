"""Examples by number, and the order in which training asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

Batch = tuple[Tensor, Tensor, Tensor]
"""Pictures, target, mask."""


class Examples(Protocol):
    """What a network is trained on: numbered examples that are fetched many at a time."""

    def __len__(self) -> int:
        """How many there are."""

    def batch(self, indices: Sequence[int]) -> Batch:
        """Pictures, targets and masks of some examples, stacked."""


def of_epoch(examples: Examples, epoch: int) -> Examples:
    """What to train on in an epoch; examples with a method ``of_epoch`` are drawn anew in each."""
    draw = getattr(examples, "of_epoch", None)
    return draw(epoch) if draw else examples


class Fetch(Dataset[Batch]):
    """Lets a `DataLoader` fetch a whole batch at once."""

    def __init__(self, examples: Examples) -> None:
        self.examples = examples

    def __getitems__(self, indices: list[int]) -> Batch:
        return self.examples.batch(indices)

    def __getitem__(self, index: int) -> Batch:
        return self.examples.batch([index])


def shuffled(count: int, seed: int, epoch: int, rank: int, world: int) -> list[int]:
    """One device's share of a permutation of the examples that (seed, epoch) alone decide."""
    generator = np.random.default_rng(np.random.SeedSequence([seed, epoch]))
    order: list[int] = generator.permutation(count)[rank : count - count % world : world].tolist()
    return order


def loader(
    examples: Examples, order: Sequence[int], *, batch: int, workers: int = 0, full: bool = False
) -> DataLoader[Batch]:
    """Batches in the given order; ``full`` leaves out a last, smaller one."""
    return DataLoader(
        Fetch(examples),
        batch_size=batch,
        sampler=order,  # any sequence of numbers
        collate_fn=_as_is,
        num_workers=workers,
        # Batch statistics of a last handful of pictures would be noise.
        drop_last=full and len(examples) >= batch,
    )


def _as_is(batch: Any) -> Any:
    return batch
