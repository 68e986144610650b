"""Data sets in the user's folder: CIFAR, SVHN, STL-10, our scenes, and folders of pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.data.data import OWN_LICENSE, TEST, TRAIN, VAL
from benchmarks.data.formats import (
    class_folders,
    list_pictures,
    read_cifar,
    read_names,
    read_picture,
    read_stl,
    read_svhn,
)
from benchmarks.data.left_out import note_left_out
from benchmarks.data.packages import DIGITS, all_rows
from benchmarks.data.source import RawData, Source
from taskgraph.arrays import Integers, Pixels
from taskgraph.errors import InvalidTableError

DOMAINS = ("day", "evening", "drawn", "loft", "phone")
FOLDER_SIZE = 64
"""Pixels along each side that the pictures of a folder are shrunk to."""


def within(*names: str) -> Callable[[Path | None], Path | None]:
    """Return a function that finds the first of these folders in the user's folder."""
    return partial(_first_within, names)


def _first_within(names: Sequence[str], root: Path | None) -> Path | None:
    """Return the first path in the user's folder that exists; None without one or the folder."""
    paths = [root / name for name in names] if root else []
    return next((path for path in paths if path.exists()), None)


def own_test(train: int, test: int) -> dict[str, Integers]:
    """Return the splits of a set whose first ``train`` items are for training."""
    return {TRAIN: np.arange(train), TEST: np.arange(train, train + test)}


def read_cifar10(place: Path) -> RawData:
    """Return CIFAR-10 from the folder that its archive holds."""
    images, labels = read_cifar([place / f"data_batch_{k}" for k in range(1, 6)], "labels")
    tested, answers = read_cifar([place / "test_batch"], "labels")
    names = read_names(place / "batches.meta", "label_names")
    return RawData(
        np.concatenate([images, tested]),
        np.concatenate([labels, answers]),
        names,
        own_test(len(images), len(tested)),
    )


def read_cifar100(place: Path) -> RawData:
    """Return CIFAR-100, with its 100 fine classes, from the folder that its archive holds."""
    images, labels = read_cifar([place / "train"], "fine_labels")
    tested, answers = read_cifar([place / "test"], "fine_labels")
    names = read_names(place / "meta", "fine_label_names")
    return RawData(
        np.concatenate([images, tested]),
        np.concatenate([labels, answers]),
        names,
        own_test(len(images), len(tested)),
    )


def read_svhn_folder(place: Path) -> RawData:
    """Return the cropped digits of SVHN."""
    images, labels = read_svhn(place / "train_32x32.mat")
    tested, answers = read_svhn(place / "test_32x32.mat")
    return RawData(
        np.concatenate([images, tested]),
        np.concatenate([labels, answers]),
        DIGITS,
        own_test(len(images), len(tested)),
    )


def read_stl10(place: Path) -> RawData:
    """Return the labeled images of STL-10."""
    images, labels = read_stl(place / "train_X.bin", place / "train_y.bin")
    tested, answers = read_stl(place / "test_X.bin", place / "test_y.bin")
    names = tuple((place / "class_names.txt").read_text().split())
    return RawData(
        np.concatenate([images, tested]),
        np.concatenate([labels, answers]),
        names,
        own_test(len(images), len(tested)),
    )


def read_folder(place: Path) -> RawData:
    """Return the pictures of a folder with one subfolder a class.

    A folder that holds ``train`` and ``test`` (or ``val``) has these splits.

    Raises
    ------
    InvalidTableError
        If no subfolder has a picture.
    """
    parts = [name for name in (TRAIN, VAL, TEST) if (place / name).is_dir()]
    if TRAIN not in parts:  # then these are names of classes
        parts = []
    roots = [place / name for name in parts] or [place]
    names = sorted({path.name for root in roots for path in class_folders(root)})
    images: list[Pixels] = []
    labels: list[int] = []
    rows: list[Integers] = []
    for root in roots:
        begin = len(images)
        for label, name in enumerate(names):
            for path in list_pictures(root / name) if (root / name).is_dir() else []:
                images.append(read_picture(path, FOLDER_SIZE))
                labels.append(label)
        rows.append(np.arange(begin, len(images)))
    if not images:
        raise InvalidTableError(
            f"{place} has no picture in a subfolder, expected one subfolder a class"
        )
    note_left_out(place, names, parts)
    splits = dict(zip(parts, rows, strict=True)) if parts else all_rows(len(images))
    if VAL in splits and TEST not in splits:  # a set with two splits: the second one is tested on
        splits[TEST] = splits.pop(VAL)
    return RawData(np.stack(images), np.array(labels, np.int64), tuple(names), splits)


