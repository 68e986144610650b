"""The user's own pair: two folders of pictures, of which the target may have no labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.adaptation.pair_groups import PairGroup, frozen_sets
from benchmarks.adaptation.settings import OWN, Settings
from benchmarks.data.data import OWN_LICENSE, TRAIN, VAL, Data, split_by_hash
from benchmarks.data.folders import FOLDER_SIZE
from benchmarks.data.formats import class_folders, list_pictures, read_picture
from benchmarks.data.left_out import note_left_out
from taskgraph.cli.output import note
from taskgraph.errors import InvalidTableError


@dataclass(frozen=True, eq=False)
class PictureFolder:
    """The pictures of a folder.

    Attributes
    ----------
    data : Data
    files : tuple of str
        Paths within the folder, one an item.
    """

    data: Data
    files: tuple[str, ...]


def read_pictures(folder: Path, name: str, *, flat: bool) -> PictureFolder:
    """Return the pictures of a folder with one subfolder a class, shrunk to 64 x 64.

    Parameters
    ----------
    name : str
        Name of the domain.
    flat : bool
        Whether the pictures may lie in the folder itself; they then have no labels.

    Raises
    ------
    InvalidTableError
        If there are no pictures, or one cannot be read.
    """
    classes = [path.name for path in class_folders(folder)]
    by_class = [list_pictures(folder / each) for each in classes]
    paths = [path for own in by_class for path in own]
    labels = [k for k, own in enumerate(by_class) for _ in own]
    labeled = bool(paths)
    if not labeled:
        paths = list_pictures(folder) if flat else []
    if not paths:
        where = "in a subfolder" + (" or in the folder itself" if flat else "")
        raise InvalidTableError(f"{folder} has no picture {where}, expected one subfolder a class")
    if labeled:
        note_left_out(folder, classes)
    images = np.stack([read_picture(path, FOLDER_SIZE) for path in paths])
    data = Data(
        name,
        images,
        np.array(labels, np.int64) if labeled else None,
        tuple(classes) if labeled else (),
        split_by_hash(images, np.arange(len(images)), None),
        OWN_LICENSE,
        str(folder),
        may_change=True,
    )
    return PictureFolder(data, tuple(path.relative_to(folder).as_posix() for path in paths))


def own_group(settings: Settings) -> tuple[PairGroup, PictureFolder]:
    """Return the group of the user's pair, and the target with all of its pictures.

    Items of the source of classes that a labeled target lacks are left out, and the other way
    around for training and scoring; predictions are made for all pictures of the target.

    Raises
    ------
    InvalidTableError
        If one of the two folders is not given, they are the same, they have fewer than two classes
        in common, or a split would be empty.
    """
    if not settings.source or not settings.target:
        given, other = ("--source", "--target") if settings.source else ("--target", "--source")
        raise InvalidTableError(f"got {given} alone; add {other} FOLDER")
    if Path(settings.source).resolve() == Path(settings.target).resolve():
        raise InvalidTableError(
            f"--source and --target are both {settings.source}, expected two folders: there is no "
            "gap between a folder and itself"
        )
    source = read_pictures(Path(settings.source), "source", flat=False)
    target = read_pictures(Path(settings.target), "target", flat=True)
    classes = _common_classes(settings, source.data, target.data)
    _note_other_classes(settings, source.data, target.data)
    sets = {
        "source": _with_classes(source.data, classes),
        "target": _with_classes(target.data, classes),
    }
    for data in sets.values():
        _check_splits(data)
    everything = replace(target, data=replace(target.data, classes=classes, labels=None))
    pictures = sets
    if not settings.start:
        sets = frozen_sets(sets, settings)
        features = frozen_sets({"target": everything.data}, settings)["target"]
        everything = replace(everything, data=features)
    pairs = (("source", "target"),)
    return PairGroup(OWN, sets, pairs, None, settings.start, pictures), everything


def _common_classes(settings: Settings, source: Data, target: Data) -> tuple[str, ...]:
    """Return the classes of both folders; those of the source if the target has no labels."""
    own, theirs = set(source.classes), set(target.classes)
    common = own if target.labels is None else own & theirs
    if len(common) >= 2:
        return tuple(sorted(common))
    if target.labels is None:
        raise InvalidTableError(
            f"{settings.source} has one class, {source.classes[0]}, expected at least two; add "
            "a subfolder for each class"
        )
    raise InvalidTableError(
        f"{settings.source} and {settings.target} have {len(common)} class(es) in common, expected "
        f"at least two: the source has {', '.join(sorted(own))}, the target has "
        f"{', '.join(sorted(theirs))}; name the subfolders alike"
    )


def _note_other_classes(settings: Settings, source: Data, target: Data) -> None:
    """Print which classes only one of the folders has, if both have classes."""
    if target.labels is None:
        return
    for own, other, where, lacking in (
        (source, target, settings.source, settings.target),
        (target, source, settings.target, settings.source),
    ):
        alone = [name for name in own.classes if name not in other.classes]
        if alone:
            note(
                f"{where}: left out for training and scoring {len(alone)} class(es) that {lacking} "
                f"lacks: {', '.join(alone)}"
            )


def _with_classes(data: Data, classes: tuple[str, ...]) -> Data:
    """Return the items of some classes, split anew by their bytes."""
    if data.labels is None:
        return replace(data, classes=classes)
    place = np.array([classes.index(c) if c in classes else -1 for c in data.classes])
    labels = place[data.labels]
    kept = labels >= 0
    images = data.inputs[kept]
    return replace(
        data,
        inputs=images,
        labels=labels[kept],
        classes=classes,
        splits=split_by_hash(images, np.arange(len(images)), None),
    )


def _check_splits(data: Data) -> None:
    """Raise InvalidTableError if a set is too small to be divided, or trains one class."""
    for split, rows in data.splits.items():
        if not len(rows):
            raise InvalidTableError(
                f"{data.source} has {len(data.inputs)} picture(s), too few to have any in the "
                f"split {split}; add pictures (about 50 different ones are enough)"
            )
    if data.labels is not None:
        trained = np.unique(data.labels[data.splits[TRAIN]])
        lacking = set(range(len(data.classes))) - set(trained.tolist())
        if lacking:
            raise InvalidTableError(
                f"{data.source} has too few pictures of {data.classes[min(lacking)]}: none is in "
                f"the split {TRAIN}; add pictures"
            )
    assert VAL in data.splits
