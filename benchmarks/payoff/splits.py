"""A file of splits whose test buildings are those that were added to a data set."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from encoders.dataset.index import read_index
from encoders.dataset.splits import SPLITS, split_buildings
from encoders.errors import InvalidDataError
from taskgraph.tables import write_text


def fresh_splits(buildings: Sequence[str], old: int) -> dict[str, tuple[str, ...]]:
    """Return splits whose test buildings are all but the first ``old`` ones by name.

    Train and validation are those of the first ``old`` buildings. The test buildings among them
    are in no split, since the table was measured on them.

    Raises
    ------
    InvalidDataError
        If the data set has no more than ``old`` buildings.
    """
    names = sorted(buildings)
    if old >= len(names):
        raise InvalidDataError(
            f"the data set has {len(names)} buildings, expected more than the {old} old ones; add "
            f"some: `taskgraph scenes DIR --buildings {old + 30}`"
        )
    before = split_buildings(names[:old])
    return {"train": before["train"], "val": before["val"], "test": tuple(names[old:])}


def write_splits(splits: dict[str, tuple[str, ...]], path: Path) -> None:
    """Write splits in Taskonomy's CSV: ``id, train, val, test``, one row a building, sorted."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id", *SPLITS])
    for name in sorted({name for names in splits.values() for name in names}):
        writer.writerow([name, *(int(name in splits[split]) for split in SPLITS)])
    write_text(text.getvalue(), path)


def write_fresh(data: Path, old: int, path: Path) -> dict[str, tuple[str, ...]]:
    """Write `fresh_splits` of a data set's folder to ``path``, and return them."""
    splits = fresh_splits(read_index(data).buildings, old)
    write_splits(splits, path)
    return splits
