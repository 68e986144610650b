"""Read the files of a data set one by one."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from encoders.codecs.encodings import encoding_of, read_raw
from encoders.codecs.file_content import raw_values
from encoders.codecs.photos import center_crop, open_photo
from encoders.dataset.content import Stamp, hashes
from encoders.dataset.index import Index
from encoders.dataset.resize import MASKED, array_form, is_valid, resized
from encoders.errors import InvalidDataError
from taskgraph.arrays import Array, Booleans, Integers

FORMAT = 2
"""Raised whenever a change of the code makes other arrays of the same files."""

REMEDY = "mend the file, take its row out of labels.csv, or leave it out with --skip-broken"
"""What to do about a broken picture of a folder with a table."""

MANIFEST = "manifest.json"
"""File that describes a data set made by ``taskgraph scenes``."""


class Reader(Protocol):
    """Reads the content of files, by rows of an index."""

    def read(self, domain: str, rows: Integers) -> Array:
        """Return the arrays of some rows (`encoders.dataset.resize`), (B, ...)."""

    def infos(self, rows: Integers) -> list[dict[str, Any]]:
        """Return the ``point_info`` of each row."""


class FileReader:
    """A `Reader` that opens a file whenever it is asked for.

    Attributes
    ----------
    index : Index
    size : int
        Side of the pictures that are returned, in pixels.
    memory : Path, optional
        The folder in which hashes of the files are remembered.
    mask : str or None
        The domain that tells which pixels are valid.
    """

    def __init__(self, index: Index, size: int, memory: Path | None = None) -> None:
        self.index = index
        self.size = size
        self.memory = memory
        self.mask = index.mask_domain()
        self._contents: dict[str, str] = {}

    def read(self, domain: str, rows: Integers) -> Array:
        """Return the arrays of some rows, (B, ...).

        Raises
        ------
        InvalidDataError
            If a file is missing, broken, or of another shape than the others; the message names it.
        """
        arrays = [self._read_file(domain, int(row)) for row in rows]
        for row, array in zip(rows, arrays, strict=True):
            if array.shape != arrays[0].shape:
                raise InvalidDataError(
                    f"{self.path(domain, int(row))} has shape {array.shape}, where "
                    f"{self.path(domain, int(rows[0]))} has {arrays[0].shape}"
                )
        return np.stack(arrays)

    def infos(self, rows: Integers) -> list[dict[str, Any]]:
        """Return the ``point_info`` of each row; errors as for `read`."""
        return [read_raw(self.path("point_info", int(row)), "point_info") for row in rows]

    def path(self, domain: str, row: int) -> Path:
        """Return the path of a row's file of a domain."""
        return self.index.root / self.index.files(domain).paths[row]

    def digest(self, domain: str) -> str:
        """Return a hash of everything that a domain's arrays depend on.

        These are the names and contents of its files, those of the mask's files if they are used,
        and the side of the pictures.
        """
        masked = [self.mask] if domain in MASKED and self.mask is not None else []
        parts = [f"{FORMAT} {self.size}", *map(self.content, [domain, *masked])]
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()

    def content(self, domain: str) -> str:
        """Return a hash of the names and contents of a domain's files, as listed by the index."""
        if domain not in self._contents:
            files = self.index.files(domain)
            rows = map(Stamp._make, files.stamps.tolist())
            stamps = dict(zip(files.paths, rows, strict=True))
            memory = self.memory and self.memory / f"hashes-{domain}.npz"
            content = hashlib.sha256()
            for path, code in zip(stamps, hashes(stamps, self.index.root, memory), strict=True):
                content.update(path.encode() + b"\0" + code)
            self._contents[domain] = content.hexdigest()
        return self._contents[domain]

    def _read_file(self, domain: str, row: int) -> Array:
        """Return the array of one file, at the reader's size."""
        if self.index.table is not None:
            return self._read_own(domain, self.path(domain, row))
        raw = read_raw(self.path(domain, row), domain)
        if array_form(domain, self.size) is None:
            return _class_numbers(self.path(domain, row), raw)
        try:
            unchanged = raw.shape[:2] == (self.size, self.size)
            valid = None if unchanged or domain not in MASKED else self._valid(row, len(raw))
            return resized(domain, raw, self.size, valid)
        except InvalidDataError as error:
            raise InvalidDataError(f"{self.path(domain, row)} {error}") from None

    def _read_own(self, domain: str, path: Path) -> Array:
        """Return the middle square of a picture of a folder with a table, at the reader's size."""
        try:
            if domain == "rgb":
                raw = np.asarray(open_photo(path))
            else:
                raw = raw_values(domain, encoding_of(domain), path.read_bytes())
        except OSError as error:
            raise InvalidDataError(f"{path} cannot be read: {error.strerror}; {REMEDY}") from None
        except InvalidDataError as error:
            text = str(error) if str(path) in str(error) else f"{path} {error}"
            raise InvalidDataError(f"{text}; {REMEDY}") from None
        return resized(domain, center_crop(raw), self.size)

    def _valid(self, row: int, side: int) -> Booleans | None:
        """Return a picture's valid pixels, resized to ``side``; None if nothing tells."""
        if self.mask is None:
            return None
        valid = is_valid(self.mask, read_raw(self.path(self.mask, row), self.mask))
        if valid.shape == (side, side):
            return valid
        picture = Image.fromarray(valid.astype(np.uint8))
        return np.asarray(picture.resize((side, side), Image.Resampling.NEAREST)) > 0


def _class_numbers(path: Path, raw: Array) -> Array:
    """Check an array of one number for each class and return it as (C,) float32.

    Minus infinity is allowed: it is the score of an impossible class.
    """
    if raw.dtype.kind not in "fiub" or not raw.size:
        raise InvalidDataError(
            f"{path} holds an array of {raw.dtype} with shape {raw.shape}, expected a number for "
            "each class"
        )
    flat = np.asarray(raw, dtype=np.float32).reshape(-1)
    wrong = np.flatnonzero(np.isnan(flat) | np.isposinf(flat))
    if np.isneginf(flat).all():
        wrong = np.arange(len(flat))
    if len(wrong):
        raise InvalidDataError(
            f"{path}: class {wrong[0] + 1} of {len(flat)} has the value {flat[wrong[0]]}, expected "
            "finite numbers; make the file again, or leave it out with --skip-broken"
        )
    return flat
