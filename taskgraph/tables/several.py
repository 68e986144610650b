"""Several files that are read as one table: folders, patterns, and what a file's name says."""

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
from taskgraph.tables.files import FilePath

FILE = "file"
"""The column that holds the name of each row's file, in a table that has none of this name."""

ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".feather", ".arrow")
"""Files that are taken from a folder, gzipped ones too."""


@dataclass(frozen=True)
class Files(os.PathLike[str]):
    """The files of one table.

    Parameters
    ----------
    paths : files, in the order of their rows
    names : pattern, optional
        What the files' names say, such as ``{target}__{sources}``: a column for each name in
        braces, which holds what stands in its place in the name without folders and suffixes.
    """

    paths: tuple[FilePath, ...]
    names: str | None = None

    @classmethod
    def of(cls, path: FilePath | Sequence[FilePath] | Files) -> Files:
        """One file, or several, or files that are already known as such."""
        if isinstance(path, Files):
            return path
        if isinstance(path, str | os.PathLike):
            return cls((path,))
        if not path:
            raise InvalidTableError("there is no file to read; name at least one")
        return cls(tuple(path))

    def __fspath__(self) -> str:
        """The first file."""
        return os.fspath(self.paths[0])

    def __str__(self) -> str:
        first, *rest = self.paths
        more = (
            f" and {len(rest)} more files" if len(rest) > 1 else f" and {rest[0]}" if rest else ""
        )
        return f"{first!s}{more}"

    def labels(self) -> tuple[str, ...]:
        """What the column ``file`` holds for each file.

        The name without the suffix, with the folders that tell the files apart; with the suffix
        where two files differ in that alone.
        """
        full = [os.path.realpath(path) for path in self.paths]
        above = os.path.commonpath([os.path.dirname(path) for path in full])
        short = [os.path.relpath(path, above) for path in full]
        bare = [without_suffix(name) for name in short]
        twice = {name for name, count in Counter(bare).items() if count > 1}
        found = [s if b in twice else b for s, b in zip(short, bare, strict=True)]
        return tuple(name.replace(os.sep, "/") for name in found)

    def said(self) -> list[dict[str, str]]:
        """What the name of each file says; see ``names``.

        Raises
        ------
        InvalidTableError
            If the pattern names no column, or a file's name does not fit it.
        """
        if self.names is None:
            return [{} for _ in self.paths]
        pattern, wanted = _compiled(self.names), self.names
        found = []
        for path in self.paths:
            name = without_suffix(Path(path).name)
            match = pattern.fullmatch(name)
            if match is None:
                raise InvalidTableError(f'{path!s}: the name "{name}" does not fit "{wanted}"')
            found.append(match.groupdict())
        return found


@dataclass(frozen=True)
class Rows:
    """Where each row of a table was read: the file's place among ``paths``, and the row in it."""

    paths: tuple[FilePath, ...]
    file: Integers
    number: Integers

    def of(self, number: int) -> tuple[str, int]:
        """The file of a row ("" where there is one file), and its number in that file."""
        k = number - 1
        name = str(self.paths[self.file[k]]) if len(self.paths) > 1 else ""
        return name, int(self.number[k])


def expanded(texts: Iterable[FilePath]) -> tuple[FilePath, ...]:
    """Files by their names, by folders (with all below them) and by patterns such as ``*.csv``.

    Each file comes once, in the order of the arguments, and sorted within one.

    Raises
    ------
    InvalidTableError
        If a folder or a pattern has no file.
    """
    found: dict[str, FilePath] = {}
    for text in texts:
        for path in _expanded(text):
            found.setdefault(os.path.realpath(path), path)
    return tuple(found.values())


def _expanded(text: FilePath) -> list[FilePath]:
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
    """Whether a file's name is that of a table, and not hidden."""
    name = path.name.lower().removesuffix(".gz")
    return name.endswith(ENDINGS) and not name.startswith(".")


def without_suffix(name: str) -> str:
    """A file's name without ``.csv``, ``.csv.gz`` and the like; other points stay."""
    bare = name[:-3] if name.lower().endswith(".gz") else name
    known = next((end for end in (*ENDINGS, ".txt", ".json") if bare.lower().endswith(end)), "")
    return bare[: len(bare) - len(known)] if known else bare


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort key by which run2 comes before run10."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def _compiled(names: str) -> re.Pattern[str]:
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
