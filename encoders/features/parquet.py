"""A Parquet file of features, read a few thousand rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as papq

from encoders.errors import InvalidDataError
from encoders.features.label_table import EXAMPLE
from encoders.features.shapes import (
    check_source,
    common_length,
    names_of,
    naming_broken,
    rows_at_once,
)
from taskgraph.arrays import Array

FEATURE_MARKS = "./"
"""In a Parquet file, the source of a column is its name up to the first of these characters."""


class ParquetFeatures:
    """A Parquet file, of which one group of rows is in memory at a time."""

    def __init__(self, path: Path) -> None:
        self.shown, self._path = str(path), path
        with papq.ParquetFile(path) as file:
            self._columns = _columns_of_sources(file.schema_arrow, path)
            self.count = file.metadata.num_rows
            first = next(file.iter_batches(1), None) if self.count else None
            names = None
            if EXAMPLE in file.schema_arrow.names:
                names = file.read([EXAMPLE]).column(0).to_pylist()
        self.examples: Sequence[str] | None = None
        if names is not None:
            self.examples = names_of(names, self.shown)
        if first is None:
            raise InvalidDataError(f"{path}: there are no rows; expected one row an example")
        self.widths: Mapping[str, int] = {
            source: self._width(source, first) for source in self._columns
        }
        common_length(dict.fromkeys(self.widths, self.count), self.examples, self.shown)

    def _width(self, source: str, first: pa.RecordBatch) -> int:
        """Return the number of a source's features, from the first row."""
        columns = self._columns[source]
        column = first.column(columns[0])
        if not _is_list(column.type):
            return len(columns)
        if width := len(column[0].as_py() or ()):
            return width
        raise InvalidDataError(
            f'{self.shown}: "{source}" has no features in row 1, expected a list of numbers in '
            "each row; fill it, or leave the column out of the file"
        )

    def chunks(self, source: str) -> Iterator[Array]:
        """Yield a source's features."""
        columns, width = self._columns[source], self.widths[source]
        row = 0
        with naming_broken(self._path), papq.ParquetFile(self._path) as file:
            for batch in file.iter_batches(rows_at_once(width), columns=columns):
                if len(columns) == 1 and _is_list(batch.schema.field(columns[0]).type):
                    yield self._lists(source, batch.column(columns[0]), row)
                else:
                    parts = [batch.column(name).to_numpy(False) for name in columns]
                    yield np.column_stack([part.astype(np.float64) for part in parts])
                row += len(batch)

    def _lists(self, source: str, column: pa.Array, row: int) -> Array:
        """Return a column of lists as one array; raise if the lists differ in length."""
        width = self.widths[source]
        lengths = column.value_lengths().to_numpy(False) if len(column) else np.array([width])
        wrong = np.flatnonzero(lengths != width)
        if len(wrong):
            raise InvalidDataError(
                f'{self.shown}: "{source}" has {np.nan_to_num(lengths[wrong[0]]):g} features in '
                f"row {row + wrong[0] + 1}, and {width} in row 1; all rows need as many"
            )
        flat: Array = column.flatten().to_numpy(False)
        return flat.reshape(len(column), width)


def _columns_of_sources(schema: pa.Schema, path: Path) -> dict[str, list[str]]:
    """Return the columns of each source of a Parquet file."""
    columns: dict[str, list[str]] = {}
    for field in schema:
        if field.name == EXAMPLE or field.name.startswith("__index_level"):
            continue
        kind = field.type.value_type if _is_list(field.type) else field.type
        if not (
            pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)
        ):
            raise InvalidDataError(
                f'{path}: the column "{field.name}" holds {field.type}, expected numbers or lists '
                "of numbers; leave it out of the file, or move it to the labels"
            )
        source = field.name
        if not _is_list(field.type):
            places = [field.name.find(mark) for mark in FEATURE_MARKS if mark in field.name]
            source = field.name[: min(places)] if places else field.name
        check_source(source, str(path))
        columns.setdefault(source, []).append(field.name)
    _check_apart(schema, columns, path)
    return columns


def _check_apart(schema: pa.Schema, columns: dict[str, list[str]], path: Path) -> None:
    """Raise if two columns have one name, or a source has a column of lists and others."""
    for source, names in columns.items():
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is not None:
            raise InvalidDataError(
                f'{path}: two columns are called "{repeated}"; rename one of them, or write the '
                "features of one source as SOURCE.1, SOURCE.2"
            )
        if len(names) > 1 and any(_is_list(schema.field(name).type) for name in names):
            raise InvalidDataError(
                f'{path}: source "{source}" has a column of lists and the column '
                f'"{next(name for name in names if not _is_list(schema.field(name).type))}"; '
                "rename one of them"
            )


def _is_list(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )
