"""Files and arrays of features, read a few thousand rows at a time."""

from __future__ import annotations

import contextlib
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as papq

from encoders.errors import InvalidDataError
from encoders.features.label_table import EXAMPLE
from taskgraph.arrays import Array
from taskgraph.tasks import AVERAGE, SELF, quoted

CHUNK_BYTES = 1 << 25
"""About how many bytes of features are read at once."""

FEATURE_MARKS = "./"
"""In a Parquet file, the source of a column is its name up to the first of these characters."""

FORMATS = (".npz", ".parquet")

BROKEN = (
    OSError,
    ValueError,
    EOFError,
    RuntimeError,  # an archive with a password, or compressed in a way that Python does not know
    zipfile.BadZipFile,
    zlib.error,
    pa.ArrowException,
)
"""What readers of files that are broken, or of another kind, raise."""


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
    with _named(path):
        return NpzFeatures(path) if path.suffix.lower() == ".npz" else ParquetFeatures(path)


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """Raise what readers of broken files raise as an error that names the file."""
    try:
        yield
    except InvalidDataError:
        raise
    except BROKEN as error:
        raise InvalidDataError(
            f"{path}: broken, cut off, or no {path.suffix} file "
            f"({' '.join(str(error).split())[:120]}); write it again"
        ) from None


class ArrayFeatures:
    """Features in memory; see `FeatureReader`."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        self.shown = "the features"
        found = {str(name): np.asarray(array) for name, array in arrays.items()}
        names = found.pop(EXAMPLE, None)
        self._arrays = {name: _table(name, array, self.shown) for name, array in found.items()}
        self.widths: Mapping[str, int] = {n: array.shape[1] for n, array in self._arrays.items()}
        lengths = {name: len(array) for name, array in self._arrays.items()}
        self.examples: Sequence[str] | None = None if names is None else _names(names)
        self.count = _common_length(lengths, self.examples, self.shown)

    def chunks(self, source: str) -> Iterator[Array]:
        """Yield a source's features."""
        array = self._arrays[source]
        step = rows_at_once(array.shape[1])
        for start in range(0, len(array), step):
            yield array[start : start + step]


class NpzFeatures:
    """A ``.npz`` file, compressed or not, of which only some rows are in memory at a time.

    An array that is stored by columns is read as a whole.
    """

    def __init__(self, path: Path) -> None:
        self.shown, self._path = str(path), path
        self.examples: Sequence[str] | None = None
        widths, lengths = {}, {}
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                name = member.removesuffix(".npy")
                if name == EXAMPLE:
                    with archive.open(member) as file:
                        self.examples = _saved_names(file, self.shown)
                    continue
                with archive.open(member) as file:
                    shape, _, kind = _npy_header(file)
                _check_shape(name, shape, kind, self.shown)
                widths[name] = shape[1] if len(shape) > 1 else 1
                lengths[name] = shape[0]
        self.widths: Mapping[str, int] = widths
        self.count = _common_length(lengths, self.examples, self.shown)

    def chunks(self, source: str) -> Iterator[Array]:
        """Yield a source's features."""
        with (
            _named(self._path),
            zipfile.ZipFile(self._path) as archive,
            archive.open(f"{source}.npy") as file,
        ):
            shape, by_columns, kind = _npy_header(file)
            width = self.widths[source]
            step = rows_at_once(width)
            if by_columns:  # such an array cannot be read row by row
                whole = np.frombuffer(file.read(), dtype=kind).reshape(shape, order="F")
                for start in range(0, shape[0], step):
                    yield whole[start : start + step].reshape(-1, width)
                return
            for start in range(0, shape[0], step):
                rows = min(step, shape[0] - start)
                content = file.read(rows * width * kind.itemsize)
                yield np.frombuffer(content, dtype=kind).reshape(rows, width)


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
            self.examples = _given_names(names, self.shown)
        widths = {}
        for source, columns in self._columns.items():
            kind = None if first is None else first.schema.field(columns[0]).type
            width = len(columns)
            if kind is not None and _is_list(kind):
                cell = first.column(columns[0])[0].as_py() if first is not None else None
                width = len(cell or ())
            widths[source] = width
        self.widths: Mapping[str, int] = widths
        _common_length(dict.fromkeys(self.widths, self.count), self.examples, self.shown)

    def chunks(self, source: str) -> Iterator[Array]:
        """Yield a source's features."""
        columns, width = self._columns[source], self.widths[source]
        row = 0
        with _named(self._path), papq.ParquetFile(self._path) as file:
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


