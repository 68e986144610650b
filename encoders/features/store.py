"""Features on disk: one memory-mapped array a source, its rows in the order of the labels."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np

from encoders.errors import InvalidDataError
from encoders.features.readers import FeatureReader
from taskgraph.arrays import Array, Floats32, Integers

FEATURES = "features"
"""Name of the store's folder within the folder of a measurement."""

LONGEST = 120
"""Most characters of the name of a file; longer ones are cut and end in a hash."""


def file_name(text: str) -> str:
    """Return a name as that of a file: special characters become ``%`` and two digits."""
    safe = quote(text, safe="+ ,=@")
    safe = f"%2E{safe[1:]}" if safe.startswith(".") else safe
    if len(safe) <= LONGEST:
        return safe
    return f"{safe[:LONGEST]}~{hashlib.sha256(text.encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class FeatureStore:
    """A folder with one file ``SOURCE.npy`` for each source, (n, d) in single precision."""

    folder: Path

    def path(self, source: str) -> Path:
        """Return the path of a source's features."""
        return self.folder / f"{file_name(source)}.npy"

    def open(self, source: str) -> Floats32:
        """Return a source's features, (n, d), mapped to memory and read when they are used."""
        array: Floats32 = np.load(self.path(source), mmap_mode="r")
        return array

    def rows(self, source: str, rows: Integers) -> Floats32:
        """Return some rows of a source's features in memory."""
        return np.asarray(self.open(source)[rows])


def write_features(
    reader: FeatureReader, source: str, store: FeatureStore, places: Integers, names: Array | None
) -> None:
    """Write a source's features to the store; nothing is done if they are there.

    Parameters
    ----------
    places : (rows of the file,) array
        The row in the store of each row of the file; -1 for rows that are left out.
    names : (rows of the file,) array, or None
        Names of the examples, for messages.

    Raises
    ------
    InvalidDataError
        If a feature is not a finite number in single precision.
    """
    path = store.path(source)
    if path.exists():
        return
    store.folder.mkdir(parents=True, exist_ok=True)
    shape = (int((places >= 0).sum()), reader.widths[source])
    handle, temporary = tempfile.mkstemp(dir=store.folder, prefix=".features.")
    os.close(handle)
    try:
        array = np.lib.format.open_memmap(temporary, "w+", np.dtype(np.float32), shape)
        row = 0
        for chunk in reader.chunks(source):
            kept = places[row : row + len(chunk)] >= 0
            with np.errstate(over="ignore", invalid="ignore"):
                numbers = chunk[kept].astype(np.float32)
            _check_finite(numbers, np.flatnonzero(kept) + row, reader, source, names)
            array[places[row : row + len(chunk)][kept]] = numbers
            row += len(chunk)
        array.flush()
        del array
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _check_finite(
    numbers: Floats32,
    rows: Integers,
    reader: FeatureReader,
    source: str,
    names: Array | None,
) -> None:
    """Raise if a feature is NaN, infinite, or too large for single precision."""
    bad = ~np.isfinite(numbers)
    if not bad.any():
        return
    place, feature = (int(each) for each in np.argwhere(bad)[0])
    row = int(rows[place])
    example = f"row {row + 1}" if names is None else f'example "{names[row]}" (row {row + 1})'
    raise InvalidDataError(
        f'{reader.shown}: feature {feature + 1} of source "{source}" is '
        f"{numbers[place, feature]} in {example}, expected a finite number; replace "
        "it, for example by the feature's mean, leave its example out of the labels, or leave the "
        "source out with --sources"
    )
