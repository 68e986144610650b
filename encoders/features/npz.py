"""A ``.npz`` file of features, read a few thousand rows at a time."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from encoders.errors import InvalidDataError
from encoders.features.label_table import EXAMPLE
from encoders.features.shapes import (
    check_shape,
    common_length,
    names_of,
    naming_broken,
    rows_at_once,
)
from taskgraph.arrays import Array


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
                if name == member or name in widths:
                    problem = "is in it twice" if name in widths else "is no array"
                    raise InvalidDataError(
                        f'{path}: "{member}" {problem}; write the file again with '
                        "numpy.savez(FILE, SOURCE=array)"
                    )
                if name == EXAMPLE:
                    with archive.open(member) as file:
                        self.examples = _saved_names(file, self.shown)
                    continue
                with archive.open(member) as file:
                    shape, _, kind = _npy_header(file)
                check_shape(name, shape, kind, self.shown)
                widths[name] = shape[1] if len(shape) > 1 else 1
                lengths[name] = shape[0]
        self.widths: Mapping[str, int] = widths
        self.count = common_length(lengths, self.examples, self.shown)

    def chunks(self, source: str) -> Iterator[Array]:
        """Yield a source's features."""
        with (
            naming_broken(self._path),
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


def _saved_names(file: IO[bytes], shown: str) -> list[str]:
    """Return the names of the examples in a ``.npy`` file."""
    try:
        return names_of(np.lib.format.read_array(file, allow_pickle=False), shown)
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        # Objects are saved as pickles, which could run any code.
        raise InvalidDataError(
            f"{shown}: {EXAMPLE} was saved as Python objects, which are not read; save it as text: "
            f"{EXAMPLE}=np.array(names, dtype=str)"
        ) from None