def read_scenes(place: Path) -> RawData:
    """Return the views of a folder of ``taskgraph scenes``, split by buildings.

    The label of a view is its room type.
    """
    from encoders.codecs.encodings import read_value
    from encoders.dataset.index import read_index
    from encoders.dataset.splits import split_buildings
    from encoders.scenes.making.manifest import read_manifest

    index, manifest = read_index(place), read_manifest(place)
    names = tuple(manifest["classes"]["class_scene"])
    paths, rooms = index.files("rgb").paths, index.files("class_scene").paths
    images = np.stack([read_picture(place / path) for path in paths])
    labels = [int(np.argmax(read_value(place / path, "class_scene"))) for path in rooms]
    groups = tuple(index.buildings[number] for number in index.building)
    splits = {
        name: np.flatnonzero(np.isin(groups, buildings))
        for name, buildings in split_buildings(index.buildings).items()
    }
    return RawData(images, np.array(labels, np.int64), names, splits, groups)


def _scenes(domain: str) -> Source:
    name = "scenes" if domain == "day" else f"scenes-{domain}"
    return Source(
        name,
        f"rendered rooms of the domain {domain}, 10 room types",
        "MIT (made by this project)",
        f"taskgraph scenes FOLDER/{name} --domain {domain}, where FOLDER is that of --data-root",
        within(name),
        read_scenes,
        may_change=True,
    )


def folder_source(name: str) -> Source:
    """Return the source of a folder of pictures in the user's folder."""
    return Source(
        name,
        f"pictures of a folder, shrunk to {FOLDER_SIZE} x {FOLDER_SIZE}; one subfolder a class",
        OWN_LICENSE,
        f"put it into the folder of --data-root as {name}, with one subfolder a class",
        within(name),
        partial(read_folder),
        may_change=True,
    )


def folder_at(place: Path, name: str, read: Callable[[Path], RawData] = read_folder) -> Source:
    """Return the source of a folder of the user that lies anywhere."""
    get = f"the folder {place.name}"
    return Source(
        name, "pictures of a folder", OWN_LICENSE, get, lambda _: place, read, may_change=True
    )


SOURCES = (
    *map(_scenes, DOMAINS),
    Source(
        "cifar-10",
        "60,000 images of 32 x 32, 10 classes",
        "not stated by its authors",
        "download cifar-10-python.tar.gz from www.cs.toronto.edu/~kriz/cifar.html and unpack it "
        "in the folder of --data-root",
        within("cifar-10-batches-py"),
        read_cifar10,
    ),
    Source(
        "cifar-100",
        "60,000 images of 32 x 32, 100 classes",
        "not stated by its authors",
        "download cifar-100-python.tar.gz from www.cs.toronto.edu/~kriz/cifar.html and unpack it "
        "in the folder of --data-root",
        within("cifar-100-python"),
        read_cifar100,
    ),
    Source(
        "svhn",
        "99,289 images of 32 x 32, 10 digits",
        "non-commercial use",
        "download train_32x32.mat and test_32x32.mat from ufldl.stanford.edu/housenumbers into "
        "svhn in the folder of --data-root",
        within("svhn"),
        read_svhn_folder,
    ),
    Source(
        "stl-10",
        "13,000 labeled images of 96 x 96, 10 classes",
        "not stated by its authors",
        "download stl10_binary.tar.gz from cs.stanford.edu/~acoates/stl10 and unpack it in the "
        "folder of --data-root",
        within("stl10_binary"),
        read_stl10,
    ),
)
