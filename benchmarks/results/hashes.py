"""SHA-256 of files and values, by which records name what they were measured on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.results.record import json_value


def file_hash(path: Path) -> str | None:
    """Return the SHA-256 of a file in hexadecimal digits, or None if the file is missing."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def value_hash(value: Any) -> str:
    """Return the SHA-256 of a value as JSON with sorted names; see `json_value` for its types."""
    return hashlib.sha256(json.dumps(json_value(value), sort_keys=True).encode()).hexdigest()


def files_hash(folder: Path, paths: Iterable[Path]) -> str:
    """Return one SHA-256 of the content of files and of their paths within a folder.

    A missing file counts as such, so that the hash changes when the file is added.
    """
    return value_hash({path.relative_to(folder).as_posix(): file_hash(path) for path in paths})
