"""Our scenes in five domains, labeled by the object that a view shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.bias.sets import load_sets
from benchmarks.bias.settings import Settings
from benchmarks.data.data import Data
from benchmarks.data.folders import DOMAINS
from taskgraph.arrays import Booleans, Integers

WORLD_SEED = 19
"""Seed of the scenes: not that of the buildings on which the bank's encoders were trained."""
SIZE = 64
"""Pixels along each side of the scenes."""
OBJECTS = 18
"""Number of classes: the objects that most views show."""


def load_scenes(settings: Settings) -> list[Data]:
    """Return the five domains of the same buildings, which are rendered if they are missing.

    A label is the object of the class label (`class_object`). Views of an object that is not among
    the `OBJECTS` most frequent ones of the first domain, or of none, are left out.
    """
    from encoders.scenes.making.make import make

    work = Path(settings.work)
    names = ["scenes" if domain == "day" else f"scenes-{domain}" for domain in DOMAINS]
    for name, domain in zip(names, DOMAINS, strict=True):
        make(
            work / name,
            buildings=settings.buildings,
            views=settings.views,
            size=SIZE,
            seed=WORLD_SEED,
            domain=domain,
        )
    sets = load_sets(names, work)
    labeled = [_by_object(data, work / data.name) for data in sets]
    assert labeled[0].labels is not None
    counts = np.bincount(labeled[0].labels, minlength=len(labeled[0].classes))
    kept = np.sort(np.argsort(-counts, kind="stable")[:OBJECTS])
    return [_with_classes(data, kept) for data in labeled]


def _by_object(data: Data, folder: Path) -> Data:
    """Return a world's views with their objects as classes; views without one are left out."""
    from encoders.codecs.encodings import read_value
    from encoders.dataset.index import read_index
    from encoders.scenes.making.manifest import read_manifest

    paths = read_index(folder).files("class_object").paths
    shares = np.stack([read_value(folder / path, "class_object") for path in paths])
    classes = tuple(read_manifest(folder)["classes"]["class_object"])
    whole = replace(data, labels=shares.argmax(axis=1), classes=classes, splits={})
    return _rows(whole, shares.max(axis=1) > 0)


def _with_classes(data: Data, kept: Integers) -> Data:
    """Return the items of some classes, with labels that count these alone."""
    assert data.labels is not None
    few = _rows(data, np.isin(data.labels, kept))
    assert few.labels is not None
    classes = tuple(data.classes[k] for k in kept)
    return replace(few, labels=np.searchsorted(kept, few.labels), classes=classes)


def _rows(data: Data, mask: Booleans) -> Data:
    """Return the items where ``mask`` is true."""
    assert data.labels is not None
    groups = tuple(np.array(data.groups)[mask])
    return replace(data, inputs=data.inputs[mask], labels=data.labels[mask], groups=groups)
