"""The files of a data set as arrays mapped into memory, made once.

The arrays hold exactly what `FileReader` gives. An array is written under another name and renamed
when it is whole, and its name holds a hash of the files that it was made from: one of a
half-written or changed data set is never used.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from encoders.dataset.reader import FileReader
from encoders.dataset.resize import kept
from encoders.errors import InvalidDataError
from encoders.errors.storage import stored_in
from taskgraph.arrays import Array, Integers

CHUNK = 256  # views read between two steps of the progress bar
INFOS, ENDS = "point_info", "point_info_ends"


class CacheReader:
    """Reads from arrays of the whole data set, mapped into memory."""

    def __init__(self, files: FileReader, folder: Path) -> None:
        self.files = files
        self.folder = folder
        self._open: dict[str, Array] = {}

    def read(self, domain: str, rows: Integers) -> Array:
        """Array values, (B, ...); the domain has been built.

        Raises
        ------
        InvalidDataError
            If another process has replaced the array, since the data set has changed.
        """
        return np.asarray(self._array(domain)[rows])

    def infos(self, rows: Integers) -> list[dict[str, Any]]:
        """The ``point_info`` of each row, from the array if it was built."""
        if not self._whole(INFOS):
            return self.files.infos(rows)
        text, ends = self._array(INFOS), self._array(ENDS)
        starts = np.where(rows > 0, ends[np.maximum(rows - 1, 0)], 0)
        return [
            json.loads(text[start:end].tobytes())
            for start, end in zip(starts, ends[rows], strict=True)
        ]

    def build(self, domains: Sequence[str], *, progress: bool = True) -> None:
        """Make the arrays that are not there yet, whole or not at all.

        Raises
        ------
        InvalidDataError
            If a file is broken, the folder cannot be written, or the disk is too small.
        """
        lacking = [name for name in domains if not self._whole(name)]
        if not lacking:
            return
        self._check_folder(lacking)
        bar = tqdm(
            total=len(lacking) * len(self.files.index),
            unit="file",
            desc=f"reading {self.files.index.root} once",
            disable=None if progress else True,
        )
        with bar:
            for name in lacking:
                (self._build_infos if name == INFOS else self._build_array)(name, bar)
                self._open.clear()

    def __getstate__(self) -> dict[str, Any]:
        """Worker processes map the arrays anew instead of being sent their content."""
        return {**self.__dict__, "_open": {}}

    def _array(self, name: str) -> Array:
        if name not in self._open:
            path = self._path(name)
            try:
                self._open[name] = np.load(path, mmap_mode="r")
            except FileNotFoundError:
                raise InvalidDataError(
                    f"{path} is gone: {self.files.index.root} has changed, and someone else has "
                    "read it anew; start again when nothing is written into it any more"
                ) from None
        return self._open[name]

    def _path(self, name: str) -> Path:
        domain = INFOS if name == ENDS else name
        return self.folder / f"{name}-{self.files.digest(domain)[:16]}.npy"

    def _whole(self, name: str) -> bool:
        try:
            parts = (INFOS, ENDS) if name == INFOS else (name,)
            return all(len(self._array(part)) >= 0 for part in parts)
        except (OSError, ValueError):  # ValueError: not there, or shorter than its header says
            return False

    def _chunks(self, domain: str, bar: Any) -> Iterator[tuple[Integers, list[Any]]]:
        """Rows that have a file, and what is in it, in order; files are read by several threads."""
        rows = np.flatnonzero(~self.files.index.files(domain).missing).astype(np.int64)
        bar.update(len(self.files.index) - len(rows))
        read = self.files.infos if domain == INFOS else self._rows_of(domain)
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            for start in range(0, len(rows), CHUNK):
                some = rows[start : start + CHUNK]
                yield some, [one[0] for one in pool.map(lambda row: read(row[None]), some)]
                bar.update(len(some))

    def _rows_of(self, domain: str) -> Any:
        return lambda rows: self.files.read(domain, rows)

    def _build_array(self, domain: str, bar: Any) -> None:
        """Views without a file stay zero: nothing asks for them."""
        array, first = None, -1
        with self._finished(domain) as part:
            for rows, values in self._chunks(domain, bar):
                if array is None:
                    first = int(rows[0])
                    shape = (len(self.files.index), *values[0].shape)
                    array = _allocated(part, values[0].dtype, shape)
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

    def _build_infos(self, domain: str, bar: Any) -> None:
        """All texts one after the other, and where each ends."""
        lengths = np.zeros(len(self.files.index), dtype=np.int64)
        texts = bytearray()
        for rows, infos in self._chunks(domain, bar):
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
        """A file to write, which takes its place only when the block ends without an error."""
        place = self._path(name)
        part = self.folder / f".{place.name}.{os.getpid()}.part"
        try:
            with stored_in(self.folder):
                yield part
                os.replace(part, place)
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
        for old in self.folder.glob(f"{name}-*.npy"):
            if old != place:
                old.unlink(missing_ok=True)

    def _check_folder(self, domains: Sequence[str]) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            remove_remains(self.folder)
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
        """How large a domain's array will be."""
        form = kept(domain, self.files.size)
        if form is None:
            return int(np.maximum(self.files.index.files(domain).sizes, 0).sum())
        one = int(np.prod(form.shape)) * np.dtype(form.dtype).itemsize
        return one * len(self.files.index)


def _allocated(path: Path, dtype: Any, shape: tuple[int, ...]) -> Array:
    """A new array on disk that has its room: to fill a sparse file on a full disk is deadly."""
    array = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    if hasattr(os, "posix_fallocate"):
        with path.open("rb+") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array


def remove_remains(folder: Path) -> None:
    """Delete the half-written files of processes that were killed."""
    for part in folder.glob(".*.part"):
        number = part.name.split(".")[-2]
        if number.isdigit() and not _alive(int(number)):
            part.unlink(missing_ok=True)


def _alive(process: int) -> bool:
    if os.name == "nt":  # where this question would end the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
