"""The partners of all views of a data set, chosen once and stored in the cache's folder."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np

from encoders.dataset.pairs import PartnerTable, choose_partners
from encoders.dataset.reader import FileReader, Reader
from encoders.errors.storage import stored_in

FORMAT = 1
"""Raised whenever a change of the code chooses other partners."""


def read_partners(
    rule: str, seed: int, files: FileReader, reader: Reader, folder: Path | None
) -> PartnerTable:
    """Read the partners from ``folder``, or choose them (`choose_partners`) and store them there.

    Nothing is stored if ``folder`` is None. Views without ``point_info`` are nobody's partners.
    """
    index, digest = files.index, files.digest("point_info")
    key = hashlib.sha256(f"{FORMAT} {rule} {seed} {digest}".encode()).hexdigest()[:16]
    path = folder / f"pairs-{rule}-{key}.npy" if folder else None
    table = _read(path, len(index))
    if table is None:
        usable = ~index.files("point_info").missing
        pairs = choose_partners(rule, index, reader.infos, seed, usable=usable)
        table = np.column_stack([pairs.rows, pairs.same_point])
        if path is not None:
            part = path.with_name(f".{path.name}.{os.getpid()}.part")
            with stored_in(path.parent):
                with part.open("wb") as file:
                    np.save(file, table)
                os.replace(part, path)
    return PartnerTable(table[:, :-1], table[:, -1].astype(bool))


def _read(path: Path | None, count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]] | None:
    """Return the stored table; None if it is missing or broken."""
    if path is None or not path.exists():
        return None
    try:
        table = np.load(path)
    except (OSError, ValueError):
        return None
    return table if len(table) == count else None
