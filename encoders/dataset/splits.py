"""Divide the buildings of a data set into train, validation and test."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path

import numpy as np

from encoders.errors import InvalidDataError, UnknownNameError

SPLITS = ("train", "val", "test")
ALL = "all"
"""In place of a split: every building."""

SHARE = 0.15
"""Share of the buildings for validation, and for the test; each gets at least one."""

SplitRule = int | str | PathLike[str] | Mapping[str, Sequence[str]] | None
"""A seed, a CSV file, or the buildings of each split; see `split_buildings`."""


def split_buildings(buildings: Sequence[str], rule: SplitRule = None) -> dict[str, tuple[str, ...]]:
    """Divide a data set's buildings among train, val and test.

    Parameters
    ----------
    buildings : sequence of str
        The buildings of the data set.
    rule : int, path, mapping or None
        An integer is the seed with which the sorted buildings are shuffled (None means 0): the
        first 15 % (rounded, at least one) are for validation, equally many for the test, all
        others for training. A path names a CSV file in Taskonomy's format, with the columns id,
        train, val, test and a 1 for the split of each building. A mapping has the buildings of
        each split, by its name.

    Returns
    -------
    dict
        The sorted buildings of each of `SPLITS`. Buildings that a file or mapping does not name are
        in no split; names of buildings that the data set lacks are ignored.

    Raises
    ------
    InvalidDataError
        If a building is in two splits, the file has another format, or there are fewer than three
        buildings to shuffle.
    """
    if rule is None or isinstance(rule, int):
        return _shuffle(sorted(buildings), rule or 0)
    if isinstance(rule, Mapping):
        assigned, where = {name: list(rule[name]) for name in rule}, "the given splits"
    else:
        assigned, where = read_splits(Path(rule)), fspath(rule)
    _check_disjoint(assigned, where)
    existing = set(buildings)
    return {name: tuple(sorted(existing & set(assigned.get(name, ())))) for name in SPLITS}


def check_splits(buildings: Sequence[str], rule: SplitRule = None) -> None:
    """Raise `InvalidDataError` if a split has no building, or if `split_buildings` raises."""
    empty = [name for name, own in split_buildings(buildings, rule).items() if not own]
    if empty:
        where = fspath(rule) if isinstance(rule, (str, PathLike)) else "the given splits"
        raise InvalidDataError(
            f"{where}: none of the data set's buildings is in the split {empty[0]}; they are "
            f"{', '.join(buildings[:8])}; put one of them, or a group of labels.csv, into "
            f"{empty[0]}"
        )


def read_splits(path: Path) -> dict[str, list[str]]:
    """Read the buildings of each split from a CSV file such as ``train_val_test_tiny.csv``.

    Raises
    ------
    InvalidDataError
        If the file is missing or lacks one of its four columns.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise InvalidDataError(f"{path}: {error.strerror}; give the file of splits") from None
    except (UnicodeDecodeError, csv.Error):
        raise InvalidDataError(f"{path} is no CSV text; give the file of splits") from None
    columns = tuple(rows[0]) if rows else ()
    missing = [name for name in ("id", *SPLITS) if name not in columns]
    if missing:
        raise InvalidDataError(
            f"{path} has no column {', '.join(missing)}; expected id, train, val, test, as in "
            "Taskonomy's splits_taskonomy.zip"
        )
    return {name: [row["id"] for row in rows if _is_one(row[name])] for name in SPLITS}


def _is_one(cell: str | None) -> bool:
    return (cell or "").strip().lower() in {"1", "1.0", "true"}


def _shuffle(buildings: list[str], seed: int) -> dict[str, tuple[str, ...]]:
    """Divide the buildings at random."""
    if len(buildings) < len(SPLITS):
        raise InvalidDataError(
            f"{len(buildings)} building(s) cannot be divided into train, val and test; make or "
            "download at least 3 (groups of labels.csv count as buildings), or assign them with "
            f'--splits FILE (in Python splits=, or split="{ALL}")'
        )
    held = max(1, round(SHARE * len(buildings)))
    held = min(held, (len(buildings) - 1) // 2)
    order = np.random.default_rng(np.random.SeedSequence([seed])).permutation(len(buildings))
    shuffled = [buildings[number] for number in order]
    parts = {"val": shuffled[:held], "test": shuffled[held : 2 * held]}
    parts["train"] = shuffled[2 * held :]
    return {name: tuple(sorted(parts[name])) for name in SPLITS}


def _check_disjoint(assigned: Mapping[str, Sequence[str]], where: str) -> None:
    """Raise if there is an unknown split, or a building is in two splits."""
    unknown = [name for name in assigned if name not in SPLITS]
    if unknown:
        raise UnknownNameError(
            f'{where}: no split is called "{unknown[0]}"; there are {", ".join(SPLITS)}'
        )
    split_of: dict[str, str] = {}
    for split, buildings in assigned.items():
        for building in buildings:
            if split_of.setdefault(building, split) != split:
                raise InvalidDataError(
                    f"{where}: building {building} is in {split_of[building]} and in {split}; "
                    "a building belongs to one split, or its test would be on seen rooms"
                )
