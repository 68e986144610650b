"""The index of a data set: its views, and the paths of their files."""

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
"""Domains that tell which pixels are valid; the first one that a data set has is used."""


@dataclass(frozen=True, eq=False)
class DomainFiles:
    """The files of one domain, one for each row of the index.

    Attributes
    ----------
    domain : str
    paths : (N,) tuple
        Paths relative to the root; for a missing file, the path at which it was expected.
    stamps : (N,) tuple
        Size and times of each file; `ABSENT` for a missing file.
    """

    domain: str
    paths: tuple[str, ...]
    stamps: tuple[Stamp, ...]

    @functools.cached_property
    def sizes(self) -> Integers:
        """Return the files' sizes in bytes, (N,); -1 for a missing file."""
        return np.array([stamp.size for stamp in self.stamps], dtype=np.int64)

    @property
    def missing(self) -> Booleans:
        """Return whether each view lacks the file, (N,)."""
        return self.sizes < 0


@dataclass(frozen=True, eq=False)
class Index:
    """All views that have a picture; the rows are sorted by building, point and view.

    Attributes
    ----------
    root : Path
        Folder of the data set.
    buildings : tuple of str
        Sorted names of the buildings.
    building, point, view : (N,) integer arrays
        By row: the position in ``buildings``, and the two numbers in the file's name.
    """

    root: Path
    buildings: tuple[str, ...]
    building: Integers
    point: Integers
    view: Integers
    _files: dict[str, DomainFiles] = field(repr=False)

    def __len__(self) -> int:
        return len(self.point)

    def name(self, row: int) -> str:
        """Return the name of a row's view, such as ``building_0003/point_1_view_0``."""
        building = self.buildings[self.building[row]]
        return f"{building}/point_{self.point[row]}_view_{self.view[row]}"

    def files(self, domain: str) -> DomainFiles:
        """Return the files of a domain; its folders are listed at the first call.

        Raises
        ------
        InvalidDataError
            If the data set has no folder of the domain.
        """
        if domain not in self._files:
            folders = find_folders(self.root, domain)
            if not folders:
                raise InvalidDataError(
                    f"{self.root} has no {domain}: {looked_for(self.root, domain)}; add it, or "
                    "leave out the tasks that need it"
                )
            self._files[domain] = self._list(domain, folders)
        return self._files[domain]

    def mask_domain(self) -> str | None:
        """Return the domain that tells which pixels are valid; None if the data set has none."""
        return next((name for name in MASKS if find_folders(self.root, name)), None)

    def rows_of(self, buildings: Sequence[str]) -> Integers:
        """Return the rows of all views of some buildings, in order."""
        numbers = [self.buildings.index(name) for name in buildings]
        return np.flatnonzero(np.isin(self.building, numbers)).astype(np.int64)

    def _list(self, domain: str, folders: dict[str, Path]) -> DomainFiles:
        """List the files of a domain.

        Each folder is listed once, as looking up single files is slow on network disks.
        """
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
        return DomainFiles(domain, tuple(paths), tuple(stamps))


def read_index(root: Path) -> Index:
    """List the views of a data set in any of Taskonomy's layouts (`encoders.dataset.folders`).

    Raises
    ------
    InvalidDataError
        If the folder is missing or has no pictures; the message lists the places searched.
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
    pictures = DomainFiles("rgb", tuple(paths), tuple(stamps))
    return Index(root, buildings, table[:, 0], table[:, 1], table[:, 2], {"rgb": pictures})


def _sibling(root: Path, folders: dict[str, Path], sample: str, building: str) -> Path:
    """Return the expected folder of a building, from the folder of another building, ``sample``."""
    parts = folders[sample].relative_to(root).parts
    return root.joinpath(
        *(
            building + part[len(sample) :]
            if part == sample or part.startswith(f"{sample}_")
            else part
            for part in parts
        )
    )
