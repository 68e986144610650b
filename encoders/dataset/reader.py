"""What the files of a data set hold, read one by one."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from encoders.codecs.encodings import read_raw
from encoders.dataset.content import hashes
from encoders.dataset.index import Index
from encoders.dataset.resize import MASKED, is_valid, kept, resized
from encoders.errors import InvalidDataError
from taskgraph.arrays import Array, Booleans, Integers

FORMAT = 2
"""Counts up when the same files would give other arrays."""

MANIFEST = "manifest.json"


class Reader(Protocol):
    """Gives what the files of some rows of an index hold."""

    def read(self, domain: str, rows: Integers) -> Array:
        """Array values (`encoders.dataset.resize`), (B, ...)."""

    def infos(self, rows: Integers) -> list[dict[str, Any]]:
        """The ``point_info`` of each row."""


class FileReader:
    """Opens the files each time."""

    def __init__(self, index: Index, size: int, memory: Path | None = None) -> None:
        self.index = index
        self.size = size
        self.memory = memory  # the folder that remembers hashes of the files
        self.mask = index.mask_domain()
        self._contents: dict[str, str] = {}

    def read(self, domain: str, rows: Integers) -> Array:
        """Array values, (B, ...).

        Raises
        ------
        InvalidDataError
            If a file is missing, broken or of another shape than the others; it is named.
        """
        found = [self._one(domain, int(row)) for row in rows]
        for row, array in zip(rows, found, strict=True):
            if array.shape != found[0].shape:
                raise InvalidDataError(
                    f"{self.path(domain, int(row))} has shape {array.shape}, where "
                    f"{self.path(domain, int(rows[0]))} has {found[0].shape}"
                )
        return np.stack(found)

    def infos(self, rows: Integers) -> list[dict[str, Any]]:
        """The ``point_info`` of each row; errors as for `read`."""
        return [read_raw(self.path("point_info", int(row)), "point_info") for row in rows]

    def path(self, domain: str, row: int) -> Path:
        """The file of a row."""
        return self.index.root / self.index.files(domain).paths[row]

    def digest(self, domain: str) -> str:
        """A hash of all that a domain's arrays are made of.

        It covers the files' names and content, those of the mask's files, and the side of the
        pictures.
        """
        masked = [self.mask] if domain in MASKED and self.mask is not None else []
        parts = [f"{FORMAT} {self.size}", *map(self.content, [domain, *masked])]
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()

    def content(self, domain: str) -> str:
        """A hash of the names and the content of a domain's files, as the index has listed them."""
        if domain not in self._contents:
            files = self.index.files(domain)
            stamps = dict(zip(files.paths, files.stamps, strict=True))
            memory = self.memory and self.memory / f"hashes-{domain}.npz"
            content = hashlib.sha256()
            for path, code in zip(stamps, hashes(stamps, self.index.root, memory), strict=True):
                content.update(path.encode() + b"\0" + code)
            self._contents[domain] = content.hexdigest()
        return self._contents[domain]

    def _one(self, domain: str, row: int) -> Array:
        raw = read_raw(self.path(domain, row), domain)
        if kept(domain, self.size) is None:
            return _numbers(self.path(domain, row), raw)
        try:
            whole = raw.shape[:2] == (self.size, self.size)
            valid = None if whole or domain not in MASKED else self._valid(row, len(raw))
            return resized(domain, raw, self.size, valid)
        except InvalidDataError as error:
            raise InvalidDataError(f"{self.path(domain, row)} {error}") from None

    def _valid(self, row: int, side: int) -> Booleans | None:
        """Which pixels of a picture of that side are valid."""
        if self.mask is None:
            return None
        valid = is_valid(self.mask, read_raw(self.path(self.mask, row), self.mask))
        if valid.shape == (side, side):
            return valid
        picture = Image.fromarray(valid.astype(np.uint8))
        return np.asarray(picture.resize((side, side), Image.Resampling.NEAREST)) > 0


def _numbers(path: Path, raw: Array) -> Array:
    """The numbers of an array, (C,); minus infinity may be the score of an impossible class."""
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
            "finite numbers; make the file again, or delete it and give skip_incomplete=True"
        )
    return flat
