"""A cache of a data set: arrays on disk, mapped into memory, into which all files are read once.

The arrays hold exactly what `FileReader` returns. An array's name contains a hash of the files that
it was made from, and an array is renamed to that name when it is complete. So an incomplete array,
or one of a data set that has changed, is never used.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from encoders.dataset.reader import FileReader
from encoders.dataset.resize import array_form
from encoders.errors import InvalidDataError
from encoders.errors.storage import stored_in
from taskgraph.arrays import Array, Integers
from taskgraph.progress import Progress, no_progress

CHUNK = 256
"""Number of files read between two reports of progress."""

INFOS, ENDS = "point_info", "point_info_ends"
"""Names of the arrays that hold the texts of ``point_info``, and where each text ends."""

FileCounter = Callable[[int], None]
"""Receives how many views of one domain have been read."""


class CacheReader:
    """A `Reader` of arrays of the whole data set, which are mapped into memory."""

    def __init__(self, files: FileReader, folder: Path) -> None:
        self.files = files
        self.folder = folder
        self._open: dict[str, Array] = {}

    def read(self, domain: str, rows: Integers) -> Array:
        """Return the arrays of some rows, (B, ...), of a domain that `build` has read.

        Raises
        ------
        InvalidDataError
            If another process has replaced the array because the data set has changed.
        """
        return np.asarray(self._array(domain)[rows])

    def infos(self, rows: Integers) -> list[dict[str, Any]]:
        """Return the ``point_info`` of each row, from the array if it exists, else from files."""
        if not self._is_complete(INFOS):
            return self.files.infos(rows)
        text, ends = self._array(INFOS), self._array(ENDS)
        starts = np.where(rows > 0, ends[np.maximum(rows - 1, 0)], 0)
        return [
            json.loads(text[start:end].tobytes())
            for start, end in zip(starts, ends[rows], strict=True)
        ]

    def build(self, domains: Sequence[str], *, progress: Progress = no_progress) -> None:
        """Write the arrays of the domains that have no complete one.

        Parameters
        ----------
        progress : Progress
            Receives the number of files that have been read, and of all files.

        Raises
        ------
        InvalidDataError
            If a file is broken, the folder cannot be written, or the disk has too little space.
        """
        lacking = [name for name in domains if not self._is_complete(name)]
        if not lacking:
            return
        self._check_folder(lacking)
        count = len(self.files.index)
        for number, name in enumerate(lacking):
            build = self._build_infos if name == INFOS else self._build_array

            def report(done: int, number: int = number) -> None:
                """Report views done over all domains."""
                progress(number * count + done, len(lacking) * count)

            build(name, report)
            self._open.clear()

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without open arrays; worker processes map them again."""
        return {**self.__dict__, "_open": {}}

    def _array(self, name: str) -> Array:
        """Return the array of a domain, mapped into memory at the first call."""
        if name not in self._open:
            path = self._path(name)
            try:
                self._open[name] = np.load(path, mmap_mode="r")
            except FileNotFoundError:
                raise InvalidDataError(
                    f"{path} is gone: {self.files.index.root} has changed, and another process has "
                    "read it again; start again when nothing is written into it any more"
                ) from None
        return self._open[name]

    def _path(self, name: str) -> Path:
        domain = INFOS if name == ENDS else name
        return self.folder / f"{name}-{self.files.digest(domain)[:16]}.npy"

    def _is_complete(self, name: str) -> bool:
        try:
            parts = (INFOS, ENDS) if name == INFOS else (name,)
            return all(len(self._array(part)) >= 0 for part in parts)
        except (OSError, ValueError):  # ValueError: missing, or shorter than its header says
            return False

    def _chunks(self, domain: str, report: FileCounter) -> Iterator[tuple[Integers, list[Any]]]:
        """Yield rows that have a file, and the files' contents, in order, read by threads."""
        rows = np.flatnonzero(~self.files.index.files(domain).missing).astype(np.int64)
        missing = len(self.files.index) - len(rows)
        read = self.files.infos if domain == INFOS else self._rows_of(domain)
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            for start in range(0, len(rows), CHUNK):
                chunk = rows[start : start + CHUNK]
                yield chunk, [values[0] for values in pool.map(lambda row: read(row[None]), chunk)]
                report(missing + start + len(chunk))

    def _rows_of(self, domain: str) -> Any:
        return lambda rows: self.files.read(domain, rows)

    def _build_array(self, domain: str, report: FileCounter) -> None:
        """Write the array of a domain; views without a file stay zero, and are never read."""
        array, first = None, -1
        with self._finished(domain) as part:
            for rows, values in self._chunks(domain, report):
                if array is None:
                    first = int(rows[0])
                    shape = (len(self.files.index), *values[0].shape)
                    array = _allocate(part, values[0].dtype, shape)
                odd = next((i for i, v in enumerate(values) if v.shape != array.shape[1:]), None)
                if odd is not None:
                    path = self.files.path(domain, int(rows[odd]))
                    raise InvalidDataError(
                        f"{path} has shape {values[odd].shape}, expected {array.shape[1:]} as the "
                        f"first file of its domain has, {self.files.path(domain, first)}"
                    )
                array[rows] = np.stack(values)
            if array is None:
                raise InvalidDataError(f"{self.files.index.root} has no file of {domain}")
            array.flush()  # type: ignore[attr-defined]

    def _build_infos(self, domain: str, report: FileCounter) -> None:
        """Write the ``point_info`` of all views as one text, and an array of the texts' ends."""
        lengths = np.zeros(len(self.files.index), dtype=np.int64)
        texts = bytearray()
        for rows, infos in self._chunks(domain, report):
            for row, info in zip(rows, infos, strict=True):
                text = json.dumps(info, separators=(",", ":")).encode()
                lengths[row] = len(text)
                texts += text
        with self._finished(ENDS) as part, part.open("wb") as file:
            np.save(file, np.cumsum(lengths))
        with self._finished(domain) as part, part.open("wb") as file:
            np.save(file, np.frombuffer(texts, dtype=np.uint8))

    @contextlib.contextmanager
    def _finished(self, name: str) -> Iterator[Path]:
        """Yield a path to write to; the file is renamed when the block ends without an error."""
        path = self._path(name)
        part = self.folder / f".{path.name}.{os.getpid()}.part"
        try:
            with stored_in(self.folder):
                yield part
                os.replace(part, path)
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
        for old in self.folder.glob(f"{name}-*.npy"):
            if old != path:
                old.unlink(missing_ok=True)

    def _check_folder(self, domains: Sequence[str]) -> None:
        """Raise if the folder cannot be written, or has too little space for the arrays."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            remove_unfinished(self.folder)
            free = shutil.disk_usage(self.folder).free
        except OSError as error:
            raise InvalidDataError(
                f"{self.folder} cannot be written ({error.strerror}): give another folder with "
                "cache=FOLDER, or read the files each time with cache=False"
            ) from None
        if not os.access(self.folder, os.W_OK):
            raise InvalidDataError(
                f"{self.folder} cannot be written: give another folder with cache=FOLDER, or read "
                "the files each time with cache=False"
            )
        needed = sum(self._bytes(domain) for domain in domains)
        if needed > free:
            raise InvalidDataError(
                f"{self.folder} needs {needed / 1e9:.1f} GB and has {free / 1e9:.1f}: give another "
                "folder with cache=FOLDER, a smaller size, or cache=False"
            )

    def _bytes(self, domain: str) -> int:
        """Return the size of a domain's array in bytes."""
        form = array_form(domain, self.files.size)
        if form is None:
            return int(np.maximum(self.files.index.files(domain).sizes, 0).sum())
        bytes_per_view = int(np.prod(form.shape)) * np.dtype(form.dtype).itemsize
        return bytes_per_view * len(self.files.index)


def _allocate(path: Path, dtype: Any, shape: tuple[int, ...]) -> Array:
    """Create an array on disk whose space is reserved.

    Writing into a sparse mapped file on a full disk would kill the process.
    """
    array = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    if hasattr(os, "posix_fallocate"):
        with path.open("rb+") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array


def remove_unfinished(folder: Path) -> None:
    """Delete the unfinished files of processes that were killed."""
    for part in folder.glob(".*.part"):
        number = part.name.split(".")[-2]
        if number.isdigit() and not _alive(int(number)):
            part.unlink(missing_ok=True)


def _alive(process: int) -> bool:
    """Return whether a process of that number runs; True if that cannot be known."""
    if os.name == "nt":  # there, `os.kill` with signal 0 would end the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
