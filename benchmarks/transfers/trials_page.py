"""The section of the page that reports trials of a changed setting."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.results.markdown import NOTHING, interval, number, table
from benchmarks.results.measures import Estimate, t_interval
from benchmarks.results.record import Record, read_records
from benchmarks.transfers.trials import TRIAL


def newest_trials(folder: Path) -> list[Record]:
    """Return the newest record of each trial of a folder."""
    own = [each for each in read_records(folder) if each.settings["part"] == TRIAL]
    return list({each.settings["trial"]: each for each in own}.values())


def trials_section(folder: Path) -> str:
    """Return the section of the page; "" without a trial."""
    found = newest_trials(folder)
    if not found:
        return ""
    rows = [_row(each) for each in found]
    heads = [
        "trial",
        "changed",
        "targets:",
        "sources:",
        "seeds",
        "before:",
        "after:",
        "change:",
        "95 %:",
    ]
    return (
        "### Trials\n\n(`taskgraph bench transfers --trials NAME=BASE:CHANGED`.) Does a changed "
        "setting bring our ranking of single sources closer to the published one of 16,000 "
        "images? *Before* and *after*: Spearman's rank correlation of the affinities, mean over "
        "targets. The interval of their difference is Student's over targets; a change helps if "
        "all of it lies above 0. *Seeds*: how often the transfers of single sources were trained,"
        " before → after; their win rates are means over seeds. No interval here includes "
        "seeds.\n\n"
        f"{table([*heads, 'verdict'], rows)}" + "".join(map(_encoders, found))
    )


def _encoders(record: Record) -> str:
    """Return how the networks of a trial of other encoders were trained; else ""."""
    known = record.metrics.get("encoders", [None, None])
    if "bank" not in record.settings["changes"] or None in known:
        return ""
    before, after = (_trained(each) for each in known)
    return f"\n\nEncoders of `{record.settings['trial']}`: before, {before}; after, {after}."


def _trained(bank: dict[str, Any]) -> str:
    """Return how a bank was trained, from `benchmarks.transfers.provenance.bank_facts`."""
    images = (bank["images"] or {}).get("train", "an unknown number of")
    epochs = bank["epochs"]
    ends = f" for {_range((min(epochs), max(epochs)))} epochs" if epochs else ""
    return f"{bank['trained']} of preset `{bank['preset']}`, trained on {images} images{ends}"


def _row(record: Record) -> list[str]:
    frame = pd.DataFrame(record.metrics["targets"])
    change = t_interval((frame["after"] - frame["before"]).to_numpy(dtype=float))
    return [
        record.settings["trial"],
        "; ".join(_changed(record)),
        str(len(frame)),
        _range((frame["sources"].min(), frame["sources"].max())),
        " → ".join(_range(each) for each in record.metrics.get("seeds", [[1, 1], [1, 1]])),
        number(float(frame["before"].mean())),
        number(float(frame["after"].mean())),
        number(change.mean),
        interval(change.low, change.high),
        verdict(change),
    ]


def _range(ends: Sequence[int]) -> str:
    least, most = ends
    return str(least) if least == most else f"{least} to {most}"


def verdict(change: Estimate) -> str:
    """Return what the interval of a difference says; larger is better."""
    if np.isnan(change.low):
        return NOTHING
    if change.low > 0:
        return "helps"
    return "hurts" if change.high < 0 else "no clear change"


def _changed(record: Record) -> list[str]:
    """Return each changed setting; training images of other buildings are a change if known."""
    changes = dict(record.settings["changes"])
    buildings = record.metrics.get("training_buildings", [None, None])
    if None not in buildings and buildings[0] != buildings[1]:
        changes["training buildings"] = buildings
    return [_change(*each) for each in changes.items()]


def _change(name: str, values: Sequence[Any]) -> str:
    return f"{name.rpartition('.')[2]}: {values[0]} → {values[1]}"