def rows_at_once(width: int) -> int:
    """Return how many rows of float64 features take about `CHUNK_BYTES`."""
    return max(1, CHUNK_BYTES // (8 * max(1, width)))


def _npy_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read the header of a ``.npy`` file: the shape, whether columns come first, and the type."""
    version = np.lib.format.read_magic(file)
    read: Callable[..., Any] = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape, fortran, kind = read(file)
    return shape, fortran, kind


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
                f'{path}: the column "{field.name}" holds {kind}, expected numbers or lists of '
                "numbers; leave it out of the file, or move it to the labels"
            )
        source = field.name
        if not _is_list(field.type):
            places = [field.name.find(mark) for mark in FEATURE_MARKS if mark in field.name]
            source = field.name[: min(places)] if places else field.name
        _check_name(source, str(path))
        columns.setdefault(source, []).append(field.name)
    return columns


def _is_list(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def _names(array: Array) -> list[str]:
    return [str(name) for name in np.asarray(array).reshape(-1).tolist()]


def _saved_names(file: IO[bytes], shown: str) -> list[str]:
    """Return the names of the examples in a ``.npy`` file."""
    try:
        return _names(np.lib.format.read_array(file, allow_pickle=False))
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        # Objects are saved as pickles, which could run any code.
        raise InvalidDataError(
            f"{shown}: {EXAMPLE} was saved as Python objects, which are not read; save it as text: "
            f"{EXAMPLE}=np.array(names, dtype=str)"
        ) from None


def _given_names(names: Sequence[Any], shown: str) -> list[str]:
    """Return names as texts; raise if one is missing."""
    if None in names:
        raise InvalidDataError(
            f"{shown}: {EXAMPLE} is empty in row {list(names).index(None) + 1}; name each row, or "
            "leave the column out"
        )
    return [str(name) for name in names]


def _table(name: str, array: Array, shown: str) -> Array:
    """Return an array as (n, d)."""
    _check_shape(name, array.shape, array.dtype, shown)
    return array[:, None] if array.ndim == 1 else array


def _check_shape(name: str, shape: tuple[int, ...], kind: np.dtype[Any], shown: str) -> None:
    """Raise unless an array is a table of numbers, and its name can be a source's."""
    if kind.kind not in "fiub":
        raise InvalidDataError(
            f'{shown}: "{name}" holds {kind}, expected numbers; leave it out of the file, or call '
            f"it {EXAMPLE} if it has the names of the examples"
        )
    if len(shape) not in (1, 2) or 0 in shape:
        raise InvalidDataError(
            f'{shown}: "{name}" has the shape {shape}, expected (examples, features) with at least '
            "one of each; reshape it to one row an example"
        )
    _check_name(name, shown)


def _check_name(name: str, shown: str) -> None:
    """Raise unless a name can be a source's."""
    if not name.strip():
        raise InvalidDataError(f"{shown}: a source has no name; name it, as in SOURCE.FEATURE")
    if name in (SELF, AVERAGE):
        raise InvalidDataError(
            f'{shown}: a source is called "{name}", which is kept for references; rename it'
        )


def _common_length(lengths: Mapping[str, int], examples: Sequence[str] | None, shown: str) -> int:
    """Return the number of examples; raise if arrays differ in it, or names are repeated."""
    if not lengths:
        raise InvalidDataError(f"{shown}: there is no source; expected one array for each source")
    first, count = next(iter(lengths.items()))
    for name, length in lengths.items():
        if length != count:
            raise InvalidDataError(
                f'{shown}: "{name}" has {length} rows, and "{first}" has {count}; all sources need '
                "one row for each example"
            )
    if examples is None:
        return count
    if len(examples) != count:
        raise InvalidDataError(
            f"{shown}: {EXAMPLE} has {len(examples)} names, and {quoted(first)} has {count} rows; "
            "give one name for each row"
        )
    place: dict[str, int] = {}
    for row, name in enumerate(examples, 1):
        if name in place:
            raise InvalidDataError(
                f'{shown}: rows {place[name]} and {row} are both called "{name}"; keep one of '
                "them, or rename an example"
            )
        place[name] = row
    return count
