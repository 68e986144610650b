"""Several files that are read as one table: folders, patterns, and columns from file names."""

from __future__ import annotations

import glob
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from taskgraph.arrays import Integers
from taskgraph.errors import InvalidTableError
from taskgraph.tables.formats import FilePath

FILE = "file"
"""The column that holds the name of each row's file, unless the table has such a column."""

ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".feather", ".arrow")
"""Endings of the files to read from a folder, each also with ``.gz``."""


@dataclass(frozen=True)
class TableFiles(os.PathLike[str]):
    """The files of one table.

    Parameters
    ----------
    paths : tuple of paths
        The table's rows are in the order of the files.
    names : str, optional
        Pattern of the files' names, such as ``{target}__{sources}``. It gives a column for each
        name in braces, with the text at its place in the file name without folders and suffixes.
    """

    paths: tuple[FilePath, ...]
    names: str | None = None

    @classmethod
    def of(cls, path: FilePath | Sequence[FilePath] | TableFiles) -> TableFiles:
        """Return the files of one path, of several paths, or of a `TableFiles`."""
        if isinstance(path, TableFiles):
            return path
        if isinstance(path, str | os.PathLike):
            return cls((path,))
        if not path:
            raise InvalidTableError("there is no file to read; name at least one")
        return cls(tuple(path))

    def __fspath__(self) -> str:
        """Return the first file."""
        return os.fspath(self.paths[0])

    def __str__(self) -> str:
        first, *rest = self.paths
        more = (
            f" and {len(rest)} more files" if len(rest) > 1 else f" and {rest[0]}" if rest else ""
        )
        return f"{first!s}{more}"

    def labels(self) -> tuple[str, ...]:
        """Return the value of the column ``file`` for each file.

        It is the name without the suffix, with the folders in which the files differ. Files that
        differ only in the suffix keep it.
        """
        full = [os.path.realpath(path) for path in self.paths]
        above = os.path.commonpath([os.path.dirname(path) for path in full])
        short = [os.path.relpath(path, above) for path in full]
        bare = [without_suffix(name) for name in short]
        twice = {name for name, count in Counter(bare).items() if count > 1}
        labels = [s if b in twice else b for s, b in zip(short, bare, strict=True)]
        return tuple(label.replace(os.sep, "/") for label in labels)

    def from_names(self) -> list[dict[str, str]]:
        """Return the columns that the name of each file gives, with their values; see ``names``.

        Raises
        ------
        InvalidTableError
            If the pattern names no column, or a file's name does not fit it.
        """
        if self.names is None:
            return [{} for _ in self.paths]
        pattern = _compiled(self.names)
        columns = []
        for path in self.paths:
            name = without_suffix(Path(path).name)
            match = pattern.fullmatch(name)
            if match is None:
                raise InvalidTableError(f'{path!s}: the name "{name}" does not fit "{self.names}"')
            columns.append(match.groupdict())
        return columns


@dataclass(frozen=True)
class Rows:
    """The origin of each row of a table.

    Attributes
    ----------
    paths : tuple of paths
    file : (rows,) ints
        Index of the row's file among ``paths``.
    number : (rows,) ints
        Number of the row in its file, counted from 1.
    """

    paths: tuple[FilePath, ...]
    file: Integers
    number: Integers

    def of(self, number: int) -> tuple[str, int]:
        """Return the file of a row ("" if there is only one file) and its number in that file."""
        k = number - 1
        name = str(self.paths[self.file[k]]) if len(self.paths) > 1 else ""
        return name, int(self.number[k])


def expanded(texts: Iterable[FilePath]) -> tuple[FilePath, ...]:
    """Return all files that paths, folders (with their subfolders) and patterns name.

    Each file comes once, in the order of the arguments; files of one argument are sorted.

    Raises
    ------
    InvalidTableError
        If a folder or a pattern has no file.
    """
    files: dict[str, FilePath] = {}
    for text in texts:
        for path in _expanded(text):
            files.setdefault(os.path.realpath(path), path)
    return tuple(files.values())


def _expanded(text: FilePath) -> list[FilePath]:
    """Return the files that one path, folder or pattern names, sorted."""
    path = os.fspath(text)
    if os.path.isdir(path):
        inside = [str(p) for p in Path(path).rglob("*") if p.is_file() and is_table(p)]
        if not inside:
            raise InvalidTableError(
                f"{path}: the folder holds no file that ends in {', '.join(ENDINGS)}"
            )
        return [*sorted(inside, key=_natural)]
    if os.path.exists(path) or not glob.has_magic(path):
        return [text]
    matching = [name for name in glob.glob(path, recursive=True) if os.path.isfile(name)]
    if not matching:
        raise InvalidTableError(f"{path}: no file matches this pattern")
    return [*sorted(matching, key=_natural)]


def is_table(path: Path) -> bool:
    """Return whether a file has the name of a table and is not hidden."""
    name = path.name.lower().removesuffix(".gz")
    return name.endswith(ENDINGS) and not name.startswith(".")


def without_suffix(name: str) -> str:
    """Return a file's name without its ending, such as ``.csv`` or ``.csv.gz``."""
    bare = name[:-3] if name.lower().endswith(".gz") else name
    known = next((end for end in (*ENDINGS, ".txt", ".json") if bare.lower().endswith(end)), "")
    return bare[: len(bare) - len(known)] if known else bare


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a sort key by which run2 comes before run10."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def _compiled(names: str) -> re.Pattern[str]:
    """Return the regular expression of a pattern of file names, with a group for each column."""
    parts = re.split(r"\{([^{}]*)\}", names)
    columns = parts[1::2]
    bad = [name for name in columns if not name.isidentifier()]
    if not columns or bad or len(set(columns)) < len(columns):
        raise InvalidTableError(
            f'"{names}" is no pattern of files\' names, expected the columns in braces, each once, '
            'such as "{target}__{sources}"'
        )
    pieces = [
        f"(?P<{part}>.+?)" if k % 2 else re.escape(without_suffix(part))
        for k, part in enumerate(parts)
    ]
    return re.compile("".join(pieces))
