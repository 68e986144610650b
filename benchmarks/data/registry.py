"""The list of all data sets. Add a `Source` to `packages` or `folders` to extend it."""

from __future__ import annotations

import difflib
from pathlib import Path

from benchmarks.data import blends, folders, fonts, packages, surf
from benchmarks.data.data import Data
from benchmarks.data.source import MissingDataError, Source, data_root

SOURCES: dict[str, Source] = {
    one.name: one
    for one in (
        *packages.SOURCES,
        *blends.SOURCES,
        *fonts.SOURCES,
        *folders.SOURCES,
        *surf.SOURCES,
    )
}
KNOWN = (
    "cifar-10-batches-py",
    "cifar-100-python",
    "svhn",
    "stl10_binary",
    "FashionMNIST",
    "fashion-mnist",
    surf.FOLDER,
)
"""Folders of the sets in `SOURCES`, which are not read as folders of pictures."""


def sources(root: Path | None = None) -> list[Source]:
    """Return the sources of all sets: `SOURCES`, and the user's folders of pictures."""
    folder = data_root(root)
    own = sorted(
        path.name
        for path in (folder.iterdir() if folder is not None and folder.is_dir() else ())
        if path.is_dir() and path.name not in {*SOURCES, *KNOWN} and path.name[0] != "."
    )
    return [*SOURCES.values(), *map(folders.folder_source, own)]


def load(name: str, root: Path | None = None) -> Data:
    """Read a data set by its name.

    Parameters
    ----------
    name : str
        A key of `SOURCES`, or the name of a folder of pictures in the user's folder.
    root : Path, optional
        The user's folder of data sets; by default the one that ``TASKGRAPH_DATA`` names.

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
