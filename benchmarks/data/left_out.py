"""Say which files of a folder of pictures are not read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.data.formats import PICTURES, list_pictures
from taskgraph.cli.output import note


def note_left_out(folder: Path, classes: Sequence[str]) -> None:
    """Print what a folder with one subfolder a class holds beside the pictures of its classes.

    Parameters
    ----------
    folder : Path
    classes : sequence of str
        The subfolders that are read; those that a folder lacks are skipped.
    """
    within = [
        path
        for name in classes
        if (folder / name).is_dir()
        for path in sorted((folder / name).iterdir())
        if path.name[0] != "."
    ]
    found = {
        "picture(s) in no subfolder": list_pictures(folder) if within else [],
        "folder(s) within a class": [path for path in within if path.is_dir()],
        f"file(s) with another ending than {', '.join(PICTURES)}": [
            path for path in within if not path.is_dir() and path.suffix.lower() not in PICTURES
        ],
    }
    texts = [
        f"{len(paths)} {what}, such as {paths[0].relative_to(folder)}"
        for what, paths in found.items()
        if paths
    ]
    if texts:
        note(f"{folder}: left out {'; '.join(texts)}")
