"""The streams that settings ask for, from named data sets and folders."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.data.data import TEST, TRAIN, Data
from benchmarks.data.folders import folder_at
from benchmarks.data.registry import load
from benchmarks.data.worlds import by_object, frequent_classes, scene_domains, with_classes
from benchmarks.lifelong.settings import CLASSES, SCENE_DOMAINS, SCENE_OBJECTS, Settings
from benchmarks.lifelong.streams import (
    LearningStream,
    class_incremental,
    class_order,
    stream_of_sets,
)
from benchmarks.lifelong.variants import VARIANTS
from taskgraph.errors import InvalidTableError

ALIASES = {"cifar10": "cifar-10", "cifar100": "cifar-100"}


def load_sets(settings: Settings) -> list[Data]:
    """Read the data sets, of which each is a name or the path of a folder.

    ``scene-objects`` is one set and ``scene-domains`` are five; both are rendered if they are
    missing.

    Raises
    ------
    MissingDataError, InvalidTableError
        If one is not on this machine, is damaged, or is named twice.
    """
    root = Path(settings.data_root) if settings.data_root else None
    if not settings.sets:
        raise InvalidTableError("--data is empty, expected at least one data set")
    sets = [data for name in settings.sets for data in _load(name, root, settings)]
    names = [each.name for each in sets]
    for name in names:
        if names.count(name) > 1:
            raise InvalidTableError(f'--data has "{name}" twice, expected different data sets')
    return sets


def streams(
    sets: list[Data], settings: Settings, order: int
) -> Iterator[tuple[LearningStream, int]]:
    """Give each stream in one order of its classes, and its memory K.

    With the protocol ``sets`` the steps keep the order in which they are named.
    """
    if settings.protocol != CLASSES:
        named = ((each.name, each) for each in sets)
        yield stream_of_sets(named, per_class=settings.per_class), settings.memory[0]
        return
    legacy = VARIANTS[settings.variant].order_seed
    increments = one_each(settings.increment, len(sets), "--increment")
    memories = one_each(settings.memory, len(sets), "--memory")
    for data, increment, memory in zip(sets, increments, memories, strict=True):
        classes = class_order(len(data.classes), order, legacy_seed=legacy)
        stream = class_incremental(
            data, classes, increment, base=settings.base, per_class=settings.per_class
        )
        yield stream, memory


def one_each(values: tuple[int, ...], count: int, flag: str) -> tuple[int, ...]:
    """Return one value for each of some data sets; a single value is that of all.

    Raises
    ------
    InvalidTableError
        If there are not as many values as data sets.
    """
    if len(values) == 1:
        return values * count
    if len(values) != count:
        raise InvalidTableError(
            f"{flag} has {len(values)} numbers for {count} data sets, expected one, or one for each"
        )
    return values


def stream_hash(stream: LearningStream) -> str:
    """Return the SHA-256 of all images, labels and classes of a stream, in their order."""
    digest = hashlib.sha256(repr(stream.classes).encode())
    for step in stream.steps:
        for split, (images, labels) in step.parts.items():
            digest.update(f"{split} {tuple(images.shape)}".encode())
            digest.update(images.permute(0, 2, 3, 1).contiguous().numpy().tobytes())
            digest.update(labels.tobytes())
    return digest.hexdigest()


def scene_objects(settings: Settings) -> Data:
    """Return our scenes of the domain ``day`` with the most frequent objects as classes.

    Raises
    ------
    InvalidTableError
        If fewer than so many objects have training and test images.
    """
    work = Path(settings.worlds)
    (rooms,) = scene_domains(
        work, buildings=settings.buildings, views=settings.views, domains=("day",)
    )
    every = by_object(rooms, work / rooms.name)
    assert every.labels is not None
    trained, tested = (every.labels[every.splits[split]] for split in (TRAIN, TEST))
    in_both = np.intersect1d(trained, tested)
    complete = with_classes(every, in_both)
    if len(complete.classes) < settings.objects:
        raise InvalidTableError(
            f"--objects is {settings.objects}, and {len(complete.classes)} objects have training "
            "and test images; raise --buildings or --views"
        )
    chosen = with_classes(complete, frequent_classes(complete, settings.objects))
    return replace(chosen, name=SCENE_OBJECTS)


def _load(name: str, root: Path | None, settings: Settings) -> list[Data]:
    """Return the data sets of a name, or from the folder of that path."""
    if name == SCENE_OBJECTS:
        return [scene_objects(settings)]
    if name == SCENE_DOMAINS:
        return scene_domains(
            Path(settings.worlds), buildings=settings.buildings, views=settings.views
        )
    return [_read(name, root)]


def _read(name: str, root: Path | None) -> Data:
    """Return a data set by its name, or from the folder of that path."""
    place = Path(name)
    if "/" not in name and not place.is_dir():
        return load(ALIASES.get(name, name), root)
    if not place.is_dir():
        raise InvalidTableError(f"--data: there is no folder {name}")
    return folder_at(place, place.resolve().name).load(root)
