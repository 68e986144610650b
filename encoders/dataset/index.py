"""The index of a data set: its views, and the paths of their files."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from encoders.codecs.encodings import encoding_of
from encoders.dataset.content import ABSENT, Stamp
from encoders.dataset.folders import find_folders, foreign_pictures, list_files, looked_for
from encoders.dataset.label_rows import TABLE
from encoders.dataset.table import LabelTable, read_table
from encoders.errors import InvalidDataError
from taskgraph.arrays import Booleans, Integers, Integers32

MASKS = ("mask_valid", "depth_zbuffer", "depth_euclidean")
"""Domains that tell which pixels are valid; the first one that a data set has is used."""

POINT, VIEW = "<P>", "<V>"
"""What stands for the two numbers in the pattern of a file's name."""

FEW = 8
"""Number of patterns that a new name is compared with; data sets have one or two."""


@dataclass(frozen=True, eq=False)
class PatternPaths(Sequence[str]):
    """The paths of a domain's files, made from numbers when they are asked for.

    A list of 4.5 million texts would take half a gigabyte in every process.

    Attributes
    ----------
    folders : tuple of str
        By building: the folder of its files, relative to the root.
    patterns : tuple of str
        Names of files, with `POINT` and `VIEW` in place of the numbers.
    keys : (N, 3) integer array
        By row: the numbers of the building, the point and the view.
    pattern : (N,) integer array
        By row: the position in ``patterns``.
    """

    folders: tuple[str, ...]
    patterns: tuple[str, ...]
    keys: Integers
    pattern: Integers32

    def __len__(self) -> int:
        return len(self.pattern)

    def __getitem__(self, row: Any) -> Any:
        """Return the path of a row, or a tuple of the paths of a slice."""
        if isinstance(row, slice):
            return tuple(self[number] for number in range(*row.indices(len(self))))
        building, point, view = self.keys[row].tolist()
        name = self.patterns[int(self.pattern[row])]
        name = name.replace(POINT, str(point)).replace(VIEW, str(view))
        return f"{self.folders[building]}/{name}" if self.folders[building] else name

    def take(self, rows: Integers) -> PatternPaths:
        """Return the paths of some rows."""
        return PatternPaths(self.folders, self.patterns, self.keys[rows], self.pattern[rows])


@dataclass(frozen=True, eq=False)
class DomainFiles:
    """The files of one domain, one for each row of the index.

    Attributes
    ----------
    domain : str
    paths : sequence of N str
        Paths relative to the root; for a missing file, the path at which it was expected.
    stamps : (N, 4) integer array
        The `Stamp` of each file; `ABSENT` for a missing file.
    """

    domain: str
    paths: Sequence[str]
    stamps: Integers

    @property
    def sizes(self) -> Integers:
        """Return the files' sizes in bytes, (N,); -1 for a missing file."""
        return self.stamps[:, 0]

    @property
    def missing(self) -> Booleans:
        """Return whether each view lacks the file, (N,)."""
        return np.asarray(self.sizes < 0)

    def take(self, rows: Integers) -> DomainFiles:
        """Return the files of some rows."""
        paths = self.paths
        taken = (
            paths.take(rows)
            if isinstance(paths, PatternPaths)
            else tuple(paths[int(row)] for row in rows)
        )
        return DomainFiles(self.domain, taken, self.stamps[rows])

    def without(self, rows: Integers) -> DomainFiles:
        """Return the same files, with those of some rows as missing."""
        stamps = np.array(self.stamps)
        stamps[rows] = ABSENT
        return DomainFiles(self.domain, self.paths, stamps)


