"""All data sets by name. Another one is another `Source` in one of the lists."""

from __future__ import annotations

import difflib
from pathlib import Path

from benchmarks.data import folders, packages
from benchmarks.data.data import Data
from benchmarks.data.source import MissingDataError, Source, data_root

SOURCES: dict[str, Source] = {one.name: one for one in (*packages.SOURCES, *folders.SOURCES)}
KNOWN = (
    "cifar-10-batches-py",
    "cifar-100-python",
    "svhn",
    "stl10_binary",
    "FashionMNIST",
    "fashion-mnist",
)
"""Folders of the sets above, which are no folders of classes."""


def sources(root: Path | None = None) -> list[Source]:
    """Return all sets: those with a name, and the folders of pictures in the user's folder."""
    folder = data_root(root)
    own = sorted(
        path.name
        for path in (folder.iterdir() if folder is not None and folder.is_dir() else ())
        if path.is_dir() and path.name not in {*SOURCES, *KNOWN} and path.name[0] != "."
    )
    return [*SOURCES.values(), *map(folders.folder_source, own)]


def load(name: str, root: Path | None = None) -> Data:
    """Read a data set.

    Parameters
    ----------
    name : str
        Of `SOURCES`, or of a folder of pictures in the user's folder.
    root : Path, optional
        The user's folder of data sets; by default that of the variable ``TASKGRAPH_DATA``.

    Raises
    ------
    MissingDataError
        If there is no such set, or it is not on this machine.
    """
    by_name = {one.name: one for one in sources(root)}
    if name not in by_name:
        near = difflib.get_close_matches(name, by_name, n=3, cutoff=0.5)
        meant = f"did you mean {' or '.join(near)}?" if near else f"expected {', '.join(by_name)}"
        raise MissingDataError(f'there is no data set "{name}"; {meant}')
    return by_name[name].load(root)
