"""The sections of the page on taxonomies: beside other choices, and on new images."""

from __future__ import annotations

from typing import Any

import pandas as pd

from benchmarks.results.markdown import interval, number, share, table
from benchmarks.transfers.tables import TransferTables


def significance(tables: TransferTables) -> str:
    """Return the section on other choices: greedy, best single sources, random sets."""
    frame, facts = tables["significance"], tables.facts
    solved = frame[frame["status"] != "infeasible"]
    text = (
        "## Against other choices\n\nIn every choice a supervised target is solved by its own "
        "network. *Greedy* adds the source that helps most, one by one. *Best single* supervises "
        "the best single source of every target, whatever that costs; *ours at that cost* is the "
        f"proven optimum within it. *Random sets*: at each budget, {facts['settings']['draws']} "
        "sets that solve every target. Each is drawn by going through the sources in random order "
        "and taking every one that the budget still allows. Their transfers are *random* (drawn "
        "evenly from those that a set allows) or the *best* ones. *As good* is (1 + the number of "
        "random sets that are at least as good as ours) / (1 + their number). In round brackets: "
        "labels spent, where this is not the budget; at the cost of the random sets the optimum "
        "is the same as ours."
    )
    if "gain_own_low" in frame:
        drawn = tables.drawn(seeds=tables.has_several_seeds())
        text += (
            f" In square brackets after ours: 95 % percentile interval over "
            f"{facts['settings']['resamples']} resamples of the test {drawn}, with the taxonomy "
            "fixed; after random sets: 5th to 95th percentile."
        )
    else:
        text += " In square brackets: 5th to 95th percentile. "
        text += tables.absent("intervals", "Intervals of our own are left out")
    parts = [text]
    for measure in ("gain", "quality"):
        parts += [_beaten(solved, measure), _at_single(solved, measure), _budgets(frame, measure)]
    return "\n\n".join(part for part in parts if part)


def _beaten(solved: pd.DataFrame, measure: str) -> str:
    if solved[measure].isna().all():
        return f"Mean {measure}: it was not measured."
    told = []
    for name, what in (("", "random transfers"), ("_best", "their best transfers")):
        above = int((solved[measure] > solved[f"{measure}{name}_high"]).sum())
        below = int((solved[measure] < solved[f"{measure}{name}_low"]).sum())
        ahead = solved[measure] - solved[f"{measure}_random{name}"]
        told.append(
            f"with {what} at {above} of {len(solved)} budgets and below the 5th at {below} (median "
            f"distance from their mean {ahead.median():+.3f})"
        )
    return f"Mean {measure}: above the 95th percentile of random sets {'; '.join(told)}."


def _at_single(solved: pd.DataFrame, measure: str) -> str:
    """Return a paragraph on best single, and on the optimum at its cost."""
    known = solved[solved[f"{measure}_single"].notna() & solved[measure].notna()]
    if known.empty:
        return ""
    first = known.iloc[0]
    spent, single = first["single_spent"], float(first[f"{measure}_single"])
    reached = known[known[measure] >= single]
    least = (
        f"The optimum first reaches {single:.3f} at budget {reached['budget'].min():g}"
        if len(reached)
        else f"The optimum reaches {single:.3f} at no budget here"
    )
    return (
        f"Best single supervises tasks for {spent:g} and has a mean {measure} of {single:.3f}. The "
        f"optimum of the same cost has {first[f'{measure}_at_single']:.3f}. {least}."
    )


def _budgets(frame: pd.DataFrame, measure: str) -> str:
    heads = [
        "budget:",
        f"{measure}:",
        "greedy:",
        "best single:",
        "ours at that cost:",
        "random sets, best transfers:",
        "as good:",
        "random sets, random transfers:",
        "as good:",
    ]
    rows = []
    for _, row in frame.iterrows():
        if row["status"] == "infeasible":
            rows.append([f"{row['budget']:g}", "no taxonomy", *[""] * (len(heads) - 2)])
            continue
        own = _paid(row, measure, row["spent"])
        if f"{measure}_own_low" in row:
            own += " " + interval(row[f"{measure}_own_low"], row[f"{measure}_own_high"])
        drawn = [
            cell
            for name in ("_best", "")
            for cell in (
                f"{_paid(row, f'{measure}_random{name}', row['random_spent'])} "
                f"{interval(row[f'{measure}{name}_low'], row[f'{measure}{name}_high'])}",
                share(row[f"{measure}{name}_as_good"]),
            )
        ]
        rows.append(
            [
                f"{row['budget']:g}" + ("" if row["status"] == "optimal" else " (not proven)"),
                own,
                _paid(row, f"{measure}_greedy", row["greedy_spent"]),
                _paid(row, f"{measure}_single", row["single_spent"]),
                number(row[f"{measure}_at_single"]),
                *drawn,
            ]
        )
    return table(heads, rows)


def _paid(row: pd.Series[Any], column: str, spent: float) -> str:
    """Return a value, with its cost in brackets where that is not the budget."""
    other = pd.notna(spent) and abs(spent - row["budget"]) > 1e-9
    return number(row[column]) + (f" ({spent:.4g})" if other else "")


def cross_fitted(tables: TransferTables) -> str:
    """Return the section on taxonomies chosen on half of the buildings, measured on the rest."""
    head = f"## Chosen on some {tables.unit}, measured on others\n\n"
    if "cross_fitted" not in tables:
        return head + tables.absent("cross-fitted")
    frame = tables["cross_fitted"]
    falls = {m: float((frame[f"{m}_chosen"] - frame[m]).mean()) for m in ("gain", "quality")}
    text = (
        "A taxonomy is chosen by win rates on test images, and may look too good on them. Here "
        f"affinities and the taxonomy are made from half of the test {tables.unit}, and gain and "
        "quality measured on the other half; both ways, averaged. On average over the budgets "
        f"below, the gain is {falls['gain']:+.3f} and the quality {falls['quality']:+.3f} higher "
        "where the taxonomy was chosen."
    )
    rows = [
        [
            f"{row['budget']:g}",
            *(
                number(row[f"{m}{end}"])
                for m in ("gain", "quality")
                for end in ("", "_chosen", "_greedy")
            ),
        ]
        for _, row in frame.iterrows()
    ]
    heads = [
        "budget:",
        "gain, others:",
        "gain, where chosen:",
        "gain of greedy, others:",
        "quality, others:",
        "quality, where chosen:",
        "quality of greedy, others:",
    ]
    return head + text + "\n\n" + table(heads, rows)
