"""Examples by number, and the order in which training asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

Batch = tuple[Tensor, Tensor, Tensor]
"""Pictures, target, mask."""


class Examples(Protocol):
    """What a network is trained on: numbered examples that are fetched many at a time."""

    def __len__(self) -> int:
        """How many there are."""

    def batch(self, indices: Sequence[int]) -> Batch:
        """Pictures, targets and masks of some examples, stacked."""


class Fetch(Dataset[Batch]):
    """Lets a `DataLoader` fetch a whole batch at once."""

    def __init__(self, examples: Examples) -> None:
        self.examples = examples

    def __getitems__(self, indices: list[int]) -> Batch:
        return self.examples.batch(indices)

    def __getitem__(self, index: int) -> Batch:
        return self.examples.batch([index])


class InOrder(Sampler[int]):
    """0, 1, 2, …"""

    def __init__(self, count: int) -> None:
        self.count = count

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.count))

    def __len__(self) -> int:
        return self.count


class Shuffled(InOrder):
    """This device's share of a permutation that depends on (seed, epoch) alone."""

    def __init__(self, count: int, seed: int, epoch: int, rank: int, world: int) -> None:
        generator = np.random.default_rng(np.random.SeedSequence([seed, epoch]))
        self.order = generator.permutation(count)[rank : count - count % world : world].tolist()
        super().__init__(len(self.order))

    def __iter__(self) -> Iterator[int]:
        return iter(self.order)


def loader(
    examples: Examples, order: Sampler[int], *, batch: int, workers: int = 0, full: bool = False
) -> DataLoader[Batch]:
    """Batches in the given order; ``full`` leaves out a last, smaller one."""
    return DataLoader(
        Fetch(examples),
        batch_size=batch,
        sampler=order,
        collate_fn=_as_is,
        num_workers=workers,
        # Batch statistics of a last handful of pictures would be noise.
        drop_last=full and len(examples) >= batch,
    )


def _as_is(batch: Any) -> Any:
    return batch
