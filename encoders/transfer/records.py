"""The files of measured transfers: a record and a table of test losses each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from encoders.errors.storage import read_json
from encoders.transfer.data import TransferData, Views
from taskgraph.arrays import Floats32
from taskgraph.tables import write_frame, write_text
from taskgraph.tasks import AVERAGE, SCRATCH, SELF, join_sources

TransferRecord = dict[str, Any]
"""The record of one measured transfer or reference, as its JSON file holds it."""

REFERENCES = (SELF, SCRATCH, AVERAGE)
"""References that transfers are compared with; each is written as a source."""


MEASURED, VALIDATION, SEEDS = "measured", "validation", "seeds"
"""Folders of a sweep: records and test losses; validation losses; and further seeds, which has one
folder a seed, with the first two in it."""


CAPPED = ".capped"
"""Further ending of a record that was set aside, as a larger cap of epochs may change it."""


def place_of(out: Path, target: str, sources: Sequence[str]) -> Path:
    """Return the path of a transfer's record; the Parquet file beside it has the test losses."""
    return out / MEASURED / target / f"{join_sources(sources)}.json"


def validation_of(out: Path, target: str, sources: Sequence[str]) -> Path:
    """Return the path of a transfer's validation losses; sweeps of version 0.1 have none."""
    return out / VALIDATION / target / f"{join_sources(sources)}.parquet"


def seed_folder(out: Path, seed: int | None) -> Path:
    """Return the folder of the measurements of one seed; None means the sweep's own seed."""
    return out if seed is None else out / SEEDS / str(seed)


def write_measured(
    out: Path,
    pool: TransferData,
    sources: tuple[str, ...],
    valid: Floats32,
    test: Floats32,
    details: dict[str, Any],
) -> dict[str, Any]:
    """Write one transfer's losses, and then its record, which marks it as complete.

    Parameters
    ----------
    valid, test : (N,) arrays
        Loss of each validation image and of each test image; NaN for images without a target.
    details : dict
        Further entries of the record.
    """
    path = place_of(out, pool.task.name, sources)
    record = {
        "target": pool.task.name,
        "sources": join_sources(sources),
        "order": 0 if sources[0] in REFERENCES else len(sources),
        "valid_loss": float(np.nanmean(valid)),
        "test_loss": float(np.nanmean(test)),
        "images": {"train": len(pool.train), "valid": len(valid), "test": len(test)},
        **details,
    }
    validation = validation_of(out, pool.task.name, sources)
    for folder in (path.parent, validation.parent):
        folder.mkdir(parents=True, exist_ok=True)
    write_frame(_table(pool.valid, sources, valid), validation)
    write_frame(_table(pool.test, sources, test), path.with_suffix(".parquet"))
    write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", path)
    return record


def _table(views: Views, sources: tuple[str, ...], losses: Floats32) -> pd.DataFrame:
    """Return losses as taskgraph's table; each building is one bootstrap cluster."""
    images = views.images()
    frame = pd.DataFrame(
        {
            "target": views.task,
            "sources": join_sources(sources),
            "image": images,
            "loss": losses,
            "cluster": [image.split("/")[0] for image in images],
        }
    )
    return frame.dropna(subset=["loss"])


def records(out: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the records of all measured transfers, by (target, sources)."""
    measured = [read_json(path) for path in sorted((out / MEASURED).glob("*/*.json"))]
    return {(record["target"], record["sources"]): record for record in measured}


def further_seeds(out: Path) -> list[int]:
    """Return the seeds, beside the sweep's own, that some transfer was measured with; sorted."""
    return sorted(int(folder.name) for folder in (out / SEEDS).glob("*") if folder.name.isdecimal())


def repeated_records(out: Path) -> dict[tuple[str, str, int], dict[str, Any]]:
    """Return the records of all measurements with further seeds, by (target, sources, seed)."""
    return {
        (*key, seed): record
        for seed in further_seeds(out)
        for key, record in records(seed_folder(out, seed)).items()
    }
