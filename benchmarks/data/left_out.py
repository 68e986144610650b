"""Say which files of a folder of pictures are not read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.data.formats import PICTURES, class_folders, list_pictures
from taskgraph.cli.output import note


def note_left_out(place: Path, classes: Sequence[str], splits: Sequence[str] = ()) -> None:
    """Print what a folder of labeled pictures holds beside those that are read.

    Parameters
    ----------
    place : Path
        A folder with one subfolder a class, or with such folders in those of its splits.
    classes : sequence of str
        The classes that are read; those that a folder lacks are skipped.
    splits : sequence of str
        The folders of the splits that are read; empty if the classes lie in ``place`` itself.
    """
    roots = [place / name for name in splits] or [place]
    kept = [root / name for root in roots for name in classes if (root / name).is_dir()]
    within = [path for folder in kept for path in sorted(folder.iterdir()) if path.name[0] != "."]
    found = {
        "picture(s) in no subfolder": [
            path for root in dict.fromkeys([place, *roots]) for path in list_pictures(root)
        ],
        f"folder(s) beside {' and '.join(splits)}": [
            path for path in class_folders(place) if splits and path.name not in splits
        ],
        "folder(s) within a class": [path for path in within if path.is_dir()],
        f"file(s) with another ending than {', '.join(PICTURES)}": [
            path for path in within if not path.is_dir() and path.suffix.lower() not in PICTURES
        ],
    }
    texts = [
        f"{len(paths)} {what}, such as {paths[0].relative_to(place)}"
        for what, paths in found.items()
        if paths
    ]
    if texts:
        note(f"{place}: left out {'; '.join(texts)}")
