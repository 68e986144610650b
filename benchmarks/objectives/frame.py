"""Records of the suite as a table, and the names of its measures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks.objectives.rules import MEASURES
from benchmarks.results.frame import latest, not_finished, part
from benchmarks.results.record import Record, read_records

OURS = "ours"
SMALLER_IS_BETTER = frozenset({"loss_ratio"})
SIGNS = {measure: -1 if measure in SMALLER_IS_BETTER else 1 for measure in MEASURES}
"""By measure: the sign of a difference that is an improvement."""

TITLES = {
    "gain": "mean gain",
    "quality": "mean quality",
    "closed": "mean closed share",
    "loss_ratio": "loss / loss of self",
}


def last_records(folder: Path) -> list[Record]:
    """Return the records with the largest budget and the losses of the newest record of ours.

    Raises
    ------
    InvalidTableError
        If there is no record of our losses.
    """
    records = read_records(folder)
    ours = latest(part(records, table=OURS), "largest", "max_order", "losses_sha256")
    if not ours:
        raise not_finished(folder, "objectives")
    largest = ours[-1].settings["largest"]
    others = [r for r in records if r.settings["table"] != OURS]
    return [*ours, *(r for r in others if r.settings["largest"] == largest)]


def frame_of(records: Sequence[Record]) -> pd.DataFrame:
    """Return one row a record and budget: table, rule, half, budget, supervised and measures."""
    rows = []
    for record in records:
        base = {name: record.settings[name] for name in ("table", "rule", "half")}
        for place, names in enumerate(record.metrics["supervised"]):
            values = {m: record.metrics.get(m, [None] * (place + 1))[place] for m in MEASURES}
            rows.append({**base, "budget": place + 1, "supervised": names, **values})
    frame = pd.DataFrame(rows)
    frame[list(MEASURES)] = frame[list(MEASURES)].astype(float)
    return frame
