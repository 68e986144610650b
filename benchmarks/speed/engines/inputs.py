"""Hashes of what a sweep reads and of the losses that it gives."""

from __future__ import annotations

import hashlib
from typing import Any

import pandas as pd

from benchmarks.results.hashes import value_hash
from encoders.dataset import contents_of
from encoders.transfer.settings import SweepConfig
from encoders.transfer.sweep import fingerprints


def inputs_of(config: SweepConfig) -> dict[str, Any]:
    """Return the hashes of the networks and of the data that a sweep reads.

    Returns
    -------
    dict
        ``bank_sha256``: of the files of all networks that are used. ``data_sha256``: of the files
        that the targets are measured on, and of their splits.
    """
    pool = config.transfer.pool
    return {
        "bank_sha256": value_hash(fingerprints(config)),
        "data_sha256": value_hash(contents_of(pool.data, config.targets, pool.size, pool.splits)),
    }


def losses_hash(losses: pd.DataFrame) -> str:
    """Return the SHA-256 of a table of losses: of its columns, its rows and every bit of them."""
    rows = pd.util.hash_pandas_object(losses, index=True).to_numpy()  # 64 bits a row
    return hashlib.sha256(" ".join(losses).encode() + rows.tobytes()).hexdigest()
