"""Hashes that identify the files which tasks are made from, and the folder of their cache."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from encoders.dataset.index import Index
from encoders.dataset.listing import open_index
from encoders.dataset.reader import FileReader
from encoders.dataset.selection import domains_of
from encoders.dataset.splits import SplitRule, split_buildings
from encoders.dataset.table import splits_of
from encoders.tasks import Task, tasks_named


def contents_of(
    root: str | PathLike[str],
    tasks: Sequence[str | Task],
    size: int,
    splits: SplitRule = None,
    *,
    listing: str | None = None,
) -> dict[str, str]:
    """Return the hash that `TaskonomyDataset.content` has for each task alone, by name.

    No file is decoded. ``listing`` is that of `TaskonomyDataset`.
    """
    index, splits = open_index(root, listing), splits_of(root, splits)
    files = FileReader(index, size, cache_folder(None, index, size))
    return {
        task.name: content_of(files, domains_of([task], files), splits)
        for task in tasks_named(tasks)
    }


def content_of(files: FileReader, domains: Sequence[str], splits: SplitRule) -> str:
    """Return a hash of all files of some domains, and of the division into splits."""
    table = files.index.table
    parts = [] if table is None else [f"table {table.digest}"]
    parts += [f"{domain} {files.content(domain)}" for domain in sorted(domains)]
    if splits is None or isinstance(splits, int):
        parts.append(f"seed {splits or 0}")
    else:
        parts.append(str(sorted(split_buildings(files.index.buildings, splits).items())))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def cache_folder(cache: str | PathLike[str] | bool | None, index: Index, size: int) -> Path:
    """Return the folder of the cache: in the data set, unless ``cache`` names another folder.

    A folder that is named has one subfolder for each data set and size of pictures.
    """
    if cache is None or isinstance(cache, bool):
        return index.root / f".cache-{size}"
    root = index.root.resolve()
    return Path(cache) / f"{root.name}-{zlib.crc32(str(root).encode()):08x}-{size}"
