"""The sections of the page on consistency, clusters, and the published measurements."""

from __future__ import annotations

import pandas as pd

from benchmarks.results.markdown import NOTHING, commit_text, interval, number, share, table
from benchmarks.transfers.facts import STRUCTURE
from benchmarks.transfers.settings import STRUCTURE_ONLY
from benchmarks.transfers.tables import TransferTables

TABLES = {
    "ours, single sources alone": (
        " *Single sources alone*: affinities of a tournament that no set of several sources enters."
    ),
    "published 16k": (
        " The rows of the published tables are what the same procedure gives for the authors' own "
        "measurements, of the tasks that ours has too."
    ),
}


def consistency(tables: TransferTables) -> str:
    """Return the section on the consistency of the targets' tournaments."""
    head = "## Do tournaments contradict themselves?\n\n"
    if "consistency" not in tables:
        return head + tables.absent("consistency")
    frame = tables["consistency"]
    ratios = frame["consistency_ratio"]
    text = (
        "Saaty's consistency ratio is 0 where every three candidates agree on who beats whom and "
        "by how much; above 0.1, judgments are usually made again. Here its median is "
        f"{number(ratios.median())}, and it is above 0.1 at {(ratios > 0.1).sum()} of {len(frame)} "
        "targets. The columns *gain* and *quality* are Spearman's rank correlations of a target's "
        "affinities with its gains and with its qualities. The program maximizes roots of "
        "affinities. Where the correlation with gain is far below 1, it may choose a transfer "
        "that wins less often against scratch than another one."
    )
    rows = [
        [
            row["target"],
            f"{row['candidates']:g}",
            number(row["consistency_ratio"]),
            number(row["gain"]),
            number(row["quality"]),
        ]
        for _, row in frame.iterrows()
    ]
    heads = ["target", "candidates:", "consistency ratio:", "gain:", "quality:"]
    return head + text + "\n\n" + table(heads, rows)


def structure(tables: TransferTables) -> str:
    """Return the section on clusters beside the paper's groups, and nearest sources."""
    head = "## Does the structure make sense?\n\n"
    if "structure" not in tables:
        return head + tables.absent("structure")
    frame = tables["structure"]
    text = (
        "The task tree (Ward's linkage of where sources transfer to) beside the groups of the "
        "paper's tree: 3D, 2D, low-dimensional geometric and semantic tasks; denoising is in none "
        "of them and is not counted. *Cophenetic correlation*: over all pairs of tasks, the "
        "correlation between the height at which the tree joins them and whether they belong to "
        "different groups (1) or not (0). It needs no cut of the tree. *Nearest in group*: the "
        "share of tasks whose nearest other one is of their own group. The adjusted Rand index of "
        "one cut, into 4 or 5 branches, is 1 for the same partition and 0 on average by chance; "
        f"it moves with the cut. p is from {tables.facts['settings']['permutations']} permutations "
        "of the groups."
    )
    text += "".join(said for name, said in TABLES.items() if (frame["table"] == name).any())
    rows = [
        [
            row["table"],
            _measure(row),
            f"{row['tasks']:g}",
            number(row["value"]),
            number(row["chance"]),
            share(row["p"]),
        ]
        for _, row in frame.iterrows()
    ]
    heads = ["table", "measure", "tasks:", "value:", "by chance:", "p:"]
    again = tables.facts.get(STRUCTURE)
    if again:
        text += (
            f" (This section and the next: `taskgraph bench transfers {STRUCTURE_ONLY}`, commit "
            f"{commit_text(again['commit'])}.)"
        )
    return "\n\n".join([head + text, table(heads, rows), _neighbors(tables["neighbors"])])


def _measure(row: pd.Series[str]) -> str:
    if row["measure"] == "nearest":
        return "nearest in group"
    if row["measure"] == "cophenetic":
        return "cophenetic correlation"
    return f"adjusted Rand index, {row['clusters']} clusters"


def _neighbors(frame: pd.DataFrame) -> str:
    counts = [str(name) for name in frame if str(name).startswith("clusters_")]
    heads = [
        "task",
        "group",
        "nearest",
        "its group",
        *(f"of {name.rpartition('_')[2]} clusters:" for name in counts),
    ]
    rows = [
        [
            row["task"],
            _or_none(row["group"]),
            row["nearest"],
            _or_none(row["nearest_group"]),
            *(str(row[name]) for name in counts),
        ]
        for _, row in frame.iterrows()
    ]
    return table(heads, rows)


