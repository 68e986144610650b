"""A file of splits for transfers on buildings that were added to a data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from encoders.dataset.index import read_index
from encoders.dataset.splits import SPLITS, split_buildings
from encoders.errors import InvalidDataError
from taskgraph.tables import write_frame

LEAST = 3
"""Fewest added buildings: two for training and validation, and one for the test."""


def added_splits(buildings: Sequence[str], old: int) -> dict[str, tuple[str, ...]]:
    """Return splits whose validation and test buildings are all but the first ``old`` by name.

    The added buildings are divided evenly, the first ones into validation. The training buildings
    are those of the first ``old``, so that targets are standardized as in the encoders' training;
    transfers use them for nothing else. The other buildings among the first ``old``, on which
    encoders were selected or tested, are in no split.

    Raises
    ------
    InvalidDataError
        If fewer than `LEAST` buildings were added.
    """
    names = sorted(buildings)
    added = names[old:]
    if len(added) < LEAST:
        raise InvalidDataError(
            f"the data set has {len(names)} buildings, expected at least {LEAST} more than the "
            f"{old} old ones; add some: `taskgraph scenes DIR --buildings {old + 60}`"
        )
    half = (len(added) + 1) // 2
    train = split_buildings(names[:old])["train"]
    return {"train": train, "val": tuple(added[:half]), "test": tuple(added[half:])}


def write_added(data: Path, old: int, path: Path) -> dict[str, tuple[str, ...]]:
    """Write `added_splits` of a data set's folder in Taskonomy's CSV format, and return them."""
    splits = added_splits(read_index(data).buildings, old)
    names = sorted(name for part in splits.values() for name in part)
    columns = {split: [int(name in splits[split]) for name in names] for split in SPLITS}
    write_frame(pd.DataFrame({"id": names, **columns}), path)
    return splits
