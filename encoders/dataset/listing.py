"""The index of a data set on disk: one process lists the files, all others map the list.

Listing 4.5 million files takes minutes, and their names and stamps as Python objects gigabytes. A
listing is a folder of arrays, which processes of one machine share in memory.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path

import numpy as np

from encoders.dataset.index import DomainFiles, Index, PatternPaths, read_index
from encoders.dataset.reader import FileReader
from encoders.dataset.selection import domains_of
from encoders.errors import InvalidDataError
from encoders.errors.storage import read_json
from encoders.tasks import Task
from taskgraph.arrays import Array
from taskgraph.tables import write_bytes, write_text

INDEX = "index"
"""Name of the listing's folder in the folder of a bank or a sweep."""

HEAD, KEYS = "index.json", "keys"
ALWAYS = ("point_info",)
"""Domains that are listed where they exist: the cameras' rooms identify buildings."""


def list_domains(index: Index, tasks: Iterable[Task]) -> Index:
    """List the files of all domains that some tasks read, and return the index.

    A domain that the data set lacks is left out; whoever reads it gets the error.
    """
    wanted = domains_of(list(tasks), FileReader(index, 1))
    for domain in dict.fromkeys([*wanted, *ALWAYS]):
        with contextlib.suppress(InvalidDataError):
            index.files(domain)
    return index


def keep_index(index: Index, folder: Path) -> str | None:
    """Write an index and what it has listed into a folder; returns the folder.

    The head is written last. A data set with a table has its list in the table, so that nothing is
    written and None is returned.
    """
    if index.table is not None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    (folder / HEAD).unlink(missing_ok=True)
    _write(folder, KEYS, index.keys)
    domains = {}
    for domain, files in index.known.items():
        assert isinstance(files.paths, PatternPaths)
        _write(folder, f"{domain}.stamps", files.stamps)
        _write(folder, f"{domain}.patterns", files.paths.pattern)
        domains[domain] = {"folders": files.paths.folders, "patterns": files.paths.patterns}
    head = {"root": str(index.root), "buildings": index.buildings, "domains": domains}
    write_text(json.dumps(head) + "\n", folder / HEAD)
    return str(folder)


def open_index(root: str | PathLike[str], listing: str | None = None) -> Index:
    """Return the index of a data set: from its listing if there is one, else from its folders.

    Raises
    ------
    InvalidDataError
        As `encoders.dataset.index.read_index`, or if the listing is of another data set.
    """
    if listing is None:
        return read_index(Path(root))
    folder = Path(listing)
    head = read_json(folder / HEAD)
    if head["root"] != str(Path(root)):
        raise InvalidDataError(
            f"{listing} lists the files of {head['root']}, not of {root}; delete it"
        )
    keys = _map(folder, KEYS)
    known = {}
    for domain, names in head["domains"].items():
        pattern = _map(folder, f"{domain}.patterns")
        paths = PatternPaths(tuple(names["folders"]), tuple(names["patterns"]), keys, pattern)
        known[domain] = DomainFiles(domain, paths, _map(folder, f"{domain}.stamps"))
    return Index(Path(root), tuple(head["buildings"]), keys, known)


def index_of_run(root: str | PathLike[str], tasks: Sequence[Task]) -> Index:
    """Return a new index of a data set with all files that some tasks read."""
    return list_domains(read_index(Path(root)), tasks)


def _write(folder: Path, name: str, array: Array) -> None:
    content = io.BytesIO()
    np.save(content, np.ascontiguousarray(array))
    write_bytes(content.getvalue(), folder / f"{name}.npy")


def _map(folder: Path, name: str) -> Array:
    mapped: Array = np.load(folder / f"{name}.npy", mmap_mode="r")
    return mapped