def _or_none(text: str | float) -> str:
    return str(text) if isinstance(text, str) and text else NOTHING


def published(tables: TransferTables) -> str:
    """Return the section on rank correlation with the published 16k measurements."""
    head = "## Beside the published measurements\n\n"
    if "published" not in tables:
        return head + tables.absent("published")
    text = (
        "Spearman's rank correlation, over single sources, between our numbers for a target and "
        "the published ones (read-outs trained on 16,000 images of real buildings at 256 pixels). "
        "Means over targets with the bootstrap interval over targets. p is from "
        f"{tables.facts['settings']['permutations']} permutations of the published sources, the "
        "same for all targets: (1 + those whose mean is as high) / (1 + all). *Best* and *five "
        "best* in common: shares, with those of chance in brackets."
    )
    rows = [
        [
            row["measure"],
            f"{row['targets']:g}",
            number(row["mean"]),
            interval(row["low"], row["high"]),
            share(row["p"]),
            f"{number(row['top1'])} ({number(row['top1_chance'])})",
            f"{number(row['top5'])} ({number(row['top5_chance'])})",
        ]
        for _, row in tables["published"].iterrows()
    ]
    heads = ["measure", "targets:", "mean Spearman:", "95 %:", "p:", "best:", "five best:"]
    parts = [head + text, table(heads, rows), _agreement(tables)]
    parts.append(_targets(tables["published_targets"]))
    return "\n\n".join(part for part in parts if part)


def _agreement(tables: TransferTables) -> str:
    """Return the paragraph and table on how well each two tables agree, theirs among them."""
    if "agreement" not in tables:
        return ""
    frame = tables["agreement"]
    text = (
        "The last rows compare the published tables of 1,000 and of 16,000 images with each other, "
        "by the same measures and on the same tasks. These two tables share the authors' encoders "
        "and test images; ours shares neither with them. *Cophenetic "
        "correlation*: over pairs of sources, the correlation between the heights at which the two "
        "trees join them; sources that join last weigh most. *Nearest*: the share of sources whose "
        "nearest other one is the same. In square brackets: the bootstrap interval over targets; "
        "by chance and p: permutations of the sources."
    )
    pairs = list(dict.fromkeys(zip(frame["one"], frame["other"], strict=True)))
    rows = []
    for one, other in pairs:
        own = frame[(frame["one"] == one) & (frame["other"] == other)].set_index("measure")
        for measure, row in own.iterrows():
            ranked = pd.notna(row["spearman"])
            rows.append(
                [
                    f"{one}, {other}",
                    f"Spearman of {measure}" if ranked else _TREES[str(measure)],
                    f"{row['targets']:g} targets" if ranked else f"{row['tasks']:g} sources",
                    number(row["spearman"] if ranked else row["value"]),
                    interval(row["low"], row["high"]) if ranked else "",
                    "" if ranked else number(row["chance"]),
                    "" if ranked else share(row["p"]),
                ]
            )
    heads = ["tables", "measure", "over", "value:", "95 %:", "by chance:", "p:"]
    return f"{text}\n\n{table(heads, rows)}"


_TREES = {"cophenetic": "cophenetic correlation", "nearest": "nearest source the same"}


def _targets(frame: pd.DataFrame) -> str:
    """Return one row a target: affinity in full, gain and quality by their correlation alone."""
    by = {measure: group.set_index("target") for measure, group in frame.groupby("measure")}
    affinity = by["affinity"].sort_values("spearman", ascending=False)
    others = [name for name in ("gain", "quality") if name in by]
    rows = [
        [
            str(target),
            str(row["n"]),
            number(row["spearman"]),
            interval(row["low"], row["high"]),
            *(number(by[name]["spearman"].get(target)) for name in others),
            str(row["best"]),
            str(row["chosen"]),
        ]
        for target, row in affinity.iterrows()
    ]
    heads = [
        "target",
        "sources:",
        "affinity:",
        "95 %:",
        *(f"{name}:" for name in others),
        "our best source",
        "theirs",
    ]
    return table(heads, rows)
