"""Hashes of files' contents, remembered as long as a file's size, times and inode do not change.

Everything that is made from files (arrays, constants, partners, representations, losses) is
identified by their content, because a rewritten file may keep its size and time, and a copied file
has new ones. A file's content is read once; later its size, times and inode tell whether it is
still the file that was read.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import time
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from encoders.errors import InvalidDataError

SETTLED = 2_000_000_000
"""Nanoseconds within which two changes of a file may have the same time (two seconds on FAT).

The hash of a file that was changed more recently than this is not remembered.
"""

BYTES = 16
"""Length of a hash in bytes."""

MISSING = bytes(BYTES)
"""In place of the hash of a missing file."""


class Stamp(NamedTuple):
    """Size, times and inode of a file, which identify its state without reading it.

    Attributes
    ----------
    size : int
        In bytes.
    modified, changed : int
        Times of the last change of the content, and of the content or the name, in nanoseconds.
        Programs can set the first and not the second. On Windows, the second is the time at which
        the file was made.
    inode : int
    """

    size: int
    modified: int
    changed: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """Return the stamp in the result of `os.stat`."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)

    def settled(self, now: int) -> bool:
        """Return whether any change of the file from ``now`` on gives another stamp."""
        last = self.modified if os.name == "nt" else self.changed
        return last + SETTLED <= now


ABSENT = Stamp(-1, 0, 0, 0)
"""The stamp of a missing file."""

Known = Mapping[str, tuple[Stamp, bytes]]
"""By path: the stamp of a file when it was read, and the hash of its content."""


def hashes(files: Mapping[str, Stamp], root: Path, memory: Path | None) -> list[bytes]:
    """Return a hash of each file's content, in order; `MISSING` for a missing file.

    Parameters
    ----------
    files : mapping
        From paths relative to ``root`` to the files' present stamps.
    memory : Path or None
        The file in which hashes are remembered, if it can be written.

    Raises
    ------
    InvalidDataError
        If a file cannot be read.
    """
    known, now = _read(memory), time.time_ns()
    codes = {
        path: known[path][1]
        for path, stamp in files.items()
        if path in known and known[path][0] == stamp
    }
    unknown = [path for path, stamp in files.items() if path not in codes and stamp != ABSENT]
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        codes |= zip(unknown, pool.map(lambda path: _hash(root / path), unknown), strict=True)
    settled = {
        path: (stamp, codes[path])
        for path, stamp in files.items()
        if path in codes and stamp.settled(now)
    }
    if memory is not None and settled.keys() - (known.keys() - set(unknown)):
        _write(settled, memory)
    return [codes.get(path, MISSING) for path in files]


def _hash(path: Path) -> bytes:
    try:
        return hashlib.blake2b(path.read_bytes(), digest_size=BYTES).digest()
    except OSError as error:
        raise InvalidDataError(
            f"{path} cannot be read ({error.strerror}); make or download it again"
        ) from None


def _read(memory: Path | None) -> Known:
    """Return the remembered hashes; empty if the file is missing or broken."""
    if memory is None or not memory.is_file():
        return {}
    try:
        with np.load(io.BytesIO(memory.read_bytes()), allow_pickle=False) as arrays:
            paths = arrays["paths"].tobytes().decode().split("\n")
            stamps = (Stamp(*row) for row in arrays["stamps"].tolist())
            codes = (row.tobytes() for row in arrays["hashes"])
            return dict(zip(paths, zip(stamps, codes, strict=True), strict=True))
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return {}


def _write(known: Known, memory: Path) -> None:
    """Write the remembered hashes; if that fails, nothing is remembered and no error is raised."""
    part = memory.with_name(f".{memory.name}.{os.getpid()}.part")
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            np.savez(
                file,
                paths=np.frombuffer("\n".join(known).encode(), dtype=np.uint8),
                stamps=np.array([stamp for stamp, _ in known.values()], dtype=np.int64),
                hashes=np.frombuffer(
                    b"".join(code for _, code in known.values()), dtype=np.uint8
                ).reshape(-1, BYTES),
            )
        os.replace(part, memory)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