@dataclass(frozen=True, eq=False)
class Index:
    """The views of a data set that have a picture, sorted by building, point and view.

    Attributes
    ----------
    root : Path
        Folder of the data set.
    buildings : tuple of str
        Sorted names of the buildings.
    keys : (N, 3) integer array
        By row: the position in ``buildings``, and the two numbers in the file's name.
    known : dict of DomainFiles
        The domains that have been listed.
    table : LabelTable or None
        The table of the labels, if the data set is a folder of pictures with a table. Buildings
        are then groups, and the point of a view is its row in the table.
    """

    root: Path
    buildings: tuple[str, ...]
    keys: Integers
    known: dict[str, DomainFiles] = field(repr=False)
    table: LabelTable | None = None

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def building(self) -> Integers:
        """Return the position in ``buildings`` of each row, (N,)."""
        return self.keys[:, 0]

    @property
    def point(self) -> Integers:
        """Return the number of each row's point, (N,)."""
        return self.keys[:, 1]

    @property
    def view(self) -> Integers:
        """Return the number of each row's view, (N,)."""
        return self.keys[:, 2]

    def name(self, row: int) -> str:
        """Return the name of a row's view, such as ``building_0003/point_1_view_0``."""
        building, point, view = self.keys[row].tolist()
        if self.table is not None:
            return f"{self.buildings[building]}/{self.table.image_name(point)}"
        return f"{self.buildings[building]}/point_{point}_view_{view}"

    def table_rows(self, rows: Integers) -> tuple[Mapping[str, str], ...]:
        """Return the rows of the table of labels for some views; empty without a table."""
        if self.table is None:
            return ()
        return tuple(self.table.rows[number] for number in self.point[rows].tolist())

    def files(self, domain: str) -> DomainFiles:
        """Return the files of a domain; its folders are listed at the first call.

        Raises
        ------
        InvalidDataError
            If the data set has no folder of the domain.
        """
        if domain not in self.known:
            if self.table is not None:
                raise InvalidDataError(
                    f"{self.table.path} has no {domain}, as it has pictures and the columns "
                    f"{', '.join(self.table.columns) or 'image'} only; leave out the tasks that "
                    "need it"
                )
            folders = find_folders(self.root, domain)
            if not folders:
                raise InvalidDataError(
                    f"{self.root} has no {domain}: {looked_for(self.root, domain)}; add it, or "
                    "leave out the tasks that need it"
                )
            self.known[domain] = self._list(domain, folders)
        return self.known[domain]

    def mask_domain(self) -> str | None:
        """Return the domain that tells which pixels are valid; None if the data set has none."""
        if self.table is not None:
            return None
        known = (name for name in MASKS if name in self.known)
        return next(known, None) or next(
            (name for name in MASKS if find_folders(self.root, name)), None
        )

    def rows_of(self, buildings: Sequence[str]) -> Integers:
        """Return the rows of all views of some buildings, in order."""
        number_of = {name: number for number, name in enumerate(self.buildings)}
        wanted = np.zeros(len(self.buildings), dtype=bool)
        wanted[[number_of[name] for name in buildings]] = True
        return np.flatnonzero(wanted[self.building]).astype(np.int64)

    def take(self, rows: Integers) -> Index:
        """Return the index of some rows alone; buildings without a row stay."""
        known = {name: files.take(rows) for name, files in self.known.items()}
        return replace(self, keys=self.keys[rows], known=known)

    def without(self, domain: str, rows: Integers) -> Index:
        """Return the same index, with a domain's files of some rows as missing."""
        return replace(self, known={**self.known, domain: self.files(domain).without(rows)})

    def _list(self, domain: str, folders: dict[str, Path]) -> DomainFiles:
        """List the files of a domain.

        Each folder is listed once, as looking up single files is slow on network disks.
        """
        sample = next(iter(folders))
        patterns = [pattern_of(domain)]
        code = np.zeros(len(self), dtype=np.int32)
        stamps = np.tile(np.array(ABSENT, dtype=np.int64), (len(self), 1))
        places = []
        bounds = np.searchsorted(self.building, np.arange(len(self.buildings) + 1))
        for number, building in enumerate(self.buildings):
            folder = folders.get(building) or _sibling(self.root, folders, sample, building)
            places.append(folder.relative_to(self.root).as_posix().removeprefix("."))
            files = list_files(folder, domain) if building in folders else {}
            first = int(bounds[number])
            own = self.keys[first : bounds[number + 1], 1:].tolist()
            for row, (point, view) in enumerate(own, first):
                if (point, view) in files:
                    name, stamps[row] = files[point, view]
                    code[row] = _code(name, point, view, patterns)
        paths = PatternPaths(tuple(places), tuple(patterns), self.keys, code)
        return DomainFiles(domain, paths, stamps)


