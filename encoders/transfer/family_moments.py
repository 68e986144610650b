"""The moments of a family's features and outputs, from which its ridge read-outs are computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from encoders.errors import InvalidDataError
from encoders.transfer.data import TransferData, TransferDataConfig, Views, open_transfer_data
from encoders.transfer.families import Family, batches, features, represented
from encoders.transfer.ridge import (
    Moments,
    Regressand,
    Statistics,
    regressand,
    runs,
)
from encoders.transfer.store import Store
from taskgraph.arrays import Floats32, Integers


@dataclass(frozen=True, eq=False)
class Measured:
    """A family's moments, and what predictions for single images need.

    Attributes
    ----------
    family : Family
    sources : tuple of str
    pools : dict of Pool
        By target: its examples.
    statistics : Statistics
        Mean and deviation of the sources' channels on the training images.
    regressands : dict of Regressand
        By target: the numbers that are predicted.
    groups, outputs : dict of slices
        By source: its columns of the features. By target: its columns of the outputs.
    train, valid, test : Moments
    """

    family: Family
    sources: tuple[str, ...]
    pools: dict[str, TransferData]
    statistics: Statistics
    regressands: dict[str, Regressand]
    groups: dict[str, slice]
    outputs: dict[str, slice]
    train: Moments
    valid: Moments
    test: Moments

    def features(
        self, store: Store, views: Views, indices: Integers, sources: Sequence[str]
    ) -> Floats32:
        """Return the features of some sources, in the order given, for some images: (rows, p)."""
        numbers = [self.sources.index(name) for name in sources]
        return features(self.family, store, views, indices, sources, self.statistics.of(numbers))


def moments(
    family: Family, config: TransferDataConfig, store: Store, sources: Sequence[str]
) -> Measured:
    """Compute a family's moments, reading each image once.

    Raises
    ------
    InvalidDataError
        If the sources differ in channels or grid, or the targets in images.
    """
    grid = _common_grid(store, sources)
    pools = {name: open_transfer_data(config, name) for name in family.targets}
    _check_images(pools)
    train = next(iter(pools.values())).train
    statistics = Statistics.observe(
        represented(family, store, train, batch, sources) for batch in batches(train)
    )
    regressands = {name: regressand_of(pool, grid) for name, pool in pools.items()}
    parts = [
        moments_of_part(
            family,
            store,
            sources,
            statistics,
            regressands,
            {name: getattr(pool, part) for name, pool in pools.items()},
        )
        for part in ("train", "valid", "test")
    ]
    width = len(parts[0].mean_x)
    return Measured(
        family,
        tuple(sources),
        pools,
        statistics,
        regressands,
        runs(list(sources), width),
        _consecutive({name: len(one.mean) for name, one in regressands.items()}),
        *parts,
    )


def _common_grid(store: Store, sources: Sequence[str]) -> int:
    """Return the side of the grid of the sources' representations; raise if shapes differ."""
    shapes = {name: store.shape(name) for name in sources}
    if len(set(shapes.values())) > 1:
        listing = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise InvalidDataError(f"sources of several shapes share no moments: {listing}")
    return next(iter(shapes.values()))[1]


def _check_images(pools: Mapping[str, TransferData]) -> None:
    """Raise unless all targets have the same training images."""
    first = next(iter(pools))
    for name, pool in pools.items():
        if pool.train.images() != pools[first].train.images():
            raise InvalidDataError(
                f"{name} has other images than {first}: some views lack its files; "
                "mend the data set, or leave the target out"
            )


def _consecutive(lengths: Mapping[str, int]) -> dict[str, slice]:
    """Return by name the columns of parts of these lengths that follow each other."""
    ends = np.cumsum(list(lengths.values())).tolist()
    return {
        name: slice(end - length, end)
        for (name, length), end in zip(lengths.items(), ends, strict=True)
    }


def moments_of_part(
    family: Family,
    store: Store,
    sources: Sequence[str],
    statistics: Statistics,
    regressands: dict[str, Regressand],
    parts: dict[str, Views],
) -> Moments:
    """Return the moments of one part (train, valid or test) of a family's images."""
    first = next(iter(parts.values()))
    total: Moments | None = None
    for indices in batches(first):
        x = features(family, store, first, indices, sources, statistics)
        y, weight = [], None
        for name, views in parts.items():
            _, target, mask = views.batch(indices)
            y.append(regressands[name].numbers(target, mask))
            if family.form != "local":  # the targets of a family have the same masked images
                weight = Regressand.weight(mask).astype(np.float64)
        answers = np.concatenate(y, axis=1)
        total = total or Moments(x.shape[1], answers.shape[1])
        total.add(x, answers, weight)
    assert total is not None
    return total


def regressand_of(pool: TransferData, grid: int) -> Regressand:
    """Return a target's numbers for read-outs, with means and scales of the training images."""
    examples = (pool.train.batch(indices)[1:] for indices in batches(pool.train))
    return regressand(pool.task, examples, grid)
