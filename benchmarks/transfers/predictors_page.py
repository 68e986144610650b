"""The sections of the page on rankings without training, and on the time of the ridge screen."""

from __future__ import annotations

from typing import Any

import pandas as pd

from benchmarks.results.markdown import NOTHING, interval, number, seconds, table
from benchmarks.transfers.tables import TransferTables

ELSEWHERE = """Published figures, on other data, for orientation: Spearman with Taskonomy's AHP
affinity over 17 tasks, mean over targets, DDS .862 and RSA .832, and with its win rate at 16k
.838 and .777 (Dwivedi et al. 2020, notebook); weighted tau of H-score .670 and LogME .665, means
over 8 classification data sets (the benchmark of the Transfer Learning Library)."""

TIMED = {"H-score (shrunk)": "h_score", "LogME": "logme", "DDS": "dds"}


def predictors(tables: TransferTables) -> str:
    """Return the section on agreement with the trained ranking, by order and by target."""
    head = "## How well does a ranking without training predict the trained one?\n\n"
    if "predictors" not in tables:
        return head + tables.absent("predictors")
    frame = tables["predictors"]
    frame = frame[frame["targets"] > 0]  # one candidate of an order has no ranking
    text = (
        "Per target, all candidates of one order are ranked by a prediction and by the trained "
        "read-outs' test loss; means over targets, with the bootstrap interval over targets. "
        "*Best* and *five best* are shares in common (those of chance in brackets). *Regret* is a "
        "ratio: the test loss of the source that a prediction ranks first, divided by that of the "
        "truly best source; 1 is perfect. "
        "*Affinity*: Spearman with the AHP affinity in place of the loss. Above order 1 only the "
        "trained sets are ranked, which are made of a target's best sources: a narrow range, which "
        "lowers correlations by itself. *Average rank* uses trained losses of the "
        "other targets, *mean of members* those of the set's own single sources, and *validation "
        "loss* is the trained read-out's own, on other buildings than the test's."
    )
    parts = [head + text, *_lacking(tables), table(HEADS, [_row(r) for _, r in frame.iterrows()])]
    return "\n\n".join([*parts, _targets(tables["predictors_targets"]), *_times(tables), ELSEWHERE])


HEADS = [
    "order:",
    "prediction",
    "transfers:",
    "targets:",
    "Spearman:",
    "95 %:",
    "weighted tau:",
    "best:",
    "five best:",
    "regret:",
    "affinity:",
]


def _row(row: pd.Series[Any]) -> list[str]:
    return [
        f"{row['order']:g}",
        str(row["predictor"]),
        f"{row['transfers']:g}",
        f"{row['targets']:g}",
        number(row["spearman"]),
        interval(row["low"], row["high"]),
        number(row["weighted_tau"]),
        f"{number(row['top1'])} ({number(row['top1_chance'])})",
        f"{number(row['top5'])} ({number(row['top5_chance'])})",
        number(row["regret_ratio"]),
        number(row["affinity"]),
    ]


def _lacking(tables: TransferTables) -> list[str]:
    said = {
        "ridge ranking": "The ridge screen is left out",
        "scores": "H-score, LogME and DDS are left out",
    }
    return [tables.absent(p, what) for p, what in said.items() if p in tables.facts["missing"]]


def _targets(frame: pd.DataFrame) -> str:
    """Return Spearman of single sources, one row a target and one column a prediction."""
    single = frame[frame["order"] == 1]
    wide = single.pivot_table(index="target", columns="predictor", values="spearman", dropna=False)
    order = [name for name in single["predictor"].unique() if name in wide]
    count = single.groupby("target")["n"].max()
    rows = [
        [str(target), f"{count[target]:g}", *(number(wide.at[target, name]) for name in order)]
        for target in wide.index
    ]
    text = "Spearman with the test loss over single sources, target by target:"
    return text + "\n\n" + table(["target", "sources:", *(f"{n}:" for n in order)], rows)


def _times(tables: TransferTables) -> list[str]:
    if "scores" not in tables.facts:
        return []
    facts = tables.facts["scores"]
    spent, pairs = facts["seconds"], len(tables["scores"])
    listed = ", ".join(
        f"{title} {seconds(spent[name])}" for title, name in TIMED.items() if name in spent
    )
    examples = sorted(facts["examples"].values())
    return [
        f"Time of the scores in this run, for {pairs} pairs on one process: {listed}, and "
        f"{seconds(spent['features'])} to make the features of H-score and LogME, "
        f"{facts['places']} places of each picture for maps ({examples[0]} to {examples[-1]} rows "
        f"a target). DDS is of at most {facts['alike']} pictures."
    ]


def ridge(tables: TransferTables) -> str:
    """Return the section on the time of all closed-form transfers, beside a trained read-out."""
    head = "## The ridge screen's time\n\n"
    if "ridge" not in tables.facts:
        return head + tables.absent("ridge")
    facts = tables.facts["ridge"]
    rows = [
        [
            name,
            f"{each['transfers']:,.0f}",
            seconds(each["moments_s"]),
            seconds(each["solve_s"]),
            seconds((each["moments_s"] + each["solve_s"]) / each["transfers"]),
            f"{each['workers']:g}",
        ]
        for name, each in sorted(facts["families"].items())
    ]
    rows.append(
        [
            "all",
            f"{facts['transfers']:,}",
            "",
            seconds(facts["seconds"]),
            seconds(facts["each"]),
            "",
        ]
    )
    heads = ["family", "transfers:", "moments:", "solving:", "a transfer:", "workers:"]
    text = (
        f"{facts['transfers']:,} transfers in {seconds(facts['seconds'])} of wall time: "
        f"{seconds(facts['each'])} a transfer, looking at the images included. "
    )
    held = [each["peak_mib"] for each in facts["families"].values() if "peak_mib" in each]
    if held:
        text += f"The process held {max(held) / 1024:.1f} GiB at most, mapped files included. "
    if "trained" in facts:
        ratio = facts["trained_median"] / facts["each"]
        threads = max(each.get("workers", 1) for each in facts["families"].values())
        text += (
            f"A trained read-out takes {seconds(facts['trained_median'])} on one thread (median of "
            f"{facts['trained']:,}, with its tests): by the clock {ratio:,.0f} times that"
        )
        text += (
            "."
            if threads == 1
            else (
                f", and {ratio / threads:,.0f} times the time of threads, as the screen ran on "
                f"{threads}."
            )
        )
    else:
        text += f"Trained read-outs to set beside it: {NOTHING}."
    return head + text + "\n\n" + table(heads, rows)
