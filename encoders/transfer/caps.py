"""A larger cap of the epochs of ``scratch`` in a sweep that has begun: what it cannot change stays.

The learning rate of training that stops by patience does not depend on the cap until the cap's last
part, in which it falls to 0 (`encoders.training.schedule.plateau_factor`). So a network that
stopped before that part, and whose warm-up is as long with both caps, is the one that a larger cap
gives, to the bit. ``scratch`` alone may get a larger cap: which sets of sources are measured
depends on the read-outs, and not on it.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from encoders.training.schedule import CAP, COOLDOWN, warmup_steps
from encoders.transfer.file_names import LOSSES, RECORDS, TRANSFERS, VALID_LOSSES
from encoders.transfer.records import (
    CAPPED,
    TransferRecord,
    further_seeds,
    place_of,
    records,
    seed_folder,
)
from taskgraph.tasks import SCRATCH

SETTING = "transfer.scratch.epochs"
"""The setting of a sweep that may become larger."""

RUNS = "runs"
"""Folder of the trainings that are not finished, in that of each seed."""


def cap_is_raised(
    written: Mapping[str, Any], wanted: Mapping[str, Any], changed: Sequence[str]
) -> bool:
    """Return whether the cap of ``scratch`` is among the changed settings of a sweep, and larger.

    It is not without patience: then the learning rate depends on the cap from the beginning.
    """
    if SETTING not in changed or not wanted["transfer"]["fit"]["patience"]:
        return False
    before, after = (config["transfer"]["scratch"]["epochs"] for config in (written, wanted))
    return before is not None and after is not None and before < after


def set_aside_capped(written: Mapping[str, Any], wanted: Mapping[str, Any], out: Path) -> int:
    """Set aside the records of ``scratch`` that a larger cap may change; returns their number.

    A record that is set aside has the further ending `CAPPED`. The next sweep trains these networks
    again. The tables of the sweep, which were made of these records, are removed, and so are
    unfinished trainings with the smaller cap.

    Parameters
    ----------
    written, wanted : mapping
        The content of ``config.json`` with the smaller and with the larger cap.
    """
    caps = [config["transfer"]["scratch"]["epochs"] for config in (written, wanted)]
    warmup, count = wanted["transfer"]["fit"]["warmup"], 0
    for seed in (None, *further_seeds(out)):
        results = seed_folder(out, seed)
        for folder in (results / RUNS).glob(f"*/{SCRATCH}"):
            shutil.rmtree(folder)
        for (target, sources), record in records(results).items():
            if sources == SCRATCH and may_change(record, *caps, warmup=warmup):
                place = place_of(results, target, (SCRATCH,))
                place.rename(place.with_name(place.name + CAPPED))
                count += 1
    for name in (RECORDS, TRANSFERS, LOSSES, VALID_LOSSES) if count else ():
        (out / name).unlink(missing_ok=True)
    return count


def may_change(record: TransferRecord, cap: int, larger: int, *, warmup: float) -> bool:
    """Return whether a network may be another with a larger cap of epochs than it was trained with.

    It may be if training ended at the cap, if it went on in the cap's last part, or if its warm-up
    is a share of the cap.

    Parameters
    ----------
    record : dict
        The record of its measurement.
    warmup : float
        Share of the steps in which the learning rate rises.
    """
    epochs = record["last_epoch"] + 1
    short, long = (
        warmup_steps(math.floor(record["last_step"] / epochs * each), warmup=warmup)
        for each in (cap, larger)
    )
    late = epochs > (1 - COOLDOWN) * cap
    return bool(short != long or late or record["stopped"] == CAP)
