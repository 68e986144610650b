"""Agreement of rankings without training with the trained ranking, target by target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from encoders.transfer.agreement import Agreement, agreement
from encoders.transfer.ridge import RidgeResult, position
from encoders.transfer.scores import Better, average_rank
from taskgraph.errors import InvalidTableError
from taskgraph.tasks import split_sources
from taskgraph.transfers import Transfers


@dataclass(frozen=True, eq=False)
class Prediction:
    """A predicted value for each of some transfers.

    Attributes
    ----------
    frame : DataFrame
        ``target, sources, value``.
    better : "larger" or "smaller"
    """

    frame: pd.DataFrame
    better: Better


def trained(records: pd.DataFrame, transfers: Transfers) -> pd.DataFrame:
    """Return the trained read-outs: ``target, sources, order, valid_loss, test_loss, affinity``.

    Losses are means over the seeds of a transfer.

    Raises
    ------
    InvalidTableError
        If the records have no trained read-out.
    """
    kept = records[records["order"] >= 1]
    if "readout" in kept:
        kept = kept[kept["readout"] == "trained"]
    if kept.empty:
        raise InvalidTableError("the sweep has no trained read-out to be predicted")
    # Of a transfer that was trained with several seeds, the mean over them counts.
    keys = ["target", "sources", "order"]
    means = kept.groupby(keys, sort=False, as_index=False)[["valid_loss", "test_loss"]].mean()
    affinity = transfers.frame[["target", "sources", "affinity"]]
    return means.merge(affinity, on=["target", "sources"], how="left")


def from_ridge(result: RidgeResult, measured: pd.DataFrame) -> Prediction:
    """Return the ridge screen's validation errors, for transfers that were also trained."""
    rows = []
    for target, sources in zip(measured["target"], measured["sources"], strict=True):
        names = split_sources(sources)
        known = target in result.targets and set(names) <= set(result.sources)
        if not known or len(names) not in result.sets:
            continue
        numbers = sorted(result.sources.index(name) for name in names)
        place = position(numbers, len(result.sources)), result.targets.index(target)
        value = float(result.error_valid[len(names)][place])
        rows.append({"target": target, "sources": sources, "value": value})
    return Prediction(pd.DataFrame(rows, columns=["target", "sources", "value"]), "smaller")


def baselines(measured: pd.DataFrame) -> dict[str, Prediction]:
    """Return predictions from trained losses, as references for the scores.

    ``average rank``: how a single source does on the *other* targets, by trained validation losses.
    ``mean of members``: of a set's own single sources' validation losses for this target.
    ``validation loss``: the trained read-out's own, on other buildings than the test's.
    """
    single = measured[measured["order"] == 1]
    table = single.pivot_table(index="sources", columns="target", values="valid_loss")
    ranks = pd.DataFrame(
        average_rank(table.to_numpy(), better="smaller"), index=table.index, columns=table.columns
    )
    rank = ranks.reset_index().melt("sources", var_name="target").dropna()
    losses = single.set_index(["target", "sources"])["valid_loss"].to_dict()
    several = measured[measured["order"] > 1]
    members = [
        float(np.mean([losses.get((target, name), np.nan) for name in split_sources(sources)]))
        for target, sources in zip(several["target"], several["sources"], strict=True)
    ]
    own = measured[["target", "sources"]].assign(value=measured["valid_loss"])
    return {
        "average rank on other targets": Prediction(rank, "larger"),
        "mean of members": Prediction(
            several[["target", "sources"]].assign(value=members), "smaller"
        ),
        "validation loss (trained)": Prediction(own, "smaller"),
    }


def from_scores(scores: pd.DataFrame) -> dict[str, Prediction]:
    """Return H-score, LogME and DDS as predictions, from the table of `scoring`."""
    names = {"h_score": "H-score (shrunk)", "logme": "LogME", "dds": "DDS"}
    return {
        title: Prediction(
            scores[["target", "sources"]].assign(value=scores[name]).dropna(), "larger"
        )
        for name, title in names.items()
        if scores[name].notna().any()
    }


def predicted(
    measured: pd.DataFrame, predictions: Mapping[str, Prediction]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the agreement of every prediction with the trained test losses and the affinities.

    Returns
    -------
    summary : DataFrame
        A row an ``order`` and ``predictor``: ``transfers`` and ``targets`` compared; the means
        over targets of ``spearman`` (with its interval ``low, high``), ``weighted_tau, top1, top5,
        regret_ratio`` against the test loss, ``top1_chance, top5_chance``; and ``affinity`` (with
        ``affinity_low, affinity_high``), the mean Spearman against the affinity.
    targets : DataFrame
        A row an ``order``, ``predictor`` and ``target``: ``n, spearman, best, chosen``.
    """
    rows, parts = [], []
    for order, group in measured.groupby("order"):
        for name, prediction in predictions.items():
            both = group.merge(prediction.frame, on=["target", "sources"]).dropna(subset=["value"])
            if both.empty:
                continue
            by_loss = _agreement(both, prediction.better, "test_loss", "smaller")
            by_affinity = _agreement(both, prediction.better, "affinity", "larger")
            head = {"order": order, "predictor": name, "transfers": len(both)}
            rows.append({**head, **_summary(by_loss, by_affinity)})
            kept = by_loss.table[["target", "n", "spearman", "best", "chosen"]]
            parts.append(kept.assign(order=order, predictor=name))
    if not rows:
        raise InvalidTableError("no prediction is of a transfer that was trained")
    return pd.DataFrame(rows), pd.concat(parts, ignore_index=True)


def _agreement(both: pd.DataFrame, better: Better, truth: str, truth_better: Better) -> Agreement:
    guess = both.pivot_table(index="sources", columns="target", values="value", dropna=False)
    value = both.pivot_table(index="sources", columns="target", values=truth, dropna=False)
    value = value.reindex(index=guess.index, columns=guess.columns)
    return agreement(
        guess,
        value,
        sources=list(guess.index),
        targets=list(guess.columns),
        predicted_better=better,
        trained_better=truth_better,
    )


def _summary(by_loss: Agreement, by_affinity: Agreement) -> dict[str, float]:
    loss: Any = by_loss.summary.set_index("measure").to_dict("index")
    affinity: Any = by_affinity.summary.set_index("measure").to_dict("index")
    spearman = loss["spearman"]
    row: dict[str, float] = {
        "targets": spearman["targets"],
        "spearman": spearman["mean"],
        "low": spearman["low"],
        "high": spearman["high"],
    }
    for name in ("weighted_tau", "top1", "top5", "regret_ratio"):
        row[name] = loss[name]["mean"]
    for name in ("top1", "top5"):
        row[f"{name}_chance"] = loss[name]["chance"]
    for end, column in (("", "mean"), ("_low", "low"), ("_high", "high")):
        row[f"affinity{end}"] = affinity["spearman"][column]
    return row
