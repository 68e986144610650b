"""Results are never written among the user's pictures."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from taskgraph.errors import InvalidTableError


def check_apart(inputs: Iterable[str | Path], out: Path) -> None:
    """Raise if results would be written into a folder of pictures, where they could be a class.

    Parameters
    ----------
    inputs : paths
        Those that are no folder are left to others to refuse.

    Raises
    ------
    InvalidTableError
        If ``out`` is one of the folders or lies in one.
    """
    for each in map(Path, inputs):
        if each.is_dir() and each.resolve() in (out.resolve(), *out.resolve().parents):
            raise InvalidTableError(
                f"the results would be written into the folder of your pictures, {each}; name "
                "another folder with --out"
            )
