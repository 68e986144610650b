"""Transfers from frozen features, measured in memory, and what a record keeps of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from encoders.features.inline import InlineEngine
from encoders.features.measure import measure_features
from encoders.features.settings import FeatureConfig
from encoders.features.tables import write_feature_tables
from taskgraph.arrays import Array
from taskgraph.tasks import RESERVED, split_sources


def measured_transfers(
    features: Mapping[str, Array], labels: pd.DataFrame, config: FeatureConfig, *, bootstrap: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure all transfers; returns the tables of transfers and of read-outs."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        outcome = measure_features(features, labels, out, config, InlineEngine())
        if outcome.failures or outcome.stopped:
            raise RuntimeError(str(outcome.failures or outcome.stopped))
        tables = write_feature_tables(out, bootstrap=bootstrap, seed=config.seed)
        return tables.transfers.frame, pd.read_csv(out / "records.csv")


def summary(frame: pd.DataFrame, records: pd.DataFrame) -> dict[str, Any]:
    """Return gains, affinities and losses of references and single sources, by target."""
    single = [name in RESERVED or len(split_sources(name)) == 1 for name in frame["sources"]]
    gains: dict[str, dict[str, float]] = {}
    affinity: dict[str, dict[str, float]] = {}
    for row in rows_of(frame[single]):
        gains.setdefault(row.target, {})[row.sources] = round(float(row.gain), 4)
        if not np.isnan(row.affinity):
            affinity.setdefault(row.target, {})[row.sources] = round(float(row.affinity), 5)
    losses: dict[str, dict[str, float]] = {}
    for row in rows_of(records[records["order"] <= 1]):
        losses.setdefault(row.target, {})[row.sources] = round(float(row.test_loss), 5)
    return {
        "transfers": len(frame),
        "test_examples": int(records["test_examples"].max()),
        "gain": gains,
        "affinity": affinity,
        "loss": losses,
    }


def rows_of(frame: pd.DataFrame) -> Iterable[Any]:
    """Return the rows of a table, each with its cells as attributes."""
    return frame.itertuples()
