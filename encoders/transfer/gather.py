"""From measured transfers to taskgraph's tables: losses, affinities, and what each run cost."""

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
    """Write the tables of a sweep.

    ``losses.parquet`` has ``target, sources, image, loss, cluster`` of every transfer and of
    ``self``, ``scratch`` and ``average``; ``transfers.csv`` the affinities with their intervals
    (buildings are resampled), gains and qualities; ``records.csv`` one line a run.

    Raises
    ------
    InvalidDataError
        If nothing has been measured.
    """
    if not records:
        raise InvalidDataError(f"{out} holds no measured transfer; every one of them failed")
    frames = [
        pd.read_parquet(out / "measured" / target / f"{sources}.parquet")
        for target, sources in sorted(records)
    ]
    losses = pd.concat(frames, ignore_index=True)
    write_frame(losses, out / LOSSES)
    rows = [{key: _flat(value) for key, value in records[k].items()} for k in sorted(records)]
    write_frame(pd.DataFrame(rows), out / RECORDS)
    found = affinities(Losses.from_frame(losses), bootstrap=bootstrap, seed=seed)
    write_transfers(found.transfers, out / TRANSFERS)
    return found


def _flat(value: Any) -> Any:
    return "/".join(str(each) for each in value.values()) if isinstance(value, dict) else value
