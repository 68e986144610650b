"""Build the encoder of a source, of the bank or from outside it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from torch import Tensor, nn

from encoders.bank.pretrained import load
from encoders.dataset import TaskonomyDataset
from encoders.networks import fit_projection
from encoders.transfer.data import buildings_of, evenly
from encoders.transfer.settings import TransferConfig
from encoders.transfer.store import BATCH, Store, alone, read_views
from taskgraph.arrays import Integers

FITTED = 256
"""Largest number of training images on which principal components are computed."""


def source_encoder(
    config: TransferConfig, source: str, dataset: TaskonomyDataset, task: str, store: Store
) -> nn.Module:
    """Return a source's frozen encoder.

    The channels of an external one are reduced to principal components, which are computed on the
    training images of the transfers.

    Parameters
    ----------
    dataset : TaskonomyDataset
        The data set, with all buildings.
    task : str
        The task whose input the encoder is shown.
    store : Store
        Has the list of the views that transfers use.
    """
    described = next((one for one in config.external if one.name == source), None)
    if described is None:
        return load(source, config.bank).encoder
    encoder = described.build(probe=config.pool.size)
    encoder.to(config.fit.fabric().device)
    if not described.channels or encoder.features <= described.channels:
        return encoder
    training = dataset.index.rows_of(buildings_of(config.pool, dataset.index.buildings)["train"])
    rows = np.intersect1d(read_views(store), training)
    numbers = np.flatnonzero(np.isin(dataset.rows, evenly(rows, FITTED)))
    pictures = _pictures(dataset, task, numbers)
    device = config.fit.fabric().device
    return fit_projection(encoder, (one.to(device) for one in pictures), described.channels).to(
        device
    )


def _pictures(dataset: TaskonomyDataset, task: str, numbers: Integers) -> Iterator[Tensor]:
    """Yield the pictures of some examples, without partners, in batches."""
    for start in range(0, len(numbers), BATCH):
        yield alone(dataset.batch(task, numbers[start : start + BATCH])[0])
