"""The folder of a data set: its files, and files that are written completely or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from encoders.codecs.encodings import ENCODINGS, parse_file_name
from encoders.errors import InvalidDataError
from encoders.scenes.making.settings import WorldSettings

TEMPORARY = ".tmp-"
"""Prefix of the names of files that are being written."""

BINARY: int = getattr(os, "O_BINARY", 0)
"""Flag that stops Windows from changing line ends."""


def write_whole(path: str | Path, content: bytes) -> None:
    """Write a file so that it appears whole or not at all, even if the program is killed."""
    # `Path` and `open` take longer than writing a small file does.
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


def world_files(out: Path, settings: WorldSettings, domain: str | None = None) -> Iterator[Path]:
    """Yield every file of the data set, or of one domain, without the manifest."""
    for folder in ENCODINGS if domain is None else (domain,):
        for building in settings.names:
            place = out / folder / building
            for name in sorted(os.listdir(place) if place.is_dir() else ()):
                if parse_file_name(name):
                    yield place / name


def whole_views(out: Path, building: str) -> set[tuple[int, int]]:
    """Return the (point, view) pairs of a building that have all files."""
    whole: set[tuple[int, int]] | None = None
    for domain in ENCODINGS:
        folder = out / domain / building
        if not folder.is_dir():
            return set()
        with os.scandir(folder) as entries:
            named = ((parse_file_name(entry.name), entry) for entry in entries)
            # After a power failure a file may exist without its content.
            complete = {name for name, entry in named if name and entry.stat().st_size}
        whole = complete if whole is None else whole & complete
    return whole or set()


def count_whole(out: Path, settings: WorldSettings) -> int:
    """Return the number of views that have all files."""
    return sum(len(whole_views(out, building)) for building in settings.names)


def prepare_folder(out: Path, settings: WorldSettings) -> dict[int, int]:
    """Create folders, remove temporary files; return the number of missing views by building."""
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
def folder_lock(out: Path) -> Iterator[None]:
    """Lock a folder against other runs, on systems that have such locks.

    The lock ends with its process, even if that is killed.

    Raises
    ------
    InvalidDataError
        If another run is writing to the folder.
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
