"""The data sets that are compared: found by name or folder, with common classes, and drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.data.data import Data, item_hashes
from benchmarks.data.folders import folder_at, read_folder, read_scenes
from benchmarks.data.registry import load
from benchmarks.data.source import MissingDataError
from taskgraph.arrays import Integers
from taskgraph.errors import InvalidTableError

TEST_SHARE = 0.3
"""Share of the groups, such as buildings, that are tested on."""


@dataclass(frozen=True, eq=False)
class SampledRows:
    """Rows of one data set that a seed draws.

    Attributes
    ----------
    train : (n,) array
        In an order whose every beginning has the classes in nearly equal shares.
    test : (m,) array
    """

    train: Integers
    test: Integers


def load_sets(names: Sequence[str], root: Path | None = None) -> list[Data]:
    """Return data sets: names of ``taskgraph bench data``, or folders with one subfolder a class.

    A folder that ``taskgraph scenes`` made is read as scenes, with the room types as classes.

    Raises
    ------
    InvalidTableError
        If fewer than two sets are named, two have one name, or a folder has no classes.
    MissingDataError
        If a set is not on this machine.
    """
    if len(names) < 2:
        raise InvalidTableError(
            f"got {len(names)} data set(s), expected at least two to compare; give --data A,B"
        )
    found = [_load(name, root) for name in names]
    labels = [each.name for each in found]
    for name in labels:
        if labels.count(name) > 1:
            raise InvalidTableError(f'two data sets are named "{name}"; rename one of the folders')
    return found


def _load(name: str, root: Path | None) -> Data:
    if "/" not in name:
        return load(name, root)
    folder = Path(name)
    if not folder.is_dir():
        found = "is a file" if folder.exists() else "does not exist"
        raise MissingDataError(
            f"--data names {name}, which {found}; expected a folder with one subfolder a class"
        )
    read = read_scenes if (folder / "manifest.json").is_file() else read_folder
    return folder_at(folder, folder.name, read).load(root)


def with_common_classes(sets: Sequence[Data], *, drop: bool = False) -> list[Data]:
    """Return the sets with the same tuple of classes, sorted by name.

    Parameters
    ----------
    drop : bool
        Leave out the items of classes that not all sets have, instead of refusing them.

    Raises
    ------
    InvalidTableError
        If a set has no classes, the classes differ and ``drop`` is false, or fewer than two are
        common to all.
    """
    for data in sets:
        if data.labels is None:
            raise InvalidTableError(
                f"{data.name} has no classes, which a matrix of classifiers needs; leave it out, "
                "or measure --parts name,distance alone"
            )
    every = [set(data.classes) for data in sets]
    common = sorted(set.intersection(*every))
    for data, own in zip(sets, every, strict=True):
        alone = sorted(own - {*common})
        if alone and not drop:
            raise InvalidTableError(
                f'the classes differ: "{alone[0]}" of {data.name} is not in every set; add '
                "--common-classes to keep the classes that all share, or measure --parts "
                "name,distance, which need none"
            )
    if len(common) < 2:
        raise InvalidTableError(
            f"the sets have {len(common)} class(es) in common, expected at least two; a classifier "
            "needs them to choose from"
        )
    return [_relabeled(data, tuple(common)) for data in sets]


def _relabeled(data: Data, classes: tuple[str, ...]) -> Data:
    """Return a set with these classes alone, in this order, and no splits."""
    assert data.labels is not None
    place = np.array([classes.index(c) if c in classes else -1 for c in data.classes])
    labels = place[data.labels]
    kept = labels >= 0
    groups = tuple(np.array(data.groups)[kept]) if data.groups else ()
    return replace(
        data,
        inputs=data.inputs[kept],
        labels=labels[kept].astype(np.int64),
        classes=classes,
        splits={},
        groups=groups,
    )


def draw(sets: Sequence[Data], seed: int, train: int, test: int) -> dict[str, SampledRows]:
    """Draw training and test items of every set, so that no group or duplicate is in both.

    Items of a set with groups are divided by group: `TEST_SHARE` of all groups are tested on, the
    same ones in every set. Other items are divided one by one; an item whose bytes are those of a
    test item of any set is never trained on. The sets' own splits are not used: each seed draws
    new ones, so that the spread over seeds includes that of the test items.

    Parameters
    ----------
    seed : int
    train, test : int
        Number of items of each set.

    Returns
    -------
    dict
        By name of the set.

    Raises
    ------
    InvalidTableError
        If a set has fewer items than asked for.
    """
    tested_groups = _test_groups(sets, seed)
    hashes = {data.name: np.array(item_hashes(data.inputs)) for data in sets}
    tested: dict[str, Integers] = {}
    for data in sets:
        rng = np.random.default_rng([seed, 1])
        rows = rng.permutation(len(data.inputs))
        if data.groups:
            rows = rows[np.isin(np.array(data.groups)[rows], tested_groups)]
        if len(rows) < test:
            raise _too_few(data, len(rows), test, "test", "--test")
        tested[data.name] = rows[:test]
    used = np.concatenate([hashes[name][rows] for name, rows in tested.items()])
    found = {}
    for data in sets:
        free = ~np.isin(hashes[data.name], used)
        if data.groups:
            free &= ~np.isin(data.groups, tested_groups)
        rows = balanced(data, np.flatnonzero(free), np.random.default_rng([seed, 2]))
        if len(rows) < train:
            raise _too_few(data, len(rows), train, "training", "--sizes")
        found[data.name] = SampledRows(rows[:train], tested[data.name])
    return found


def _test_groups(sets: Sequence[Data], seed: int) -> list[str]:
    """Return the groups that are tested on: at least one, where sets have groups."""
    every = sorted({group for data in sets for group in data.groups})
    if not every:
        return []
    if len(every) < 2:
        raise InvalidTableError(
            f"the sets have one group, {every[0]}, expected at least two, so that none is both "
            "trained and tested on; make more buildings"
        )
    order = np.random.default_rng([seed, 0]).permutation(len(every))
    return [every[k] for k in order[: max(1, round(TEST_SHARE * len(every)))]]


def balanced(data: Data, rows: Integers, rng: np.random.Generator) -> Integers:
    """Return rows in a random order whose every beginning has nearly equal shares of the classes.

    The k-th items of all classes come before the (k + 1)-th ones. Without classes, the order is
    random.
    """
    shuffled = rng.permutation(rows)
    if data.labels is None:
        return shuffled
    labels = data.labels[shuffled]
    turn = np.zeros(len(shuffled), np.int64)
    for label in np.unique(labels):
        turn[labels == label] = np.arange((labels == label).sum())
    return shuffled[np.argsort(turn, kind="stable")]


def _too_few(data: Data, count: int, asked: int, kind: str, flag: str) -> InvalidTableError:
    return InvalidTableError(
        f"{data.name} has {count} items to draw {asked} {kind} items from; lower {flag}, or get "
        "more items"
    )
