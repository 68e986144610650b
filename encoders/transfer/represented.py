"""Trained read-outs and their examples, whose inputs are representations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from encoders.networks.readout import ReadOut
from encoders.tasks import Task
from encoders.training.objective import (
    output_of,
)
from encoders.transfer.data import Views
from encoders.transfer.settings import TransferConfig
from encoders.transfer.store import Store


@dataclass(frozen=True, eq=False)
class Represented:
    """Examples whose inputs are representations instead of pictures (`loading.Examples`).

    The inputs of a batch are (B, n k features, h, w): the channels of the n pictures one after the
    other, and for each picture those of the k sources.

    Attributes
    ----------
    views : Views
        The examples with pictures.
    store : Store
        The folder of the representations.
    sources : tuple of str
        The sources whose representations are joined by channel.
    kind : str
        Kind of the input that representations are computed from (`store.kind_of`).
    """

    views: Views
    store: Store
    sources: tuple[str, ...]
    kind: str

    def __len__(self) -> int:
        return len(self.views)

    def batch(self, indices: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Return representations, targets and masks of some examples."""
        _, target, mask = self.views.batch(indices)
        rows = self.views.pictures(indices)  # (B, n)
        by_source = [self.store.of(source, self.kind, rows) for source in self.sources]
        joined = np.concatenate(by_source, axis=2)  # (B, n, k features, h, w)
        flat = joined.reshape(len(rows), -1, *joined.shape[3:])
        return torch.from_numpy(flat.astype(np.float32)), target, mask


def read_out(config: TransferConfig, task: Task, store: Store, train: Represented) -> ReadOut:
    """Return a new read-out, which standardizes its input channels.

    Their means and deviations are computed from up to 256 training images.
    """
    channels = sum(store.shape(source)[0] for source in train.sources)
    generator = torch.Generator().manual_seed(config.fit.seed)
    readout = ReadOut(
        config.preset, output_of(task), channels=channels, inputs=task.inputs, generator=generator
    )
    chosen = np.unique(np.linspace(0, len(train) - 1, 256).astype(int)).tolist()
    inputs = train.batch(chosen)[0]
    readout.standardize.observe(inputs.reshape(-1, channels, *inputs.shape[2:]))
    return readout
