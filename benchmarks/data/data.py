"""A data set as a value: inputs, labels, classes, and splits; duplicates share a split."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from benchmarks.results.hashes import value_hash
from taskgraph.arrays import Array, Integers
from taskgraph.errors import InvalidTableError

TRAIN, VAL, TEST = "train", "val", "test"
VAL_SHARE, TEST_SHARE = 0.1, 0.2
"""Shares of the training items that become validation, and test where a set has no test split."""


@dataclass(frozen=True, eq=False)
class Data:
    """A data set: items, their labels, and the split of each item.

    Attributes
    ----------
    name : str
    inputs : (N, H, W, C) array of bytes, or (N, D) array of numbers
        Images, or features.
    labels : (N,) array, optional
        Places in ``classes``; None where the items have no classes.
    classes : tuple of str
    splits : mapping of (n,) arrays
        Rows of `TRAIN`, `VAL` and `TEST`, sorted; no row is in two of them.
    license : str
    source : str
        How to get the set.
    groups : tuple of str
        The group of each item, such as its building; empty where items are independent.
    may_change : bool
        Whether the set is a folder of the user that may hold other items under the same name.
    """

    name: str
    inputs: Array
    labels: Integers | None
    classes: tuple[str, ...]
    splits: Mapping[str, Integers]
    license: str
    source: str
    groups: tuple[str, ...] = field(default=())
    may_change: bool = False

    def __post_init__(self) -> None:
        count = len(self.inputs)
        if self.labels is not None:
            if len(self.labels) != count:
                raise InvalidTableError(
                    f"{self.name} has {count} items and {len(self.labels)} labels, expected as many"
                )
            wrong = (self.labels < 0) | (self.labels >= len(self.classes))
            if wrong.any():
                row = int(np.flatnonzero(wrong)[0])
                raise InvalidTableError(
                    f"{self.name}: the label of item {row} is {self.labels[row]}, expected 0 to "
                    f"{len(self.classes) - 1}"
                )
        rows = np.concatenate([*self.splits.values()]) if self.splits else np.zeros(0, np.int64)
        if len(np.unique(rows)) < len(rows):
            raise InvalidTableError(f"{self.name}: an item is in two splits")

    @property
    def images(self) -> bool:
        """Return whether the inputs are images."""
        return self.inputs.ndim == 4

    @cached_property
    def identity(self) -> list[Any]:
        """Return what an evaluation may depend on: the items by hash, classes, labels, splits."""
        labels = None if self.labels is None else self.labels.tolist()
        hashes = [each.hex() for each in item_hashes(self.inputs)]
        splits = {name: rows.tolist() for name, rows in self.splits.items()}
        return [hashes, self.classes, labels, splits]

    def part(self, split: str) -> tuple[Array, Integers | None]:
        """Return the inputs and labels of one split."""
        rows = self.splits[split]
        return self.inputs[rows], None if self.labels is None else self.labels[rows]


OWN_LICENSE = "the user's own"
"""License of sets of the user's own pictures."""


def contents_of(sets: Iterable[Data]) -> dict[str, str]:
    """Return ``{"contents": H}`` for records: H hashes all items of sets that may change.

    It is empty where no set may change, since the name of any other set tells its items.
    """
    own = [each for each in sets if each.may_change]
    return {"contents": value_hash([each.identity for each in own])[:16]} if own else {}


def item_hashes(inputs: Array) -> tuple[bytes, ...]:
    """Return the SHA-256 of each item's bytes; duplicates have equal hashes."""
    return tuple(hashlib.sha256(np.ascontiguousarray(item).tobytes()).digest() for item in inputs)


def split_by_hash(inputs: Array, train: Integers, test: Integers | None) -> dict[str, Integers]:
    """Cut validation from training by a hash of each item, and test where a set has none.

    The split of an item depends on its bytes alone, so that duplicates share a split, and neither
    the order nor the number of the items matters. The expected shares are `VAL_SHARE` and
    `TEST_SHARE`.

    Parameters
    ----------
    inputs : (N, ...) array
    train : (n,) array
        Rows that are divided.
    test : (m,) array, optional
        Rows of the set's own test split.
    """
    hashes = item_hashes(inputs[train])
    first, second = (
        np.array([_share(each[begin : begin + 8]) for each in hashes]) for begin in (0, 8)
    )
    tested = np.zeros(len(train), dtype=bool) if test is not None else first < TEST_SHARE
    validated = ~tested & (second < VAL_SHARE)
    cut = np.asarray(train)[tested]
    return {
        TRAIN: np.sort(np.asarray(train)[~tested & ~validated]),
        VAL: np.sort(np.asarray(train)[validated]),
        TEST: np.sort(cut if test is None else test),
    }


def _share(content: bytes) -> float:
    """Return eight bytes as a fraction in [0, 1)."""
    return int.from_bytes(content, "big") / 2**64
