"""Hashes of what a sweep of transfers reads; records name a bank and a data set by them."""

from __future__ import annotations

from benchmarks.results.hashes import value_hash
from encoders.bank.identity import bank_hash
from encoders.dataset import contents_of
from encoders.transfer.config_file import fingerprints
from encoders.transfer.settings import SweepConfig


def sweep_inputs(config: SweepConfig) -> dict[str, str]:
    """Return the hashes of the networks and of the data that a sweep reads.

    Returns
    -------
    dict
        ``bank_hash``: of all networks that are used (`encoders.bank.identity.bank_hash`).
        ``data_sha256``: of the files that the targets are measured on, and of their splits.
    """
    pool = config.transfer.pool
    return {
        "bank_hash": bank_hash(fingerprints(config)),
        "data_sha256": value_hash(contents_of(pool.data, config.targets, pool.size, pool.splits)),
    }
