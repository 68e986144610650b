"""The curves of all fits, PSNR and variance over iterations, in one table beside the records."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from taskgraph.tables import write_frame

FILE = "curves.parquet"


def read_curves(folder: Path) -> pd.DataFrame:
    """Return all curves of a folder, one row an iteration; empty without a file."""
    path = folder / FILE
    return pd.read_parquet(path) if path.exists() else pd.DataFrame()


def add_curve(folder: Path, key: Mapping[str, Any], curve: pd.DataFrame) -> None:
    """Add one curve to the table; it replaces an earlier curve with the same key."""
    all_curves = read_curves(folder)
    if len(all_curves):
        same = pd.Series(True, index=all_curves.index)
        for name, value in key.items():
            same &= all_curves[name] == value
        all_curves = all_curves[~same]
    floats = curve.astype({name: "float32" for name in curve if name != "iteration"})
    folder.mkdir(parents=True, exist_ok=True)
    joined = pd.concat([all_curves, floats.assign(**key)], ignore_index=True)
    write_frame(joined, folder / FILE)
