"""The views of a data set: which there are, and where the files of each are."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from encoders.codecs.encodings import encoding_of
from encoders.dataset.content import ABSENT, Stamp
from encoders.dataset.folders import find_folders, foreign_pictures, list_files, looked_for
from encoders.errors import InvalidDataError
from taskgraph.arrays import Booleans, Integers

MASKS = ("mask_valid", "depth_zbuffer", "depth_euclidean")
"""Domains that say which pixels saw anything; the first that a data set has is used."""


@dataclass(frozen=True, eq=False)
class Files:
    """The files of one domain, a row for each view of the index.

    Attributes
    ----------
    domain : str
    paths : (N,) tuple
        Relative to the root; where a view has no file, the path at which one was expected.
    stamps : (N,) tuple
        Size and times of each; `ABSENT` where there is no file.
    """

    domain: str
    paths: tuple[str, ...]
    stamps: tuple[Stamp, ...]

    @functools.cached_property
    def sizes(self) -> Integers:
        """(N,) bytes; -1 where there is no file."""
        return np.array([stamp.size for stamp in self.stamps], dtype=np.int64)

    @property
    def missing(self) -> Booleans:
        """(N,) whether the view lacks this file."""
        return self.sizes < 0


@dataclass(frozen=True, eq=False)
class Index:
    """Every view of which there is a picture, sorted by building, point, view.

    Attributes
    ----------
    root : Path
    buildings : tuple of str
        Sorted.
    building, point, view : (N,) integer arrays
        ``building`` points into ``buildings``; the other two are the numbers in the file names.
    """

    root: Path
    buildings: tuple[str, ...]
    building: Integers
    point: Integers
    view: Integers
    _files: dict[str, Files] = field(repr=False)

    def __len__(self) -> int:
        return len(self.point)

    def name(self, row: int) -> str:
        """``building_0003/point_1_view_0``, which names a view of any data set."""
        place = self.buildings[self.building[row]]
        return f"{place}/point_{self.point[row]}_view_{self.view[row]}"

    def files(self, domain: str) -> Files:
        """The files of a domain; the folders are listed when it is first asked for."""
        if domain not in self._files:
            folders = find_folders(self.root, domain)
            if not folders:
                raise InvalidDataError(
                    f"{self.root} has no {domain}: {looked_for(self.root, domain)}; add it, or "
                    "leave out the tasks that need it"
                )
            self._files[domain] = self._listed(domain, folders)
        return self._files[domain]

    def mask_domain(self) -> str | None:
        """The domain that tells which pixels are valid, or None where nothing does."""
        return next((name for name in MASKS if find_folders(self.root, name)), None)

    def rows_of(self, buildings: Sequence[str]) -> Integers:
        """Rows of the views of some buildings, in order."""
        numbers = [self.buildings.index(name) for name in buildings]
        return np.flatnonzero(np.isin(self.building, numbers)).astype(np.int64)

    def _listed(self, domain: str, folders: dict[str, Path]) -> Files:
        """One listing a folder, not one look a file: network disks are slow at the latter."""
        sample = next(iter(folders))
        suffix = encoding_of(domain).suffix
        paths: list[str] = []
        stamps = [ABSENT] * len(self)
        for number, building in enumerate(self.buildings):
            rows = np.flatnonzero(self.building == number)
            folder = folders.get(building) or _sibling(self.root, folders, sample, building)
            files = list_files(folder, domain) if building in folders else {}
            for row in rows:
                key = int(self.point[row]), int(self.view[row])
                expected = f"point_{key[0]}_view_{key[1]}_domain_{domain}.{suffix}"
                name, stamps[row] = files.get(key, (expected, ABSENT))
                paths.append((folder / name).relative_to(self.root).as_posix())
        return Files(domain, tuple(paths), tuple(stamps))


def read_index(root: Path) -> Index:
    """Find the pictures of a folder, whichever of Taskonomy's layouts it has.

    Raises
    ------
    InvalidDataError
        If the folder is missing or holds no pictures; the message lists what was looked for.
    """
    if not root.is_dir():
        kind = "a file, not a" if root.exists() else "no such"
        raise InvalidDataError(
            f"{root}: {kind} folder; make one with `taskgraph scenes {root}`, or give the folder "
            "into which Taskonomy was downloaded"
        )
    folders = find_folders(root, "rgb")
    if not folders:
        looked = looked_for(root, "rgb") + foreign_pictures(root)
        raise InvalidDataError(
            f"{root} holds no pictures: {looked}; make some with `taskgraph scenes "
            f"{root}`, or give the folder that holds the folder rgb"
        )
    buildings = tuple(folders)
    keys: list[tuple[int, int, int]] = []
    paths: list[str] = []
    stamps: list[Stamp] = []
    for number, (_, folder) in enumerate(folders.items()):
        for (point, view), (name, stamp) in sorted(list_files(folder, "rgb").items()):
            keys.append((number, point, view))
            paths.append((folder / name).relative_to(root).as_posix())
            stamps.append(stamp)
    table = np.array(keys, dtype=np.int64).reshape(-1, 3)
    pictures = Files("rgb", tuple(paths), tuple(stamps))
    return Index(root, buildings, table[:, 0], table[:, 1], table[:, 2], {"rgb": pictures})


def _sibling(root: Path, folders: dict[str, Path], sample: str, building: str) -> Path:
    """Where a building's folder would be, judging by where that of another one is."""
    parts = folders[sample].relative_to(root).parts
    return root.joinpath(
        *(
            building + part[len(sample) :]
            if part == sample or part.startswith(f"{sample}_")
            else part
            for part in parts
        )
    )
