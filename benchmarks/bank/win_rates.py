"""Sentences of the bank's page on the win rates of Table 1."""

from __future__ import annotations

from typing import Any

import pandas as pd

from benchmarks.results.record import Record
from encoders.bank.table1 import MEAN, PAPER_MEAN, weak


def compared(frame: pd.DataFrame, means: Record) -> str:
    """Return what a win rate is, for the references that were measured."""
    untrained = frame["random"].notna().any()
    third = (
        ", and (3) one that is trained on all images of the task's own network, for as long"
        if untrained
        else ""
    )
    sweep = means.metrics.get("sweep")
    detail = ""
    if sweep:
        detail = (
            f" ({sweep['images']:,} images of buildings that trained no encoder; at most "
            f"{sweep['epochs']} epochs"
            + (", until the validation loss no longer falls)" if sweep["patience"] else ")")
        )
    return (
        "Share of the test images on which a task's network has a smaller loss than (1) the best "
        f"constant answer, {'' if third else 'and '}(2) a read-out from the *random* encoder that "
        f"is trained on the transfer data, as all transfers are{detail}{third}. Larger is better, "
        "50 % is chance. Intervals resample buildings, and so lack the seed of the training. "
        "Source-only tasks have no read-outs. The paper's Table 1 prints both win rates. Its "
        "second one is that over the published transfers `random -> target`, which were trained on "
        "16,000 images. Its figures are for its own networks and data (256 pixels, 120,000 images, "
        "ResNet-50): the two are not directly comparable."
    )


def found(frame: pd.DataFrame) -> str:
    """Return the mean win rates beside the paper's, and the tasks that win too seldom."""
    mean = frame.loc[MEAN]
    return (
        f"Mean {percent(mean['average'])} and {percent(mean['readout'])} (the paper's: "
        f"{PAPER_MEAN[0]} % and {PAPER_MEAN[1]} %){_hardest(frame)}. {_defects(frame)}"
    )


def _hardest(frame: pd.DataFrame) -> str:
    """Return the mean and the lowest win rate against `RANDOM` as a clause; "" without any."""
    rates = frame.drop(MEAN).set_index("title")["random"].dropna()
    if rates.empty:
        return ""
    mean = percent(frame.loc[MEAN, "random"])
    return f"; against (3) {mean}, least of all {rates.idxmin()}, {rates.min():.1f} %"


def _defects(frame: pd.DataFrame) -> str:
    """Return one sentence that names the tasks whose win rates are below 60 %."""
    defects = weak(frame)
    if defects:
        return "Below 60 %: " + "; ".join(defects) + "."
    if frame["average"].isna()[MEAN]:
        return "No reference has been trained yet."
    second = " or (2)" if frame["readout"].notna()[MEAN] else ""
    return f"No task is below 60 % against (1){second}."


def percent(value: Any) -> str:
    """Return a rate of 0 to 100 in words."""
    return "(not measured)" if pd.isna(value) else f"{value:.1f} %"
