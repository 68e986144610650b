"""Targets that share a matrix of moments: those read from the same features of the same images."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from encoders.errors import InvalidDataError
from encoders.tasks import TASKS, Task
from encoders.transfer.data import Pool, PoolConfig, Views, open_pool
from encoders.transfer.ridge import (
    Moments,
    Regressand,
    Statistics,
    compared,
    local,
    pooled,
    regressand,
    related,
    runs,
)
from encoders.transfer.store import PLAIN, Store, kind_of
from taskgraph.arrays import Floats32, Integers

IMAGES = 32
"""Looked at together: 32 images of 26 sources have 256 places with 1,872 features each."""

SINGLE = {"local": local, "pooled": pooled}
SEVERAL = {"related": related, "compared": compared}


@dataclass(frozen=True)
class Family:
    """Some targets and what their read-outs see.

    Attributes
    ----------
    name : str
    targets : tuple of str
    kind : str
        Of input (`encoders.transfer.store.kind_of`).
    form : "local", "pooled", "related" or "compared"
        The function of `encoders.transfer.ridge` that makes features of representations.
    """

    name: str
    targets: tuple[str, ...]
    kind: str
    form: str


def families(targets: Sequence[str], masked: Collection[str] = ()) -> list[Family]:
    """Maps of the same input share features, and so do answers to single pictures.

    Tasks of several pictures do not, as each chooses its own partners, nor do the ``masked``:
    targets that single pictures lack (`lacks_some`), each with its own pictures to learn from.
    """
    found: dict[tuple[str, str, str], list[str]] = {}
    for name in targets:
        form = form_of(TASKS[name])
        alone = form in ("related", "compared") or name in masked
        found.setdefault((form, kind_of(TASKS[name]), name if alone else ""), []).append(name)
    return [
        Family(own or (form if kind == PLAIN else f"{form}-{kind}"), tuple(names), kind, form)
        for (form, kind, own), names in found.items()
    ]


def form_of(task: Task) -> str:
    """The features that a task's closed-form read-outs see.

    Whether two pictures match is the same in either order, a pose is not.
    """
    assert task.output is not None
    if task.output.pixels:
        return "local"
    if task.inputs == 1:
        return "pooled"
    return "compared" if task.output.kind == "classes" else "related"


def lacks_some(pool: Pool) -> bool:
    """Whether some image has no target, of a task whose answer is of the image as a whole."""
    task = pool.task
    if task.output is None or task.output.pixels:
        return False
    parts = (pool.train, pool.valid, pool.test)
    return any(not bool(part.batch(chosen)[2].all()) for part in parts for chosen in batches(part))


@dataclass(frozen=True, eq=False)
class Measured:
    """A family's moments, and what is needed to go back from them to single images.

    Attributes
    ----------
    groups, outputs : dict of slices
        Each source's columns among the features, each target's among the outputs.
    train, valid, test : Moments
    """

    family: Family
    sources: tuple[str, ...]
    pools: dict[str, Pool]
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
        """(rows, p) features of some sources, in the order given."""
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
    """What a family's read-outs see of some images."""
    each = represented(family, store, views, indices, sources)  # (B, n, S, f, g, g)
    if family.form in SEVERAL:
        return SEVERAL[family.form](each, statistics)
    return SINGLE[family.form](each[:, 0], statistics)


def represented(
    family: Family, store: Store, views: Views, indices: Integers, sources: Sequence[str]
) -> Floats32:
    """(B, n, S, f, g, g) representations."""
    rows = views.pictures(indices)
    return np.stack([store.of(name, family.kind, rows) for name in sources], axis=2).astype(
        np.float32
    )


def moments(family: Family, config: PoolConfig, store: Store, sources: Sequence[str]) -> Measured:
    """Look at all images of a family's pool, once.

    Raises
    ------
    InvalidDataError
        If the sources differ in features or grid, or the targets in images.
    """
    shapes = {name: store.shape(name) for name in sources}
    if len(set(shapes.values())) > 1:
        told = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise InvalidDataError(f"sources of several shapes share no moments: {told}")
    pools = {name: open_pool(config, name) for name in family.targets}
    first = next(iter(pools.values()))
    for name, pool in pools.items():
        if pool.train.images() != first.train.images():
            raise InvalidDataError(
                f"{name} has other images than {family.targets[0]}: some views lack its files; "
                "mend the data set, or leave the target out"
            )
    statistics = Statistics.observe(
        represented(family, store, first.train, part, sources) for part in batches(first.train)
    )
    grid = next(iter(shapes.values()))[1]
    regressands = {name: observed(pool, grid) for name, pool in pools.items()}
    gathered = [
        gathered_of(
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
    width = len(gathered[0].mean_x)
    return Measured(
        family,
        tuple(sources),
        pools,
        statistics,
        regressands,
        runs(list(sources), width),
        outputs,
        *gathered,
    )


def gathered_of(
    family: Family,
    store: Store,
    sources: Sequence[str],
    statistics: Statistics,
    regressands: dict[str, Regressand],
    parts: dict[str, Views],
) -> Moments:
    """The moments of one part of the pool."""
    first = next(iter(parts.values()))
    found: Moments | None = None
    for indices in batches(first):
        x = features(family, store, first, indices, sources, statistics)
        y, weight = [], None
        for name, views in parts.items():
            _, target, mask = views.batch(indices)
            y.append(regressands[name].numbers(target, mask))
            if family.form != "local":  # those that share this have all the same images
                weight = Regressand.weight(mask).astype(np.float64)
        answers = np.concatenate(y, axis=1)
        found = found or Moments(x.shape[1], answers.shape[1])
        found.add(x, answers, weight)
    assert found is not None
    return found


def observed(pool: Pool, grid: int) -> Regressand:
    """A target's numbers on the images trained on."""
    return regressand(pool.task, (pool.train.batch(part)[1:] for part in batches(pool.train)), grid)


def batches(views: Views) -> Iterator[Integers]:
    """Numbers of a part's images, a few at a time."""
    for start in range(0, len(views), IMAGES):
        yield np.arange(start, min(start + IMAGES, len(views)))
