"""The two loops whose epochs are timed: `encoders.fit`, and a tutorial's plain PyTorch loop."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from benchmarks.speed.training.settings import Settings
from encoders.losses import Loss, batch_mean
from encoders.training.config import FitConfig
from encoders.training.fit import fit
from encoders.training.loading import Batch, Examples


@dataclass(frozen=True)
class FirstExamples(Dataset[Batch]):
    """The first ``count`` examples of a data set; items are single examples, batches are many."""

    examples: Examples
    count: int

    def __len__(self) -> int:
        return min(self.count, len(self.examples))

    def batch(self, indices: Any) -> Batch:
        """Return what `Examples.batch` does."""
        return self.examples.batch(indices)

    def __getitem__(self, index: int) -> Batch:
        pictures, target, mask = self.examples.batch([index])
        return pictures[0], target[0], mask[0]


Speeds = list[tuple[float, float]]
"""(pictures a second, share of the time spent waiting) for each epoch."""


def ours(model: nn.Module, loss: Loss, train: FirstExamples, settings: Settings) -> Speeds:
    """Train with `encoders.fit`: channels_last, mixed precision, whole batches fetched at once."""
    config = FitConfig(
        settings.epochs + 1, settings.batch, precision=settings.precision, workers=settings.workers
    )
    valid = FirstExamples(train.examples, settings.batch)
    with tempfile.TemporaryDirectory() as folder:
        epochs = fit(model, loss, train, valid, Path(folder), config).epochs
    return [(row.images_per_second, row.waiting) for row in epochs]


def plain(model: nn.Module, loss: Loss, train: FirstExamples, settings: Settings) -> Speeds:
    """Train as a tutorial does: a `DataLoader` of single examples, AdamW, float32."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=FitConfig.learning_rate)
    batches = DataLoader(
        train, settings.batch, shuffle=True, drop_last=True, num_workers=settings.workers
    )
    speeds = []
    for _ in range(settings.epochs + 1):
        seen, waited, begin = 0, 0.0, time.perf_counter()
        asked = begin
        for batch in batches:
            waited += time.perf_counter() - asked
            pictures, target, mask = (tensor.to(device) for tensor in batch)
            mean = batch_mean(loss(model(pictures), target, mask), mask)
            optimizer.zero_grad()
            mean.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            float(mean.detach())  # waits for the device, as printing the loss does
            seen += len(pictures)
            asked = time.perf_counter()
        spent = time.perf_counter() - begin
        speeds.append((seen / spent, waited / spent))
    return speeds


METHODS: dict[str, Callable[[nn.Module, Loss, FirstExamples, Settings], Speeds]] = {
    "encoders.fit": ours,
    "plain PyTorch": plain,
}
