"""Write the measured transfers of a sweep as taskgraph's tables of losses and affinities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from encoders.errors import InvalidDataError
from taskgraph.affinity import Affinities, affinities
from taskgraph.losses import Losses
from taskgraph.tables import write_frame, write_transfers

LOSSES, TRANSFERS, RECORDS = "losses.parquet", "transfers.csv", "records.csv"


def gather(
    records: dict[tuple[str, str], dict[str, Any]],
    out: Path,
    *,
    bootstrap: int = 200,
    seed: int = 0,
) -> Affinities:
    """Write the tables of a sweep, and return the affinities.

    ``losses.parquet`` has the columns ``target, sources, image, loss, cluster`` for every transfer
    and for ``self``, ``scratch`` and ``average``. ``transfers.csv`` has the affinities with their
    intervals, gains and qualities. ``records.csv`` has one row for each measured transfer.

    Parameters
    ----------
    records : dict
        The record of each measured transfer, by (target, sources).
    out : path
        Folder of the sweep.
    bootstrap : int
        Number of resamples of the test buildings, for the intervals.
    seed : int
        Seed of the resamples.

    Raises
    ------
    InvalidDataError
        If no transfer has been measured.
    """
    if not records:
        raise InvalidDataError(f"{out} holds no measured transfer; all of them failed")
    frames = [
        pd.read_parquet(out / "measured" / target / f"{sources}.parquet")
        for target, sources in sorted(records)
    ]
    losses = pd.concat(frames, ignore_index=True)
    write_frame(losses, out / LOSSES)
    rows = [{key: _cell(value) for key, value in records[k].items()} for k in sorted(records)]
    write_frame(pd.DataFrame(rows), out / RECORDS)
    result = affinities(Losses.from_frame(losses), bootstrap=bootstrap, seed=seed)
    write_transfers(result.transfers, out / TRANSFERS)
    return result


def _cell(value: Any) -> Any:
    """Return a record's value as a cell of a table; values of a dict are joined by slashes."""
    return "/".join(str(part) for part in value.values()) if isinstance(value, dict) else value
