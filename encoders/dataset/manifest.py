"""Read the manifest of a data set that ``taskgraph scenes`` made; other data sets have none."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from encoders.dataset.reader import MANIFEST
from encoders.dataset.table import read_table
from encoders.errors.storage import read_json
from encoders.tasks import Task


def origin_of(root: str | PathLike[str]) -> dict[str, Any] | None:
    """Return a data set's settings and hash from its manifest; None if it has no manifest."""
    manifest = find_manifest(root)
    return manifest and {name: manifest.get(name) for name in ("settings", "sha256")}


def classes_of(root: str | PathLike[str], task: Task) -> list[str] | None:
    """Return the names of a task's classes from the manifest or table; None if there are none."""
    table = read_table(root)
    if table is not None and task.name in table.columns:
        return list(table.columns[task.name].classes) or None
    named: Mapping[str, list[str]] = (find_manifest(root) or {}).get("classes", {})
    return next((named[domain] for domain in task.domains() if domain in named), None)


def find_manifest(root: str | PathLike[str]) -> dict[str, Any] | None:
    """Return the manifest of a data set; None if it has none.

    Raises
    ------
    InvalidDataError
        If the manifest is broken.
    """
    path = Path(root) / MANIFEST
    return read_json(path) if path.is_file() else None
