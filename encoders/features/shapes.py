"""Checks of features, whatever they are read from: shapes, names of sources and examples."""

from __future__ import annotations

import contextlib
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from encoders.errors import InvalidDataError
from encoders.features.label_table import EXAMPLE, first_repeat
from taskgraph.arrays import Array
from taskgraph.tasks import AVERAGE, SELF, quoted

CHUNK_BYTES = 1 << 25
"""About how many bytes of features are read at once."""

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


@contextlib.contextmanager
def naming_broken(path: Path) -> Iterator[None]:
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


def rows_at_once(width: int) -> int:
    """Return how many rows of float64 features take about `CHUNK_BYTES`."""
    return max(1, CHUNK_BYTES // (8 * max(1, width)))


def names_of(names: Sequence[Any] | Array, shown: str) -> list[str]:
    """Return names of examples as texts; bytes are UTF-8, and 7.0 is 7.

    Raises
    ------
    InvalidDataError
        If a name is missing, or is neither a text nor a number.
    """
    flat = names.reshape(-1).tolist() if isinstance(names, np.ndarray) else names
    return [_name_of(name, row, shown) for row, name in enumerate(flat, 1)]


def _name_of(name: Any, row: int, shown: str) -> str:
    """Return the name of the example in a row, counted from 1."""
    if name is None:
        raise InvalidDataError(
            f"{shown}: {EXAMPLE} is empty in row {row}; name each row, or leave the column out"
        )
    if isinstance(name, bytes):
        name = name.decode("utf-8", "replace")
    if isinstance(name, float) and name.is_integer():
        name = int(name)
    if not isinstance(name, str | int | float):
        raise InvalidDataError(
            f"{shown}: {EXAMPLE} holds {type(name).__name__} in row {row}, expected a text or a "
            "number; name each row, or leave the column out"
        )
    return str(name)


def check_shape(name: str, shape: tuple[int, ...], kind: np.dtype[Any], shown: str) -> None:
    """Raise unless an array is a table of numbers, and its name can be a source's."""
    if kind.kind not in "fiub":
        named = EXAMPLE in name.lower() or kind.kind in "OSU"
        raise InvalidDataError(
            f'{shown}: "{name}" holds {kind}, expected numbers; leave it out of the file'
            + (f", or call it {EXAMPLE} if it has the names of the examples" if named else "")
        )
    if len(shape) not in (1, 2) or 0 in shape:
        raise InvalidDataError(
            f'{shown}: "{name}" has the shape {shape}, expected (examples, features) with at least '
            "one of each; reshape it to one row an example"
        )
    check_source(name, shown)


def check_source(name: str, shown: str) -> None:
    """Raise unless a name can be a source's."""
    if not name.strip():
        raise InvalidDataError(f"{shown}: a source has no name; name it, as in SOURCE.FEATURE")
    if name in (SELF, AVERAGE):
        raise InvalidDataError(
            f'{shown}: a source is called "{name}", which is kept for references; rename it'
        )


def common_length(lengths: Mapping[str, int], examples: Sequence[str] | None, shown: str) -> int:
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
    repeat = first_repeat(examples)
    if repeat is not None:
        one, other = repeat
        raise InvalidDataError(
            f'{shown}: rows {one} and {other} are both called "{examples[one - 1]}"; keep one of '
            "them, or rename an example"
        )
    return count
