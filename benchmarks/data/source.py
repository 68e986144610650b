"""The source of a named data set: how it is found, read and obtained. Nothing is downloaded."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data.data import TEST, TRAIN, VAL, Data, split_by_hash
from taskgraph.arrays import Array, Integers
from taskgraph.errors import InvalidTableError, TaskgraphError

ROOT_VARIABLE = "TASKGRAPH_DATA"
"""Environment variable of the folder that holds the user's data sets."""


class MissingDataError(TaskgraphError, FileNotFoundError):
    """Raised where a data set is not on this machine; the message says how to get it."""


@dataclass(frozen=True, eq=False)
class RawData:
    """A data set as its reader returns it, before validation items are split off.

    Attributes
    ----------
    inputs : (N, H, W, C) or (N, D) array
    labels : (N,) array, optional
    classes : tuple of str
    splits : dict
        Rows of the set's own splits. `split_by_hash` makes ``val``, and ``test``, from ``train``
        where they are missing.
    groups : tuple of str
        See `Data`.
    """

    inputs: Array
    labels: Integers | None
    classes: tuple[str, ...]
    splits: dict[str, Integers]
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """A data set by name: where it is found, and how it is read.

    Attributes
    ----------
    name : str
    what : str
        Number and size of the items, and the classes, in a few words.
    license : str
        As its authors state it.
    get : str
        How to get it; a command, or a place and the name of a folder.
    find : callable
        Takes the user's folder of data sets (or None); returns the path of this set, or None.
    read : callable
        Takes that path; returns `RawData`.
    may_change : bool
        See `Data`.
    """

    name: str
    what: str
    license: str
    get: str
    find: Callable[[Path | None], Path | None]
    read: Callable[[Path], RawData]
    may_change: bool = False

    def place(self, root: Path | None = None) -> Path | None:
        """Return the path of the set on this machine, or None."""
        return self.find(data_root(root))

    def load(self, root: Path | None = None) -> Data:
        """Read the data set, and split it.

        Raises
        ------
        MissingDataError
            If it is not on this machine.
        InvalidTableError
            If a file of it is damaged.
        """
        place = self.place(root)
        if place is None:
            raise MissingDataError(f"the data set {self.name} is not here; {self.get}")
        items = self.read(place)
        splits = items.splits
        if VAL not in splits:
            splits = split_by_hash(items.inputs, splits[TRAIN], splits.get(TEST))
        return Data(
            self.name,
            items.inputs,
            items.labels,
            items.classes,
            splits,
            self.license,
            self.get,
            items.groups,
            self.may_change,
        )


def data_root(root: Path | None = None) -> Path | None:
    """Return the user's folder of data sets: ``root``, else that of `ROOT_VARIABLE`, or None.

    Raises
    ------
    InvalidTableError
        If there is no such folder. It is no `MissingDataError`, which some suites take as one set
        that they leave out.
    """
    named = os.environ.get(ROOT_VARIABLE)
    folder = root if root is not None else Path(named) if named else None
    if folder is not None and not folder.is_dir():
        where = "--data-root" if root is not None else f"the variable {ROOT_VARIABLE}"
        raise InvalidTableError(f"{where} names {folder}, which is no folder; name another one")
    return folder
