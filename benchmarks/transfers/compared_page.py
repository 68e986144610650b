"""The section of the page on win rates against other choices, and on the labels needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from benchmarks.results.markdown import commit_text, interval, number, table
from benchmarks.transfers.compared import (
    AGAINST,
    RANDOM_BEST,
    RANDOM_SETS,
    SINGLE,
    TRANSFERRED,
)
from benchmarks.transfers.ended import NETWORKS
from benchmarks.transfers.facts import COMPARED
from benchmarks.transfers.settings import COMPARED_ONLY
from benchmarks.transfers.tables import TransferTables


def win_rates_section(tables: TransferTables) -> str:
    """Return the section on win rates of the proven set, image by image."""
    head = "## Who wins, image by image\n\n"
    if "win_rates" not in tables:
        return head + tables.absent(COMPARED)
    frame, facts = tables["win_rates"], tables.facts
    count = facts["settings"]["resamples"]
    transferred = (
        "; *at targets solved by transfer* also leaves out the supervised targets, whose networks "
        "had more labels than scratch"
        if (frame["against"] == TRANSFERRED).any()
        else ""
    )
    text = (
        "Each value is the share of test images on which the proven set's network has a lower loss "
        "than the other choice's network, averaged over the targets; a tie counts half, and 0.5 is "
        "level. A supervised target is solved by its own network. *Best single* is compared with "
        "the optimum at its own cost, whatever the budget. Random sets: the mean over "
        f"{frame['draws'].max():g} different ones. *Scratch, where it beats the constant* leaves "
        "out the targets at which scratch is no better than the best constant answer, because "
        f"winning over it says little there{transferred}. In square brackets: 95 % percentile "
        f"interval over {count} resamples of the test {tables.drawn(seeds=holds_seeds(frame))}, "
        "with the choices fixed. The choices were made on these images, so the rates may be "
        "somewhat too high; [results/payoff](../payoff/README.md) has fresh images."
    )
    parts = [head + text, seeds_sentence(facts, tables.unit), _rates(frame), _beaten(frame)]
    return "\n\n".join(part for part in (*parts, _labels(tables), _command(facts)) if part)


def holds_seeds(frame: pd.DataFrame) -> bool:
    """Return whether the intervals of win rates hold seeds."""
    return bool(frame["seed_low"].notna().any())


def seeds_sentence(facts: dict[str, Any], unit: str) -> str:
    """Return what the table has several seeds of, and what no interval holds."""
    counts = facts.get("seeds") or {}
    if not any(int(n) > 1 for kind in counts.values() for n in kind):
        return (
            "**Seeds are lacking**: every network was trained once. So no interval and no share of "
            "resamples here includes what another seed of training would change."
        )
    said = [
        f"{_of(count, sum(kind.values()))} {NETWORKS.get(name, name)} have {n} seeds"
        for name, kind in counts.items()
        for n, count in sorted(kind.items(), key=lambda item: int(item[0]))
        if int(n) > 1
    ]
    return (
        f"Seeds: {'; '.join(said)}; all else was trained once, and no interval includes what other "
        f"seeds of that would change. Intervals are over {unit} and over these seeds."
    )


def _of(count: int, whole: int) -> str:
    return f"all {whole:,}" if count == whole else f"{count:,} of {whole:,}"


def _rates(frame: pd.DataFrame) -> str:
    """Return the table: a row a rival, a column a budget."""
    budgets = list(dict.fromkeys(frame["budget"]))
    by: dict[Any, Any] = frame.set_index(["against", "budget"]).to_dict("index")
    rows = []
    for name in AGAINST:
        known = [by.get((name, budget)) for budget in budgets]
        if any(known):
            counts = sorted({row["targets"] for row in known if row})
            noted = "ours_spent" if name == SINGLE else "targets" if len(counts) > 1 else None
            ends = dict.fromkeys((counts[0], counts[-1]))
            rows.append([name, " to ".join(map("{:g}".format, ends)), *_cells(known, noted)])
    heads = ["against", "targets:", *(f"budget {budget:g}:" for budget in budgets)]
    return table(heads, rows)


NOTES = {"ours_spent": "labels", "targets": "targets"}
"""What the number of a column counts, in round brackets after a win rate."""


def _cells(rows: Sequence[dict[str, Any] | None], noted: str | None) -> list[str]:
    """Return the win rates with their intervals, and the numbers of a column of `NOTES`."""
    return [
        f"{number(row['wins'])} {interval(row['low'], row['high'])}"
        + (f" ({row[noted]:g} {NOTES[noted]})" if noted else "")
        if row
        else ""
        for row in rows
    ]


def _beaten(frame: pd.DataFrame) -> str:
    """Return against which share of random sets the proven one wins more than half."""
    said = []
    for name in (RANDOM_BEST, RANDOM_SETS):
        own = frame[frame["against"] == name]
        if len(own):
            shares = ", ".join(
                f"{row['beaten']:.1%} at budget {row['budget']:g}" for _, row in own.iterrows()
            )
            said.append(f"with {name.partition(', ')[2]}, {shares}")
    return (
        "The proven set wins on more than half of the images over this share of the random sets: "
        f"{'; '.join(said)}."
        if said
        else ""
    )


def _labels(tables: TransferTables) -> str:
    """Return the paragraphs on the labels needed for a mean quality."""
    if "labels" not in tables:
        return ""
    frame, facts = tables["labels"], tables.facts[COMPARED]
    full = facts["full"]
    text = (
        "### Labels needed\n\nThe least budget at which the optimum "
        f"has a mean quality over the {full['targets']} targets. Supervising all "
        f"{full['labels']} of them has a mean quality of {number(full['mean'])} and costs "
        f"{full['cost']:g}."
    )
    rows = [
        [
            f"{row['quality']:g}",
            "none" if pd.isna(row["budget"]) else f"{row['budget']:g}",
            "" if pd.isna(row["reached"]) else number(row["reached"]),
            "" if pd.isna(row["saved"]) else f"{row['saved']:.0%}",
        ]
        for _, row in frame.iterrows()
    ]
    heads = ["mean quality:", "least budget:", "reached:", "labels saved:"]
    figure = facts.get("texts", {}).get("labels")
    alternative = (
        "Labels needed over the mean quality that is reached, with the cost of supervising all"
    )
    drawn = f"![{alternative}]({figure})" if figure else ""
    return "\n\n".join(part for part in (text, table(heads, rows), drawn) if part)


def _command(facts: dict[str, Any]) -> str:
    made = facts[COMPARED]
    if not made.get("again"):
        return ""
    return f"(`taskgraph bench transfers {COMPARED_ONLY}`, commit {commit_text(made['commit'])}.)"
