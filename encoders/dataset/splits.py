"""Train, validation and test: buildings, never views, are divided."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path

import numpy as np

from encoders.errors import InvalidDataError, UnknownNameError

SPLITS = ("train", "val", "test")
ALL = "all"
"""Not a split: every building."""

SHARE = 0.15
"""Of the buildings, for validation and as many for the test; at least one each."""

SplitRule = int | str | PathLike[str] | Mapping[str, Sequence[str]] | None
"""A seed, a CSV file, or the buildings of each split."""


def split_buildings(buildings: Sequence[str], rule: SplitRule = None) -> dict[str, tuple[str, ...]]:
    """Divide a data set's buildings among train, val and test.

    Parameters
    ----------
    buildings : sequence of str
        Those that the data set has.
    rule
        None or a whole number: the sorted buildings are shuffled with that seed (0 for None);
        the first 15 % (rounded, at least one) are for validation, the next as many for the test,
        all others for training. A path: Taskonomy's CSV with the columns id, train, val, test
        and a 1 where a building belongs. A mapping: the buildings of each split, by name.

    Returns
    -------
    dict
        Sorted names, for each of `SPLITS`. Buildings that a file or mapping does not name are in
        none of them, and names of buildings that the data set lacks are passed over.

    Raises
    ------
    InvalidDataError
        If a building is in two splits, the file is not such a file, or there are fewer than
        three buildings to shuffle.
    """
    if rule is None or isinstance(rule, int):
        return _shuffled(sorted(buildings), rule or 0)
    if isinstance(rule, Mapping):
        named, where = {name: list(rule[name]) for name in rule}, "the given splits"
    else:
        named, where = read_splits(Path(rule)), fspath(rule)
    _check_disjoint(named, where)
    have = set(buildings)
    return {name: tuple(sorted(have & set(named.get(name, ())))) for name in SPLITS}


def check_splits(buildings: Sequence[str], rule: SplitRule = None) -> None:
    """Raise `InvalidDataError` if a split has none of the buildings, or as `split_buildings`."""
    empty = [name for name, own in split_buildings(buildings, rule).items() if not own]
    if empty:
        where = fspath(rule) if isinstance(rule, (str, PathLike)) else "the given splits"
        raise InvalidDataError(
            f"{where}: none of the data set's buildings is in the split {empty[0]}; they are "
            f"{', '.join(buildings[:8])}"
        )


def read_splits(path: Path) -> dict[str, list[str]]:
    """The buildings of each split in a CSV file such as ``train_val_test_tiny.csv``.

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
    lacking = [name for name in ("id", *SPLITS) if name not in columns]
    if lacking:
        raise InvalidDataError(
            f"{path} has no column {', '.join(lacking)}; expected id, train, val, test, as in "
            "Taskonomy's splits_taskonomy.zip"
        )
    return {name: [row["id"] for row in rows if _chosen(row[name])] for name in SPLITS}


def _chosen(cell: str | None) -> bool:
    return (cell or "").strip().lower() in {"1", "1.0", "true"}


def _shuffled(buildings: list[str], seed: int) -> dict[str, tuple[str, ...]]:
    if len(buildings) < len(SPLITS):
        raise InvalidDataError(
            f"{len(buildings)} building(s) cannot be divided into train, val and test; make or "
            f'download at least 3, or ask for split="{ALL}" or splits={{"train": [...], ...}}'
        )
    held = max(1, round(SHARE * len(buildings)))
    held = min(held, (len(buildings) - 1) // 2)
    order = np.random.default_rng(np.random.SeedSequence([seed])).permutation(len(buildings))
    shuffled = [buildings[number] for number in order]
    parts = {"val": shuffled[:held], "test": shuffled[held : 2 * held]}
    parts["train"] = shuffled[2 * held :]
    return {name: tuple(sorted(parts[name])) for name in SPLITS}


def _check_disjoint(named: Mapping[str, Sequence[str]], where: str) -> None:
    unknown = [name for name in named if name not in SPLITS]
    if unknown:
        raise UnknownNameError(
            f'{where}: no split is called "{unknown[0]}"; there are {", ".join(SPLITS)}'
        )
    place: dict[str, str] = {}
    for split, buildings in named.items():
        for building in buildings:
            if place.setdefault(building, split) != split:
                raise InvalidDataError(
                    f"{where}: building {building} is in {place[building]} and in {split}; "
                    "a building belongs to one split, or its test would be on seen rooms"
                )
