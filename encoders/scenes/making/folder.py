"""The folder of a data set: which files belong to it, and files that are whole or not there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from encoders.codecs.encodings import ENCODINGS, parse_file_name
from encoders.errors import InvalidDataError
from encoders.scenes.making.settings import Settings

TEMPORARY = ".tmp-"
"""What the names of files that are still being written begin with."""

BINARY: int = getattr(os, "O_BINARY", 0)
"""Windows would write two bytes for each byte that is a line's end."""


def write_whole(path: str | Path, content: bytes) -> None:
    """Write a file so that it appears whole or not at all, whenever the program is ended."""
    # Without `Path` and `open`, which take longer than the system takes to write small files.
    folder, name = os.path.split(path)
    place = os.path.join(folder, f"{TEMPORARY}{os.getpid()}-{name}")
    try:
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | BINARY, 0o666)
        try:
            left = memoryview(content)
            while left:
                left = left[os.write(handle, left) :]
        finally:
            os.close(handle)
        os.replace(place, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(place)
        raise


def files(out: Path, settings: Settings, domain: str | None = None) -> Iterator[Path]:
    """Every file of the data set, or of one domain of it; the manifest is none of them."""
    for folder in ENCODINGS if domain is None else (domain,):
        for building in settings.names:
            place = out / folder / building
            for name in sorted(os.listdir(place) if place.is_dir() else ()):
                if parse_file_name(name):
                    yield place / name


def whole_views(out: Path, building: str) -> set[tuple[int, int]]:
    """The (point, view) pairs of a building of which every file is there."""
    whole: set[tuple[int, int]] | None = None
    for domain in ENCODINGS:
        folder = out / domain / building
        if not folder.is_dir():
            return set()
        with os.scandir(folder) as entries:
            named = ((parse_file_name(entry.name), entry) for entry in entries)
            # A machine that loses its power may leave a name without its content.
            found = {name for name, entry in named if name and entry.stat().st_size}
        whole = found if whole is None else whole & found
    return whole or set()


def count_whole(out: Path, settings: Settings) -> int:
    """How many of the data set's views are there."""
    return sum(len(whole_views(out, building)) for building in settings.names)


def prepare(out: Path, settings: Settings) -> dict[int, int]:
    """Make the folders, remove what ended runs left half-written; views missing by building."""
    missing = {}
    for stray in out.glob(f"{TEMPORARY}*"):
        stray.unlink()
    for index, building in enumerate(settings.names):
        for domain in ENCODINGS:
            folder = out / domain / building
            folder.mkdir(parents=True, exist_ok=True)
            for stray in folder.glob(f"{TEMPORARY}*"):
                stray.unlink()
        missing[index] = max(0, settings.views - len(whole_views(out, building)))
    return missing


@contextlib.contextmanager
def sole_writer(out: Path) -> Iterator[None]:
    """Refuse a folder that another run is writing to, where the system has such locks.

    The lock is gone when its run ends, however it ends.

    Raises
    ------
    InvalidDataError
        If there is another run.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    handle = os.open(out, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InvalidDataError(
                f"another run is writing to {out}; wait until it is done, or end it"
            ) from None
        yield
    finally:
        os.close(handle)
