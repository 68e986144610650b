"""Batches of tensors in memory, in an order that depends on the seed alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from benchmarks.learning.config import LoopConfig
from encoders.errors import InvalidDataError, TrainingError

TensorBatch = tuple[Tensor, ...]
BatchAugmentation = Callable[[Tensor, torch.Generator], Tensor]
"""Augmentation of a batch's images, with the generator that draws it."""


class BatchSource(Protocol):
    """Anything that gives batches: an iterable of any objects that can be iterated again."""

    def __iter__(self) -> Iterator[object]:
        """Give the batches of the next epoch."""


@dataclass
class TensorBatches:
    """Batches of items drawn without replacement, epoch after epoch.

    Each iteration is the next epoch, in another order. The last incomplete batch is left out, but
    a set smaller than a batch is one batch.

    Attributes
    ----------
    tensors : sequence of tensors
        Each has one entry an item: images and labels, for example.
    batch : int
        Items of a batch.
    seed : int
        Seed of the order and of augmentation.
    augment : callable, optional
        Applied to the first tensor of a batch.
    """

    tensors: Sequence[Tensor]
    batch: int
    seed: int = 0
    augment: BatchAugmentation | None = None
    epoch: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        counts = {len(each) for each in self.tensors}
        if len(counts) != 1 or 0 in counts or self.batch < 1:
            raise InvalidDataError(
                f"batches of {self.batch} from tensors of {sorted(counts)} items, expected equally "
                "many, at least one, and at least one in a batch"
            )

    @property
    def items(self) -> int:
        """Return the number of items."""
        return len(self.tensors[0])

    def __len__(self) -> int:
        return max(1, self.items // self.batch)

    def __iter__(self) -> Iterator[TensorBatch]:
        numbers = np.random.SeedSequence([self.seed, self.epoch]).generate_state(2)
        self.epoch += 1
        order = torch.from_numpy(np.random.default_rng(numbers[0]).permutation(self.items))
        generator = torch.Generator().manual_seed(int(numbers[1]))
        for number in range(len(self)):
            rows = order[number * self.batch : (number + 1) * self.batch]
            first, *others = (each[rows] for each in self.tensors)
            if self.augment is not None:
                first = self.augment(first, generator)
            yield first, *others


@dataclass
class JointBatches:
    """Batches of several sources at a time, such as those of several domains.

    An epoch is one of the longest source; shorter ones begin anew.

    Attributes
    ----------
    sources : sequence of `TensorBatches`
    """

    sources: Sequence[TensorBatches]

    def __len__(self) -> int:
        return max(len(source) for source in self.sources)

    def __iter__(self) -> Iterator[tuple[TensorBatch, ...]]:
        endless = [_endless(source) for source in self.sources]
        for _ in range(len(self)):
            yield tuple(next(each) for each in endless)


def _endless(source: TensorBatches) -> Iterator[TensorBatch]:
    """Give the batches of a source, epoch after epoch."""
    while True:
        yield from source


def step_counts(batches: Iterable[Any], config: LoopConfig) -> tuple[int, int]:
    """Return the number of steps, and that between evaluations."""
    length = len(batches) if isinstance(batches, Sized) else None
    if length is None and config.steps is None:
        raise TrainingError("the batches have no length; say how many steps (--steps) to train")
    steps = config.epochs * (length or 0) if config.steps is None else config.steps
    if steps < 1:
        raise TrainingError("there are no batches to train on")
    return steps, config.evaluate_every or length or steps


def endless(batches: Iterable[Any]) -> Iterator[Any]:
    """Give batches without end, iterating again each time that they end."""
    while True:
        empty = True
        for batch in batches:
            empty = False
            yield batch
        if empty:
            raise TrainingError(
                "the batches ended before the training; give an iterable that can be iterated again"
            )
