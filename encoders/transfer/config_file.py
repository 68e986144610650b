"""The file `config.json` of a sweep: what it is of, checked before it begins or resumes."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from encoders.bank.identity import bank_hash, network_hashes
from encoders.dataset import contents_of
from encoders.dataset.index import Index
from encoders.dataset.listing import open_index
from encoders.dataset.overlap import (
    Overlap,
    find_overlap,
    refuse_overlap,
    trained_on,
)
from encoders.errors import TrainingError
from encoders.errors.storage import read_json
from encoders.training.run_state import differing
from encoders.transfer.caps import SETTING as CAP_OF_SCRATCH
from encoders.transfer.caps import cap_is_raised, set_aside_capped
from encoders.transfer.data import buildings_of, open_transfer_data
from encoders.transfer.file_names import CONFIG
from encoders.transfer.settings import SweepConfig
from taskgraph.tables import write_text

logger = logging.getLogger(__name__)

UNCOMPARED = ("allow_overlap", "overlap", "bank_hash", "scratch_trials")
"""Keys of `CONFIG` that resuming does not compare: no measurement depends on them, or another key
says the same in full (``bank``; ``transfer.scratch``, which the trials chose)."""

PLACES = ("transfer.bank", "transfer.pool.data", "transfer.pool.splits")
"""Paths in `CONFIG`. Folders may be moved: the hashes ``bank`` and ``content`` say more."""


def used_networks(config: SweepConfig) -> list[str]:
    """Return the names of the bank's networks that a sweep uses: for sources and for ``self``."""
    return sorted({*config.sources, *config.targets} - set(config.transfer.external_names))


def checked_overlap(config: SweepConfig, index: Index | None = None) -> Overlap:
    """Return which buildings of a sweep its encoders were trained on.

    ``index`` is that of the whole data set; by default its files are listed.

    Raises
    ------
    InvalidDataError
        If some of these are for validation or test, and the sweep does not allow that.
    """
    pool, bank = config.transfer.pool, config.transfer.bank
    index = index or open_index(pool.data, pool.listing)
    trained = trained_on(bank, used_networks(config))
    overlap = find_overlap(trained, index, buildings_of(pool, index.buildings))
    if not config.allow_overlap:
        refuse_overlap(overlap, trained, bank, index)
    return overlap


def write_or_check_config(
    config: SweepConfig,
    out: Path,
    overlap: Overlap | None = None,
    *,
    trials: Mapping[str, Any] | None = None,
    may_raise: bool = False,
) -> None:
    """Write the configuration of a new sweep, or check it against that of the sweep in ``out``.

    The configuration includes the hash of the bank, those of its networks, and those of the data
    set's files. ``overlap`` is written too, but not compared, and so are ``trials``: what was tried
    for ``scratch``. With ``may_raise``, the cap of ``scratch`` may be larger than before; records
    that it may change are then set aside (`encoders.transfer.caps`). A sweep without a grid goes on
    with what a grid chose.

    Raises
    ------
    TrainingError
        If ``out`` holds a sweep of another configuration, or of other data.
    """
    config.transfer.check(used_networks(config))
    out.mkdir(parents=True, exist_ok=True)
    # The files may have changed since an earlier sweep of this process.
    open_transfer_data.cache_clear()
    pool = config.transfer.pool
    targets = [pool.task(name) for name in config.targets]
    content = contents_of(pool.data, targets, pool.size, pool.splits, listing=pool.listing)
    networks = fingerprints(config)
    hashes = {"bank": networks, "bank_hash": bank_hash(networks), "content": content}
    wanted = {**config.record(), **hashes}
    path, wanted = out / CONFIG, json.loads(json.dumps(wanted))
    written = read_json(path) if path.exists() else {}
    if written and wanted["scratch_grid"] is None:  # its choice is in transfer.scratch
        wanted["scratch_grid"] = written.get("scratch_grid")
    changed = differing(_compared(written), _compared(wanted)) if written else []
    if {"bank", "content"} <= written.keys():  # else of an earlier version
        changed = [name for name in changed if name not in PLACES]
    raised = may_raise and cap_is_raised(written, wanted, changed)
    if raised:
        changed.remove(CAP_OF_SCRATCH)
    rewritten = [name for name in changed if name.startswith("content.")]
    if rewritten and rewritten == changed:
        task = rewritten[0].removeprefix("content.")
        raise TrainingError(
            f"{path}: files of {pool.data} that {task} is measured on have changed since (added, "
            "removed, rewritten, or in another split); write to another folder, or delete this one"
        )
    if changed:
        raise TrainingError(
            f"{path} is of a sweep with another {', '.join(changed)}; write to another folder, or "
            "delete this one"
        )
    if raised:
        logger.info(
            "scratch: at most %d epochs instead of %d; %d trainings that this may change are done "
            "again",
            wanted["transfer"]["scratch"]["epochs"],
            written["transfer"]["scratch"]["epochs"],
            set_aside_capped(written, wanted, out),
        )
    updated = written | wanted | ({"overlap": overlap.record()} if overlap else {})
    updated |= {"scratch_trials": trials} if trials else {}
    if updated != written:
        write_text(json.dumps(updated, indent=1, sort_keys=True) + "\n", path)


def _compared(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings on which measurements depend."""
    return {key: value for key, value in config.items() if key not in UNCOMPARED}


def fingerprints(config: SweepConfig) -> dict[str, str]:
    """Return the SHA-256 of each file of the bank that the sweep uses, by the network's name.

    Raises
    ------
    InvalidDataError
        If the bank lacks a source, or a target's own network.
    """
    return network_hashes(config.transfer.bank, used_networks(config))
