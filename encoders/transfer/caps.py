"""A larger cap of epochs in a sweep that has begun: what the smaller one did not touch is kept.

The learning rate of training that stops by patience does not depend on the cap until the cap's last
part, in which it falls to 0 (`encoders.training.schedule.plateau_factor`). So a network that
stopped before that part is the one that a larger cap gives, to the bit.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from encoders.training.schedule import CAP, COOLDOWN, warmup_steps
from encoders.transfer.records import (
    TransferRecord,
    further_seeds,
    place_of,
    records,
    seed_folder,
)
from taskgraph.tasks import SCRATCH, SELF, parse_sources

CAPS = ("transfer.fit.epochs", "transfer.scratch.epochs")
"""Settings that may be raised: the caps of all networks, and of ``scratch``."""

RUNS = "runs"
"""Folder of the trainings that are not finished, in that of each seed."""


def raised_caps(
    written: Mapping[str, Any], wanted: Mapping[str, Any], changed: Iterable[str]
) -> list[str]:
    """Return the changed settings of a sweep that are caps and became larger.

    Without patience the learning rate depends on the cap from the beginning, and so do the rungs of
    pruning; then there are none.
    """
    if not wanted["transfer"]["fit"]["patience"] or wanted.get("pruning"):
        return []
    return [
        name
        for name in changed
        if name in CAPS and _value(written, name) < _value(wanted, name)  # both have been given
    ]


def forget_capped(written: Mapping[str, Any], wanted: Mapping[str, Any], out: Path) -> int:
    """Remove the records of a sweep that a smaller cap touched; returns their number.

    The next sweep trains these networks again, with the larger cap. Unfinished trainings with the
    smaller one are removed too.

    Parameters
    ----------
    written, wanted : mapping
        The content of ``config.json`` with the smaller and with the larger cap.
    """
    warmup, count = wanted["transfer"]["fit"]["warmup"], 0
    for seed in (None, *further_seeds(out)):
        results = seed_folder(out, seed)
        for folder in (results / RUNS).glob("*/*"):
            if _cap_of(written, folder.name) != _cap_of(wanted, folder.name):
                shutil.rmtree(folder)
        for (target, sources), record in records(results).items():
            caps = _cap_of(written, sources), _cap_of(wanted, sources)
            if caps[0] != caps[1] and is_touched(record, *caps, warmup=warmup):
                place_of(results, target, parse_sources(sources)).unlink()
                count += 1
    return count


def is_touched(record: TransferRecord, cap: int, larger: int, *, warmup: float) -> bool:
    """Return whether a network is another with a larger cap of epochs than it was trained with.

    It is if training ended at the cap, if it went on in the cap's last part, or if its warm-up is a
    share of the cap.

    Parameters
    ----------
    record : dict
        The record of its measurement.
    warmup : float
        Share of the steps in which the learning rate rises.
    """
    if record["sources"] == SELF or record.get("last_epoch") is None:  # not trained by the sweep
        return False
    epochs = record["last_epoch"] + 1
    short, long = (
        warmup_steps(math.floor(record["last_step"] / epochs * each), warmup=warmup)
        for each in (cap, larger)
    )
    late = epochs > (1 - COOLDOWN) * cap
    return bool(short != long or late or record["stopped"] == CAP)


def _cap_of(config: Mapping[str, Any], sources: str) -> int:
    """Return the cap of the network of some sources, or of a reference, in a ``config.json``."""
    transfer = config["transfer"]
    own = (transfer.get("scratch") or {}).get("epochs") if sources == SCRATCH else None
    return int(own or transfer["fit"]["epochs"])


def _value(config: Mapping[str, Any], name: str) -> float:
    """Return a setting by its name with dots; NaN, which no comparison holds for, where unset."""
    value: Any = config
    for part in name.split("."):
        value = value[part]
    return math.nan if value is None else float(value)
