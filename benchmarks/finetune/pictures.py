"""A user's labeled pictures in files: found and checked first, split by class, read when needed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.data.data import TEST, TEST_SHARE, TRAIN, VAL, VAL_SHARE
from benchmarks.data.formats import PICTURES, class_folders, list_pictures
from benchmarks.data.left_out import note_left_out
from encoders.codecs.photos import open_photo
from encoders.errors import InvalidDataError
from taskgraph.arrays import Integers, Pixels
from taskgraph.tables import read_frame

SPLITS = (TRAIN, VAL, TEST)
COLUMNS = ("picture", "label")
"""Columns that a CSV of pictures needs; ``split`` may be a third one."""
EXPECTED = "expected one subfolder of pictures a class, such as {}/cat/1.jpg, or a CSV (--data)"

LabeledFile = tuple[Path, str, str | None]
"""A picture, its class, and its split if the user gives one."""


@dataclass(frozen=True, eq=False)
class PictureSet:
    """Labeled pictures in files, and the split of each.

    Attributes
    ----------
    paths : tuple of Path
    labels : (N,) array
        Places in ``classes``.
    classes : tuple of str
        Sorted.
    splits : mapping of (n,) arrays
        Rows of ``train``, ``val`` and ``test``.
    hashes : tuple of str
        SHA-256 of each file; the rows are sorted by class and hash.
    """

    paths: tuple[Path, ...]
    labels: Integers
    classes: tuple[str, ...]
    splits: Mapping[str, Integers]
    hashes: tuple[str, ...]

    def files(self, split: str, *, gray: bool = False) -> PictureFiles:
        """Return the pictures of one split, which are decoded when they are read."""
        return PictureFiles(tuple(self.paths[row] for row in self.splits[split]), gray)

    @property
    def hash(self) -> str:
        """Return 16 digits of the SHA-256 of all files, labels and splits."""
        digest = hashlib.sha256()
        for split, rows in sorted(self.splits.items()):
            for row in rows:
                name = self.classes[self.labels[row]]
                digest.update(f"{split} {name} {self.hashes[row]}\n".encode())
        return digest.hexdigest()[:16]


@dataclass(frozen=True)
class PictureFiles(Sequence[Pixels]):
    """A sequence of pictures of any size, each decoded when it is read.

    Attributes
    ----------
    paths : tuple of Path
    gray : bool
        Whether the pictures become (H, W, 1); otherwise (H, W, 3).
    """

    paths: tuple[Path, ...]
    gray: bool = field(default=False)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, row: int) -> Pixels:  # type: ignore[override]
        return open_picture(self.paths[row], gray=self.gray)

    def __iter__(self) -> Iterator[Pixels]:
        return (self[row] for row in range(len(self)))


def open_picture(path: Path, *, gray: bool = False) -> Pixels:
    """Return a picture as (H, W, 3) bytes, or (H, W, 1); see `open_photo`.

    Raises
    ------
    InvalidDataError
        If the file is no complete picture.
    """
    picture = open_photo(path)
    values: Pixels = np.array(picture.convert("L") if gray else picture)
    return values[:, :, None] if gray else values


def find_pictures(place: Path) -> PictureSet:
    """Find a user's labeled pictures, and check them without decoding all of them.

    Parameters
    ----------
    place : Path
        A folder with one subfolder of pictures a class, or with such folders in ``train`` and
        ``test`` (and ``val``). Or a CSV file with the columns ``picture`` (a path, relative to the
        file), ``label``, and optionally ``split`` (train, val or test).

    Returns
    -------
    PictureSet
        Where a split is missing, it is cut from each class's training pictures by the order of the
        files' hashes: at least one picture and about a fifth for ``test``, about a tenth of the
        rest for ``val``. Equal files are in one split.

    Raises
    ------
    InvalidDataError
        If there are no classes, only one class, a class with fewer than two different pictures, a
        file that is no picture, or an equal file in two classes or in two given splits.
    """
    if not place.exists():
        raise InvalidDataError(f"{place} does not exist; {EXPECTED.format(place.name)}")
    found = _in_folder(place) if place.is_dir() else _in_csv(place)
    for path, _, _ in found:
        _check_header(path)
    classes = tuple(sorted({name for _, name, _ in found}))
    if len(classes) < 2:
        raise InvalidDataError(
            f"{place} has the one class {classes[0]!r}, expected pictures of at least two classes"
        )
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path, _, _ in found]
    # Rows are sorted by content, so that names of files do not change subsets.
    order = sorted(range(len(found)), key=lambda row: (found[row][1], digests[row], found[row][0]))
    found, hashes = [found[row] for row in order], tuple(digests[row] for row in order)
    paths = tuple(path for path, _, _ in found)
    labels = np.array([classes.index(name) for _, name, _ in found], np.int64)
    splits = _splits([split for _, _, split in found], labels, hashes)
    pictures = PictureSet(paths, labels, classes, splits, hashes)
    for number, name in enumerate(classes):
        _check_class(pictures, number, f"{place}: the class {name!r}")
    _check_equal_files(pictures)
    return pictures


def _in_folder(place: Path) -> list[LabeledFile]:
    """Return the pictures of a folder with a subfolder a class, or with ``train`` and others."""
    given = [name for name in SPLITS if (place / name).is_dir()]
    splits = given if TRAIN in given and (VAL in given or TEST in given) else []
    roots: list[tuple[Path, str | None]] = [(place / name, name) for name in splits]
    roots = roots or [(place, None)]
    found: list[LabeledFile] = []
    for root, split in roots:
        folders = class_folders(root)
        for folder in folders:
            pictures = list_pictures(folder)
            if not pictures:
                raise InvalidDataError(
                    f"{folder} has no picture ({', '.join(PICTURES)}); add pictures or remove the "
                    "folder"
                )
            found += [(path, folder.name, split) for path in pictures]
    if not found:
        beside = len(list_pictures(place))
        but = f" but {beside} pictures of unknown class" if beside else ""
        raise InvalidDataError(f"{place} has no subfolder{but}; {EXPECTED.format(place.name)}")
    classes = sorted({name for _, name, _ in found})
    note_left_out(place, classes, splits)
    return found


def _in_csv(place: Path) -> list[LabeledFile]:
    """Return the pictures that a CSV lists."""
    frame = read_frame(place)
    lacking = [name for name in COLUMNS if name not in frame.columns]
    if lacking:
        raise InvalidDataError(
            f"{place} has no column {lacking[0]!r} but {', '.join(map(str, frame.columns))}; "
            "expected picture and label (and split)"
        )
    found: list[LabeledFile] = []
    splits = frame["split"] if "split" in frame.columns else [None] * len(frame)
    rows = zip(frame["picture"].astype(str), frame["label"].astype(str), splits, strict=True)
    for line, (picture, label, split) in enumerate(rows, 2):
        if not label or label == "nan":
            raise InvalidDataError(f"{place}, line {line}: the label is missing")
        if split is not None and split not in SPLITS:
            raise InvalidDataError(
                f"{place}, line {line}: the split is {split!r}, expected {', '.join(SPLITS)}"
            )
        path = place.parent / picture
        if not path.is_file():
            raise InvalidDataError(
                f"{place}, line {line}: there is no picture {path}; paths are relative to the CSV"
            )
        found.append((path, label, split))
    if not found:
        raise InvalidDataError(f"{place} lists no pictures")
    return found


def _check_header(path: Path) -> None:
    """Raise InvalidDataError if a file does not begin as a picture."""
    try:
        with Image.open(path):
            pass
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise InvalidDataError(
            f"{path} cannot be read as a picture; replace it or remove it"
        ) from None


def _check_equal_files(pictures: PictureSet) -> None:
    """Raise InvalidDataError if equal files have two classes, or are in two splits."""
    split_of = {row: split for split, rows in pictures.splits.items() for row in rows}
    first: dict[str, int] = {}
    for row, digest in enumerate(pictures.hashes):
        other = first.setdefault(digest, row)
        if pictures.labels[row] != pictures.labels[other]:
            raise InvalidDataError(
                f"{pictures.paths[other]} and {pictures.paths[row]} are equal files with two "
                "labels; remove one"
            )
        if split_of[row] != split_of[other]:
            raise InvalidDataError(
                f"{pictures.paths[other]} ({split_of[other]}) and {pictures.paths[row]} "
                f"({split_of[row]}) are equal files; remove one"
            )


def _check_class(pictures: PictureSet, number: int, what: str) -> None:
    """Raise InvalidDataError if a class has nothing to train on, or one picture for two splits."""
    rows = np.flatnonzero(pictures.labels == number)
    if not np.isin(rows, pictures.splits[TRAIN]).any():
        raise InvalidDataError(f"{what} has no training picture; add some")
    if len({pictures.hashes[row] for row in rows}) < 2:
        raise InvalidDataError(
            f"{what} has one picture ({pictures.paths[rows[0]].name}), expected at least two, to "
            "train on and to test on; add pictures or remove the class"
        )


def _splits(
    given: Sequence[str | None], labels: Integers, hashes: Sequence[str]
) -> dict[str, Integers]:
    """Return the rows of each split; missing ones are cut from the training pictures by class."""
    split = np.array([each or TRAIN for each in given], dtype=object)
    for name, share in ((TEST, TEST_SHARE), (VAL, VAL_SHARE)):
        if name in given:
            continue
        if name == TEST and VAL in given:  # two splits: the second one is tested on
            split[split == VAL] = TEST
            given = [TEST if each == VAL else each for each in given]
            continue
        for number in np.unique(labels):
            rows = np.flatnonzero((labels == number) & (split == TRAIN))
            chosen = sorted({hashes[int(row)] for row in rows})
            count = max(round(share * len(chosen)), int(len(chosen) > 1 and name == TEST))
            cut = set(chosen[:count])
            split[[row for row in rows if hashes[int(row)] in cut]] = name
    return {name: np.flatnonzero(split == name) for name in SPLITS}
