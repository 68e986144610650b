"""Hashes of files' content, remembered as long as a file's size, times and inode stay the same.

What is made from files (arrays, constants, partners, representations, losses) is named after their
content, since size and time of a file may both stay as they were when it is rewritten, and may
both change when it is only copied. Content is read once: later, one look at each file tells
whether it is the one that was read.
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
"""Nanoseconds after a change from which on another change has another time on every disk (two
seconds on FAT). A file that was changed later than that is read again."""

BYTES = 16
MISSING = bytes(BYTES)
"""In place of the hash of a file that is not there."""


class Stamp(NamedTuple):
    """What tells, without reading it, that a file is the one that was read before.

    ``changed`` is when content or name were last changed, which, unlike ``modified``, no program
    can set; both in nanoseconds. On Windows it is when the file was made.
    """

    size: int
    modified: int
    changed: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """From what the system tells of a file."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)

    def settled(self, now: int) -> bool:
        """Whether a change from ``now`` on gives another stamp."""
        last = self.modified if os.name == "nt" else self.changed
        return last + SETTLED <= now


ABSENT = Stamp(-1, 0, 0, 0)
"""Of a file that is not there."""

Known = Mapping[str, tuple[Stamp, bytes]]


def hashes(files: Mapping[str, Stamp], root: Path, memory: Path | None) -> list[bytes]:
    """A hash of each file's content, in order; `MISSING` where there is none.

    Parameters
    ----------
    files : mapping
        From paths relative to ``root`` to what is known of each.
    memory : Path or None
        The file that remembers hashes from one call to the next, if it can be written.

    Raises
    ------
    InvalidDataError
        If a file cannot be read.
    """
    known, now = _read(memory), time.time_ns()
    found = {
        path: known[path][1]
        for path, stamp in files.items()
        if path in known and known[path][0] == stamp
    }
    lacking = [path for path, stamp in files.items() if path not in found and stamp != ABSENT]
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        found |= zip(lacking, pool.map(lambda path: _hash(root / path), lacking), strict=True)
    kept = {
        path: (stamp, found[path])
        for path, stamp in files.items()
        if path in found and stamp.settled(now)
    }
    if memory is not None and kept.keys() - (known.keys() - set(lacking)):
        _write(kept, memory)
    return [found.get(path, MISSING) for path in files]


def _hash(path: Path) -> bytes:
    try:
        return hashlib.blake2b(path.read_bytes(), digest_size=BYTES).digest()
    except OSError as error:
        raise InvalidDataError(
            f"{path} cannot be read ({error.strerror}); make or download it again"
        ) from None


def _read(memory: Path | None) -> Known:
    """What is remembered; nothing where there is no whole file."""
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
    """Remember, or not: a disk that cannot be written costs time, and nothing else."""
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
