"""Families of targets that share a matrix of moments: the same features of the same images."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from encoders.tasks import Task
from encoders.tasks.own import find_task
from encoders.transfer.data import TransferData, Views
from encoders.transfer.ridge import (
    Statistics,
    compared_features,
    local_features,
    pooled_features,
    related_features,
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


def families(
    targets: Sequence[str], masked: Collection[str] = (), *, own: Sequence[Task] = ()
) -> list[Family]:
    """Group targets into families.

    Maps of the same input share their features, and so do targets of single pictures as a whole. A
    task of several pictures is a family of its own, as it chooses its own partners. So is each
    target in ``masked``: some images lack it (`lacks_some`), so that its examples are others.
    ``own`` has the tasks that are not of the dictionary.
    """
    groups: dict[tuple[str, str, str], list[str]] = {}
    for name in targets:
        task = find_task(name, own)
        form = feature_form(task)
        alone = form in ("related", "compared") or name in masked
        groups.setdefault((form, input_kind(task), name if alone else ""), []).append(name)
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


def batches(views: Views) -> Iterator[Integers]:
    """Yield the numbers of a part's images, `IMAGES` at a time."""
    for start in range(0, len(views), IMAGES):
        yield np.arange(start, min(start + IMAGES, len(views)))
