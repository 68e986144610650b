"""Files and arrays of features, read a few thousand rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from encoders.errors import InvalidDataError
from encoders.features.label_table import EXAMPLE
from encoders.features.npz import NpzFeatures
from encoders.features.parquet import ParquetFeatures
from encoders.features.shapes import (
    check_shape,
    common_length,
    names_of,
    naming_broken,
    rows_at_once,
)
from taskgraph.arrays import Array

FORMATS = (".npz", ".parquet")


class FeatureReader(Protocol):
    """Features of n examples from several sources.

    Attributes
    ----------
    shown : str
        What messages call the features: the name of their file.
    widths : mapping of str to int
        Number of features by source.
    examples : sequence of str, or None
        Names of the examples, if they are known.
    count : int
        n.
    """

    shown: str
    widths: Mapping[str, int]
    examples: Sequence[str] | None
    count: int

    def chunks(self, source: str) -> Iterator[Array]:
        """Yield a source's features, (m, d) arrays of the next m examples."""


def open_features(features: str | Path | Mapping[str, Any]) -> FeatureReader:
    """Open a file of features, or arrays in memory.

    Parameters
    ----------
    features : path, or mapping of sources to (n, d) or (n,) arrays
        A ``.npz`` file holds one array for each source. A ``.parquet`` file holds a column of
        lists for each source, or one column for each feature, named ``SOURCE.FEATURE``. The array
        or column ``example`` has the names of the examples.

    Raises
    ------
    InvalidDataError
        If the file cannot be read, holds something else, or arrays differ in length.
    """
    if isinstance(features, Mapping):
        return ArrayFeatures(features)
    path = Path(features)
    if path.suffix.lower() not in FORMATS:
        raise InvalidDataError(f"{path}: expected a file whose name ends in {' or '.join(FORMATS)}")
    if not path.is_file():
        problem = "this is a folder" if path.is_dir() else "there is no such file"
        raise InvalidDataError(f"{path}: {problem}; give a {' or '.join(FORMATS)} file")
    with naming_broken(path):
        return NpzFeatures(path) if path.suffix.lower() == ".npz" else ParquetFeatures(path)


class ArrayFeatures:
    """Features in memory; see `FeatureReader`."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        self.shown = "the features"
        found = {str(name): np.asarray(array) for name, array in arrays.items()}
        names = found.pop(EXAMPLE, None)
        self._arrays = {name: _table(name, array, self.shown) for name, array in found.items()}
        self.widths: Mapping[str, int] = {n: array.shape[1] for n, array in self._arrays.items()}
        lengths = {name: len(array) for name, array in self._arrays.items()}
        self.examples: Sequence[str] | None = (
            None if names is None else names_of(np.asarray(names), self.shown)
        )
        self.count = common_length(lengths, self.examples, self.shown)

    def chunks(self, source: str) -> Iterator[Array]:
        """Yield a source's features."""
        array = self._arrays[source]
        step = rows_at_once(array.shape[1])
        for start in range(0, len(array), step):
            yield array[start : start + step]


def _table(name: str, array: Array, shown: str) -> Array:
    """Return an array as (n, d)."""
    check_shape(name, array.shape, array.dtype, shown)
    return array[:, None] if array.ndim == 1 else array
