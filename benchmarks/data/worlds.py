"""Our scenes as data sets that a suite renders itself: by room type or object, in any domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.data.data import Data
from benchmarks.data.folders import DOMAINS
from benchmarks.data.registry import load
from taskgraph.arrays import Booleans, Integers

WORLD_SEED = 19
"""Seed of the scenes: not that of the buildings on which the bank's encoders were trained."""
SIZE = 64
"""Pixels along each side of the scenes."""


def scene_domains(
    work: Path, *, buildings: int, views: int, domains: Sequence[str] = DOMAINS
) -> list[Data]:
    """Return the same buildings in each domain, labeled by room type; missing ones are rendered.

    All have the same split of buildings, so that no building is both trained and tested on in
    whatever domain. None of the buildings has trained an encoder of the bank. The names are
    ``scenes`` for the domain ``day`` and ``scenes-DOMAIN`` for the others.

    Parameters
    ----------
    work : Path
        Folder of the scenes; existing ones of the same settings are read.
    buildings, views : int
        Number of buildings, and of views of each.
    domains : sequence of str
    """
    from encoders.scenes.making.make import make

    found = []
    for domain in domains:
        name = "scenes" if domain == "day" else f"scenes-{domain}"
        make(
            work / name,
            buildings=buildings,
            views=views,
            size=SIZE,
            seed=WORLD_SEED,
            domain=domain,
        )
        # Their settings tell the items: the number of buildings and of views.
        found.append(replace(load(name, work), may_change=False))
    return found


def by_object(data: Data, folder: Path) -> Data:
    """Return a domain's views with their objects as classes; views without one are left out.

    The object of a view is that of its label ``class_object``.

    Parameters
    ----------
    data : Data
        Of `scene_domains`.
    folder : Path
        The folder of its scenes.
    """
    from encoders.codecs.encodings import read_value
    from encoders.dataset.index import read_index
    from encoders.scenes.making.manifest import read_manifest

    paths = read_index(folder).files("class_object").paths
    shares = np.stack([read_value(folder / path, "class_object") for path in paths])
    classes = tuple(read_manifest(folder)["classes"]["class_object"])
    whole = replace(data, labels=shares.argmax(axis=1), classes=classes)
    return kept_rows(whole, shares.max(axis=1) > 0)


def frequent_classes(data: Data, count: int) -> Integers:
    """Return the places of the most frequent classes, sorted; of equal ones the first are taken."""
    assert data.labels is not None
    counts = np.bincount(data.labels, minlength=len(data.classes))
    return np.sort(np.argsort(-counts, kind="stable")[:count])


def with_classes(data: Data, kept: Integers) -> Data:
    """Return the items of some classes, with labels that count these alone."""
    assert data.labels is not None
    few = kept_rows(data, np.isin(data.labels, kept))
    assert few.labels is not None
    classes = tuple(data.classes[k] for k in kept)
    return replace(few, labels=np.searchsorted(kept, few.labels), classes=classes)


def kept_rows(data: Data, mask: Booleans) -> Data:
    """Return the items where ``mask`` is true; each keeps its split and its group."""
    assert data.labels is not None
    place = np.cumsum(mask) - 1
    splits = {name: place[rows[mask[rows]]] for name, rows in data.splits.items()}
    groups = tuple(np.array(data.groups)[mask])
    return replace(
        data, inputs=data.inputs[mask], labels=data.labels[mask], splits=splits, groups=groups
    )