def pattern_of(domain: str) -> str:
    """Return the pattern of the usual names of a domain's files."""
    return f"point_{POINT}_view_{VIEW}_domain_{domain}.{encoding_of(domain).suffix}"


def _code(name: str, point: int, view: int, patterns: list[str]) -> int:
    """Return the position of a name's pattern in a list, to which a new pattern is appended."""
    for number, pattern in enumerate(patterns[:FEW]):
        if pattern.replace(POINT, str(point)).replace(VIEW, str(view)) == name:
            return number
    pattern = re.sub(r"(?<=point_)\d+", POINT, name, count=1, flags=re.IGNORECASE)
    pattern = re.sub(r"(?<=view_)\d+", VIEW, pattern, count=1, flags=re.IGNORECASE)
    if pattern.replace(POINT, str(point)).replace(VIEW, str(view)) != name:
        pattern = name  # numbers with leading zeros
    patterns.append(pattern)
    return len(patterns) - 1


def read_index(root: Path) -> Index:
    """List the views of a data set in any of Taskonomy's layouts (`encoders.dataset.folders`).

    A folder with a table of labels (`encoders.dataset.table`) is read as the table says.

    Raises
    ------
    InvalidDataError
        If the folder is missing or has no pictures; the message lists the places searched.
    """
    if (table := read_table(root)) is not None:
        return _index_of_table(root, table)
    if not root.is_dir():
        kind = "a file, not a" if root.exists() else "no such"
        raise InvalidDataError(
            f"{root}: {kind} folder; make one with `taskgraph scenes {root}`, or give the folder "
            f"into which Taskonomy was downloaded, or one of pictures with a table {TABLE}"
        )
    folders = find_folders(root, "rgb")
    if not folders:
        looked = looked_for(root, "rgb") + foreign_pictures(root)
        raise InvalidDataError(
            f"{root} holds no pictures: {looked}; make some with `taskgraph scenes "
            f"{root}`, write a table {TABLE} of pictures of your own, or give the folder that "
            "holds the folder rgb"
        )
    patterns, places = [pattern_of("rgb")], []
    keys, codes, stamps = [np.zeros((0, 3), np.int64)], [np.zeros(0, np.int32)], [_no_stamps()]
    for number, folder in enumerate(folders.values()):
        files = sorted(list_files(folder, "rgb").items())
        places.append(folder.relative_to(root).as_posix().removeprefix("."))
        keys.append(np.array([(number, *key) for key, _ in files], np.int64).reshape(-1, 3))
        stamps.append(np.array([stamp for _, (_, stamp) in files], np.int64).reshape(-1, 4))
        each = [_code(name, *key, patterns) for key, (name, _) in files]
        codes.append(np.array(each, dtype=np.int32))
    table_of_keys = np.concatenate(keys)
    paths = PatternPaths(tuple(places), tuple(patterns), table_of_keys, np.concatenate(codes))
    pictures = DomainFiles("rgb", paths, np.concatenate(stamps))
    return Index(root, tuple(folders), table_of_keys, {"rgb": pictures})


def _no_stamps() -> Integers:
    return np.zeros((0, len(ABSENT)), dtype=np.int64)


def _index_of_table(root: Path, table: LabelTable) -> Index:
    """Return the index of a folder of pictures with a table of labels."""
    buildings = tuple(sorted(set(table.groups)))
    number_of = {name: number for number, name in enumerate(buildings)}
    order = sorted(range(len(table)), key=lambda row: (number_of[table.groups[row]], row))
    keys = [(number_of[table.groups[row]], row, 0) for row in order]
    known = {}
    for domain, paths in table.files().items():
        ordered = tuple(paths[row] for row in order)
        stamps = [_stamp(root / path) if path else ABSENT for path in ordered]
        known[domain] = DomainFiles(domain, ordered, np.array(stamps, np.int64).reshape(-1, 4))
    return Index(root, buildings, np.array(keys, np.int64).reshape(-1, 3), known, table)


def _stamp(path: Path) -> Stamp:
    """Return the stamp of a file; `ABSENT` if there is none, or a folder in its place."""
    try:
        status = path.stat()
    except OSError:
        return ABSENT
    return Stamp.of(status) if stat.S_ISREG(status.st_mode) else ABSENT


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
