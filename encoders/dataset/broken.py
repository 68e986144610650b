"""Find the files of a data set that cannot be read, so that their views can be left out."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from encoders.dataset.index import Index
from encoders.dataset.reader import FileReader
from encoders.errors import InvalidDataError
from encoders.errors.storage import read_json, stored_in
from taskgraph.arrays import Integers
from taskgraph.tables import write_text

NAMED = 3
"""Largest number of broken files that a message names."""

CHUNK = 256
"""Number of files that are read between two messages to the threads."""

logger = logging.getLogger(__name__)


def without_broken(index: Index, files: FileReader, domains: Sequence[str]) -> Index:
    """Return an index in which files that cannot be read count as missing.

    Every file of the domains is read once; which ones are broken is remembered in the memory's
    folder of ``files`` until a file changes. The broken ones are counted in a message, at level
    WARNING.
    """
    for domain in domains:
        broken = _remembered(files, domain)
        if broken:
            rows = np.array(sorted(map(int, broken)), dtype=np.int64)
            index = index.without(domain, rows)
            logger.warning("%s", _message(domain, list(broken.values()), len(index)))
    return index


def absent_files(index: Index, domain: str) -> dict[int, str]:
    """Return for each row whose file a table of labels names, but which is missing, the reason.

    The order is that of the table. It is empty for data sets without a table, whose views may lack
    files of some domains.
    """
    if index.table is None:
        return {}
    files = index.files(domain)
    rows = [row for row in np.flatnonzero(files.missing).tolist() if files.paths[row]]
    return {
        row: f"row {index.point[row] + 1}: there is no file {files.paths[row]}"
        for row in sorted(rows, key=lambda row: int(index.point[row]))
    }


def check_table_files(index: Index, domains: Sequence[str]) -> None:
    """Raise `InvalidDataError` if a file is missing that a table of labels names."""
    for domain in domains:
        if absent := absent_files(index, domain):
            assert index.table is not None
            more = f" ({len(absent)} such rows)" if len(absent) > 1 else ""
            raise InvalidDataError(
                f"{index.table.path}, {next(iter(absent.values()))}{more}; mend the path, take the "
                "row out, or leave such rows out with --skip-broken (in Python skip_broken=True)"
            )


def _message(domain: str, reasons: Sequence[str], count: int) -> str:
    """Return the message that counts the broken files of a domain."""
    named = "; ".join(reasons[:NAMED])
    more = f"; and {len(reasons) - NAMED} more" if len(reasons) > NAMED else ""
    return f"{len(reasons)} of {count} files of {domain} are left out as broken: {named}{more}"


def _remembered(files: FileReader, domain: str) -> dict[str, str]:
    """Return the reason why each broken file cannot be read, by its row as text."""
    memory = files.memory
    path = memory / f"broken-{domain}-{files.digest(domain)[:16]}.json" if memory else None
    if path is not None and path.is_file():
        return dict(read_json(path))
    existing = np.flatnonzero(~files.index.files(domain).missing).astype(np.int64)
    broken = {str(row): reason for row, reason in absent_files(files.index, domain).items()}
    with ThreadPoolExecutor(4) as pool:
        for start in range(0, len(existing), CHUNK):
            rows = existing[start : start + CHUNK]
            reasons = pool.map(lambda row: _reason(files, domain, row), rows)
            broken |= {str(r): why for r, why in zip(rows, reasons, strict=True) if why}
    if path is not None:
        with stored_in(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(json.dumps(broken, indent=1) + "\n", path)
    return broken


def _reason(files: FileReader, domain: str, row: Integers) -> str:
    """Return why a file cannot be read; empty if it can."""
    try:
        if domain == "point_info":
            files.infos(row[None])
        else:
            files.read(domain, row[None])
    except InvalidDataError as error:
        return str(error)
    return ""
