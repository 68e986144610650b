"""Families of targets that share a matrix of moments: the same features of the same images."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from encoders.errors import InvalidDataError
from encoders.tasks import TASKS, Task
from encoders.transfer.data import TransferData, TransferDataConfig, Views, open_transfer_data
from encoders.transfer.ridge import (
    Moments,
    Regressand,
    Statistics,
    compared_features,
    local_features,
    pooled_features,
    regressand,
    related_features,
    runs,
)
from encoders.transfer.store import PLAIN, Store, input_kind
from taskgraph.arrays import Floats32, Integers

IMAGES = 32
"""Number of images read at a time: with 26 sources, each has 256 places of 1,872 features."""

SINGLE = {"local": local_features, "pooled": pooled_features}
"""By form: the function that computes the features of targets of one picture."""

SEVERAL = {"related": related_features, "compared": compared_features}
"""By form: the function that computes the features of targets of several pictures."""


@dataclass(frozen=True)
class Family:
    """Targets whose read-outs have the same features of the same images.

    Attributes
    ----------
    name : str
        Name of the family, and of its file of results.
    targets : tuple of str
    kind : str
        Kind of the input that representations are computed from (`encoders.transfer.store`).
    form : "local", "pooled", "related" or "compared"
        The function of `encoders.transfer.ridge` that computes features of representations.
    """

    name: str
    targets: tuple[str, ...]
    kind: str
    form: str


def families(targets: Sequence[str], masked: Collection[str] = ()) -> list[Family]:
    """Group targets into families.

    Maps of the same input share their features, and so do targets of single pictures as a whole. A
    task of several pictures is a family of its own, as it chooses its own partners. So is each
    target in ``masked``: some images lack it (`lacks_some`), so that its examples are others.
    """
    groups: dict[tuple[str, str, str], list[str]] = {}
    for name in targets:
        form = feature_form(TASKS[name])
        alone = form in ("related", "compared") or name in masked
        groups.setdefault((form, input_kind(TASKS[name]), name if alone else ""), []).append(name)
    return [
        Family(own or (form if kind == PLAIN else f"{form}-{kind}"), tuple(names), kind, form)
        for (form, kind, own), names in groups.items()
    ]


def feature_form(task: Task) -> str:
    """Return the form of the features of a task's ridge read-outs.

    For several pictures it is "compared", which does not depend on their order, if the target is a
    class (matching), and "related" otherwise (poses).
    """
    assert task.output is not None
    if task.output.pixels:
        return "local"
    if task.inputs == 1:
        return "pooled"
    return "compared" if task.output.kind == "classes" else "related"


def lacks_some(pool: TransferData) -> bool:
    """Return whether an image has no target, for a task whose target is of the image as a whole."""
    task = pool.task
    if task.output is None or task.output.pixels:
        return False
    parts = (pool.train, pool.valid, pool.test)
    return any(not bool(part.batch(chosen)[2].all()) for part in parts for chosen in batches(part))


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


def features(
    family: Family,
    store: Store,
    views: Views,
    indices: Integers,
    sources: Sequence[str],
    statistics: Statistics,
) -> Floats32:
    """Return the features of a family's read-outs for some images, (rows, p)."""
    each = represented(family, store, views, indices, sources)  # (B, n, S, f, g, g)
    if family.form in SEVERAL:
        return SEVERAL[family.form](each, statistics)
    return SINGLE[family.form](each[:, 0], statistics)


def represented(
    family: Family, store: Store, views: Views, indices: Integers, sources: Sequence[str]
) -> Floats32:
    """Return the sources' representations of some images, (B, n, S, f, g, g)."""
    rows = views.pictures(indices)
    return np.stack([store.of(name, family.kind, rows) for name in sources], axis=2).astype(
        np.float32
    )


def moments(
    family: Family, config: TransferDataConfig, store: Store, sources: Sequence[str]
) -> Measured:
    """Compute a family's moments, reading each image once.

    Raises
    ------
    InvalidDataError
        If the sources differ in channels or grid, or the targets in images.
    """
    shapes = {name: store.shape(name) for name in sources}
    if len(set(shapes.values())) > 1:
        listing = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise InvalidDataError(f"sources of several shapes share no moments: {listing}")
    pools = {name: open_transfer_data(config, name) for name in family.targets}
    first = next(iter(pools.values()))
    for name, pool in pools.items():
        if pool.train.images() != first.train.images():
            raise InvalidDataError(
                f"{name} has other images than {family.targets[0]}: some views lack its files; "
                "mend the data set, or leave the target out"
            )
    statistics = Statistics.observe(
        represented(family, store, first.train, batch, sources) for batch in batches(first.train)
    )
    grid = next(iter(shapes.values()))[1]
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
    outputs, start = {}, 0
    for name, one in regressands.items():
        outputs[name] = slice(start, start + len(one.mean))
        start += len(one.mean)
    width = len(parts[0].mean_x)
    return Measured(
        family,
        tuple(sources),
        pools,
        statistics,
        regressands,
        runs(list(sources), width),
        outputs,
        *parts,
    )


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


def batches(views: Views) -> Iterator[Integers]:
    """Yield the numbers of a part's images, `IMAGES` at a time."""
    for start in range(0, len(views), IMAGES):
        yield np.arange(start, min(start + IMAGES, len(views)))
