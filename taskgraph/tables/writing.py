"""Files are written completely or not at all, after a check that they can be written."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from taskgraph.errors import InvalidTableError, describe_os_error
from taskgraph.tables.formats import FilePath
from taskgraph.tables.naming import naming

SUFFIXES = (".csv", ".csv.gz", ".parquet")
"""Endings of the formats in which tables are written."""


def write_frame(frame: pd.DataFrame, path: FilePath) -> None:
    """Write a table as CSV, gzipped CSV or Parquet, by the suffix of ``path``.

    The file is written completely or not at all: it is written under another name in the same
    folder and then renamed.

    Raises
    ------
    InvalidTableError
        If the suffix is none of ``.csv``, ``.csv.gz``, ``.parquet``, or the folder is missing.
    """
    check_writable(path, suffixes=SUFFIXES)
    name = Path(path).name.lower()
    if name.endswith(".parquet"):
        # Losses hardly repeat: split into their bytes, they take a third less space.
        frame = frame.rename(columns=str)
        numbers = list(frame.select_dtypes("float").columns)
        packing: dict[str, Any] = {
            "compression": "zstd",
            "use_dictionary": [name for name in frame if name not in numbers],
            "column_encoding": dict.fromkeys(numbers, "BYTE_STREAM_SPLIT"),
        }
        _replace(path, lambda place: frame.to_parquet(place, index=False, **packing))
    else:
        # With a time stamp in the archive, equal tables would give different files.
        packed = {"method": "gzip", "mtime": 0} if name.endswith(".gz") else None
        _replace(
            path,
            lambda place: frame.to_csv(
                place, index=False, compression=packed, lineterminator="\n", encoding="utf-8"
            ),
        )


def write_text(text: str, path: FilePath) -> None:
    """Write a UTF-8 text file, completely or not at all; see `write_frame`."""
    write_bytes(text.encode(), path)


def write_bytes(content: bytes, path: FilePath) -> None:
    """Write a file, completely or not at all; see `write_frame`."""
    _replace(path, lambda place: Path(place).write_bytes(content))


def check_writable(path: FilePath, *, suffixes: Sequence[str] = ("",)) -> None:
    """Raise `InvalidTableError` if a file cannot be written, before any work is done for it.

    ``suffixes`` are the endings of the formats that can be written. A file of another name is
    created in the folder and removed again: nothing else finds out about full or read-only disks.
    """
    with naming(path):
        if not Path(path).name.lower().endswith(tuple(suffixes)):
            raise InvalidTableError(
                "cannot tell the format, expected a name that ends in " + ", ".join(suffixes)
            )
        with _writing():
            _create_and_remove(_target(path))


def check_folder(path: FilePath) -> None:
    """Raise `InvalidTableError` if a folder cannot be created, or no file can be written to it.

    As in `check_writable` a file is created and removed, in the nearest folder that exists.
    """
    with naming(path), _writing():
        place = Path(os.path.realpath(path))
        while not place.exists():
            place = place.parent
        if not place.is_dir():
            raise InvalidTableError(f'"{place}" is a file, expected a folder; name another place')
        _create_and_remove(place / "file")


def _replace(path: FilePath, write: Callable[[str], object]) -> None:
    """Call ``write`` with a temporary path in the same folder, and rename that file to ``path``."""
    with naming(path), _writing():
        target = _target(path)
        handle, place = _temporary(target)
        try:
            try:
                write(place)
                os.fsync(handle)  # some file systems report a full disk only here
            finally:
                os.close(handle)
            os.chmod(place, _mode(target))
            os.replace(place, target)
        except BaseException:
            Path(place).unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    """Turn errors of the operating system into `InvalidTableError`."""
    try:
        yield
    except OSError as error:
        raise InvalidTableError(f"cannot be written: {describe_os_error(error)}") from None


def _target(path: FilePath) -> Path:
    """Return the file at the end of symbolic links; raise if it is not a file or has no folder."""
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise InvalidTableError("this is a folder, expected the name of a file to write")
    if target.exists() and not target.is_file():
        raise InvalidTableError("this is a pipe or a device, expected the name of a file to write")
    if target.parent.exists() and not target.parent.is_dir():
        raise InvalidTableError(
            f'"{Path(path).parent}" is a file, expected a folder; name a place in a folder'
        )
    if not target.parent.is_dir():
        raise InvalidTableError(f'the folder "{Path(path).parent}" does not exist; make it first')
    return target


def _temporary(target: Path) -> tuple[int, str]:
    """Create an empty file in the target's folder; return its descriptor and path."""
    # The name is cut, so that it is not too long with what is added.
    return tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:40]}.")


def _create_and_remove(target: Path) -> None:
    """Create a file in the target's folder and remove it."""
    handle, place = _temporary(target)
    os.close(handle)
    os.unlink(place)


def _mode(target: Path) -> int:
    """Return the permissions of the file to replace, or those that a new file gets."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    # mkstemp lets only the owner read; a new file should follow the user's mask.
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
