"""The files of measured transfers: a record and a table of test losses each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from encoders.errors.storage import read_json
from encoders.transfer.data import TransferData
from taskgraph.arrays import Floats32
from taskgraph.tables import write_frame, write_text
from taskgraph.tasks import AVERAGE, SCRATCH, SELF, join_sources

REFERENCES = (SELF, SCRATCH, AVERAGE)
"""References that transfers are compared with; each is written as a source."""


def place_of(out: Path, target: str, sources: Sequence[str]) -> Path:
    """Return the path of a transfer's record; a Parquet file beside it has the test losses."""
    return out / "measured" / target / f"{join_sources(sources)}.json"


def write_measured(
    out: Path,
    pool: TransferData,
    sources: tuple[str, ...],
    valid: Floats32,
    test: Floats32,
    details: dict[str, Any],
) -> dict[str, Any]:
    """Write one transfer's test losses, and then its record, which marks it as complete.

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
    path.parent.mkdir(parents=True, exist_ok=True)
    write_frame(_table(pool, sources, test), path.with_suffix(".parquet"))
    write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", path)
    return record


def _table(pool: TransferData, sources: tuple[str, ...], test: Floats32) -> pd.DataFrame:
    """Return the test losses as taskgraph's table; each building is one bootstrap cluster."""
    images = pool.test.images()
    frame = pd.DataFrame(
        {
            "target": pool.task.name,
            "sources": join_sources(sources),
            "image": images,
            "loss": test,
            "cluster": [image.split("/")[0] for image in images],
        }
    )
    return frame.dropna(subset=["loss"])


def records(out: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the records of all measured transfers, by (target, sources)."""
    measured = [read_json(path) for path in sorted((out / "measured").glob("*/*.json"))]
    return {(record["target"], record["sources"]): record for record in measured}
