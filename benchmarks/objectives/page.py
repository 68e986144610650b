"""The page and the figure of methods and objectives, rendered from their records alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.objectives.rules import DEFAULT, MEASURES
from benchmarks.results import markdown
from benchmarks.results.figures import INK, MUTED, new_figure, styled, write_picture
from benchmarks.results.frame import latest, not_finished, part
from benchmarks.results.markdown import commit_text, filled, number
from benchmarks.results.record import Record, read_records

OURS = "ours"
COLORS = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#7c3aed",
    "#6b7280",
)  # fmt: skip
MARKERS, DASHES = "os^DvPX<>", ("-", "--", "-.", ":")
"""Rules differ in marker and line, too, so that gray print tells them apart."""
SMALLER_IS_BETTER = frozenset({"loss_ratio"})
SHOWN = (2, 5, 8, 15)
FIGURE = "objectives"
TITLES = {
    "gain": "mean gain",
    "quality": "mean quality",
    "closed": "mean closed share",
    "loss_ratio": "loss / loss of self",
}

HEADER = """# What should be maximized, and by which method

```sh
{command}
```

A rule turns losses into one number for each transfer, and the proven optimum maximizes its sum over
the targets. *Gain* and *quality* are win rates against `scratch` and `self`; *closed* is the share
of the mean loss between these two that a transfer closes, clipped to [0, 1]. The other rules are
functions of affinities, which a method makes of the pairwise win rates (`taskgraph affinity
--method`): AHP, the geometric mean of odds, Bradley-Terry, or the mean win rate. The square root of
AHP is the default, because with the published tables it reproduces the paper's figures.

{protocol}

{provenance}

{verdict}

"""
MEASURED = """## What was found

Means over {count} pairs of halves, all budgets from 1 to {largest} and all targets. After ± is the
standard deviation over the pairs, which share images and are no independent samples. These numbers
do not include what other seeds of training would change. *Better* is the number of pairs in which
the mean over budgets is better than that of `{default}`, by measure.

"""
MEASURED_ONCE = """## What was found

Means over all budgets from 1 to {largest} and all targets. The validation buildings choose once, so
these numbers have no spread, and they do not include what other seeds of training would change.
*Better* says by measure whether the mean is better than that of `{default}` (1) or not (0).

"""
BY_BUDGET = "\n## By budget\n\n"
OVER_PAIRS = "Means over the pairs of halves.\n\n"
PUBLISHED = """
## The published tables

No losses were published, so only rules of the published affinities and win rates can be judged,
and on no images but those of the table: where the set is chosen on 16k, the same images judge it.
In the second table the set is chosen on the transfers from 1k images, and its transfers and worth
are those from 16k. Means over budgets 1 to {largest}, transfers of order at most 4.

"""
FILES = (
    "\n## Files\n\n| file | what |\n|--|--|\n"
    "| `records.jsonl` | one line a table, rule and half: the supervised set and its worth at each "
    "budget |\n"
    f"| `{FIGURE}.svg` | the figure |\n"
)


def render(folder: Path) -> str:
    """Return the whole page, from the records of a folder."""
    records = last_records(folder)
    frame = frame_of(records)
    ours = frame[frame["table"] == OURS]
    budgets = int(ours["budget"].max())
    page = HEADER.format(
        command=_command(records),
        protocol=filled(_protocol(records)),
        provenance=_provenance(records),
        verdict=filled(f"**{verdict(ours)}**"),
    )
    pairs = ours["half"].nunique()
    measured = MEASURED if pairs > 1 else MEASURED_ONCE
    page += measured.format(count=pairs, largest=budgets, default=DEFAULT.name)
    page += _summary_table(ours) + "\n"
    picture = next((n for n in (f"{FIGURE}.svg", f"{FIGURE}.png") if (folder / n).exists()), None)
    if picture:
        spread = (
            " Thin gray lines are the pairs of halves of the rule `closed`, as an example of the "
            "spread."
            if pairs > 1
            else ""
        )
        page += (
            f"\n![Difference of each rule to the default over the budgets]({picture})\n\n"
            + filled(
                f"Each line is a rule's mean minus that of `{DEFAULT.name}`, over the budgets; "
                f"above 0 is better in the first three panels, below 0 in the last one.{spread}"
            )
            + "\n"
        )
    page += (
        BY_BUDGET
        + (OVER_PAIRS if pairs > 1 else "")
        + _budget_table(ours)
        + "\n\n"
        + filled(_where(ours))
        + "\n"
    )
    page += "\n" + filled(_sets(ours)) + "\n"
    others = frame[frame["table"] != OURS]
    if others.empty:
        page += "\nThe published tables were not at hand when these records were made.\n"
    else:
        page += PUBLISHED.format(largest=budgets)
        for name, rows in others.groupby("table", sort=False):
            page += f"{name}:\n\n{_published_table(rows)}\n\n"
        page = page.rstrip("\n") + "\n"
    return page + FILES


def finding(folder: Path) -> str:
    """Return one sentence: what the rules gain and lose against the default."""
    frame = frame_of(last_records(folder))
    return verdict(frame[frame["table"] == OURS])


def draw(folder: Path) -> None:
    """Draw each rule's difference to the default over the budgets, one panel a measure."""
    frame = frame_of(last_records(folder))
    write_picture(_figure(frame[frame["table"] == OURS]), folder, FIGURE)


def last_records(folder: Path) -> list[Record]:
    """Return the records with the largest budget and the losses of the newest record of ours.

    Raises
    ------
    InvalidTableError
        If there is no record of our losses.
    """
    records = read_records(folder)
    ours = latest(part(records, table=OURS), "largest", "max_order", "losses_sha256")
    if not ours:
        raise not_finished(folder, "objectives")
    largest = ours[-1].settings["largest"]
    others = [r for r in records if r.settings["table"] != OURS]
    return [*ours, *(r for r in others if r.settings["largest"] == largest)]


def frame_of(records: Sequence[Record]) -> pd.DataFrame:
    """Return one row a record and budget: table, rule, half, budget, supervised and measures."""
    rows = []
    for record in records:
        base = {name: record.settings[name] for name in ("table", "rule", "half")}
        for place, names in enumerate(record.metrics["supervised"]):
            values = {m: record.metrics.get(m, [None] * (place + 1))[place] for m in MEASURES}
            rows.append({**base, "budget": place + 1, "supervised": names, **values})
    frame = pd.DataFrame(rows)
    frame[list(MEASURES)] = frame[list(MEASURES)].astype(float)
    return frame


def verdict(ours: pd.DataFrame) -> str:
    """Return what the best rule of each measure gains, and whether one is better in all."""
    means = _means(ours)
    base = means.xs(DEFAULT.name, level="rule")
    parts, everywhere = [], []
    for measure in MEASURES:
        sign = -1.0 if measure in SMALLER_IS_BETTER else 1.0
        value = means[measure].groupby("rule").mean().to_dict()
        best = max(value, key=lambda rule: sign * value[rule])
        smaller = ", smaller is better" if measure in SMALLER_IS_BETTER else ""
        parts.append(
            f"{TITLES[measure]} {value[DEFAULT.name]:.3f} (the best rule, {best}: "
            f"{value[best]:.3f}{smaller})"
        )
    for rule in means.index.unique("rule"):
        mine = means.xs(rule, level="rule")
        wins = [
            (np.sign(mine[m] - base[m]) == (-1 if m in SMALLER_IS_BETTER else 1)).mean()
            for m in MEASURES
        ]
        if rule != DEFAULT.name and min(wins) >= 0.95:
            everywhere.append(rule)
    count = len(base)
    if everywhere:
        rules = ", ".join(
            f"{rule} (at single budgets, {_counts(ours, rule)})" for rule in everywhere
        )
        pairs = f" in at least 95 % of {count} pairs of halves, which share images"
        said = (
            "Rules whose mean over budgets is better in all four measures"
            f"{pairs if count > 1 else ''}: {rules}."
        )
    else:
        pairs = " in 95 % of the pairs" if count > 1 else ""
        said = f"No rule is better in all four measures{pairs}, so the default stays."
    return f"Means of the default, {DEFAULT.name}: {'; '.join(parts)}. {said}"


def _counts(ours: pd.DataFrame, rule: str) -> str:
    """Return at how many budgets all four means of a rule are better and worse than the default."""
    better, worse = _better_and_worse(ours, rule)
    budgets = ours["budget"].nunique()
    return f"better in all four at {len(better)} of {budgets} and worse in all four at {len(worse)}"


def _better_and_worse(ours: pd.DataFrame, rule: str) -> tuple[list[int], list[int]]:
    """Return the budgets at which all four means of a rule are better, and worse."""
    means = ours.groupby(["rule", "budget"], sort=False)[list(MEASURES)].mean()
    signs = pd.Series({m: -1.0 if m in SMALLER_IS_BETTER else 1.0 for m in MEASURES})
    gained = pd.DataFrame((means.loc[rule] - means.loc[DEFAULT.name]) * signs)
    better: list[int] = gained.index[(gained > 0).all(axis=1)].tolist()
    worse: list[int] = gained.index[(gained < 0).all(axis=1)].tolist()
    return better, worse


def _means(ours: pd.DataFrame) -> pd.DataFrame:
    """Return the means over budgets that every rule solves in a half, by rule and half.

    A budget at which some rule has no solution is left out for all rules.
    """
    solved = ours.groupby(["half", "budget"])["gain"].transform(lambda each: each.notna().all())
    return ours[solved].groupby(["rule", "half"], sort=False)[list(MEASURES)].mean()


def _summary_table(ours: pd.DataFrame) -> str:
    means = _means(ours)
    base = means.xs(DEFAULT.name, level="rule")
    heads = ["rule", *(f"{TITLES[m]}:" for m in MEASURES), "better:"]
    rows = []
    for rule in means.index.unique("rule"):
        mine = means.xs(rule, level="rule")
        cells, better = [], []
        for measure in MEASURES:
            values = mine[measure]
            spread = "" if len(values) < 2 else f" ± {values.std():.3f}"
            cells.append(f"{values.mean():.3f}{spread}")
            sign = -1 if measure in SMALLER_IS_BETTER else 1
            better.append(int((sign * (values - base[measure]) > 0).sum()))
        counts = "" if rule == DEFAULT.name else f"{', '.join(map(str, better))} of {len(mine)}"
        rows.append([f"{rule} (default)" if rule == DEFAULT.name else rule, *cells, counts])
    return markdown.table(heads, rows)


def _budget_table(ours: pd.DataFrame) -> str:
    shown = [budget for budget in SHOWN if budget <= ours["budget"].max()]
    heads = ["rule", *(f"{TITLES[m]} at {', '.join(map(str, shown))}:" for m in MEASURES)]
    rows = []
    for rule, own in ours.groupby("rule", sort=False):
        cells = []
        for measure in MEASURES:
            means = own.groupby("budget")[measure].mean()
            cells.append(", ".join(number(means.get(budget, np.nan)) for budget in shown))
        rows.append([str(rule), *cells])
    return markdown.table(heads, rows)


def _where(ours: pd.DataFrame) -> str:
    """Return at which budgets each rule is better, and worse, than the default in all measures."""
    parts, mostly = [], []
    for rule in ours["rule"].unique():
        if rule != DEFAULT.name:
            better, worse = _better_and_worse(ours, rule)
            parts.append(f"{rule}: better at {_listed(better)}, worse at {_listed(worse)}")
            mostly += [rule] if 2 * len(better) > ours["budget"].nunique() else []
    said = (
        f"Better in all four at more than half of the budgets: {', '.join(mostly)}."
        if mostly
        else "No rule is better in all four at more than half of the budgets. For this reason, and "
        "because it reproduces the paper's figures, the default stays, although means over budgets "
        "favor other rules. These means depend most on the smallest budgets, where differences are "
        f"largest (see the figure). Four measures of {len(parts)} rules were compared without "
        "correction."
    )
    return (
        f"Budgets at which the means of all four measures are better, and worse, than those of "
        f"{DEFAULT.name}: {'; '.join(parts)}. {said}"
    )


def _listed(budgets: list[int]) -> str:
    return ", ".join(map(str, budgets)) or "none"


def _published_table(rows: pd.DataFrame) -> str:
    found = rows.groupby("rule", sort=False)[["gain", "quality"]].mean()
    cells = [
        [str(rule), number(row["gain"]), number(row["quality"])] for rule, row in found.iterrows()
    ]
    return markdown.table(["rule", "mean gain:", "mean quality:"], cells)


def _sets(ours: pd.DataFrame) -> str:
    """Return how often the two halves of a halving choose the same set, by rule."""
    own = ours.assign(halving=ours["half"] // 2)
    groups = own.groupby(["rule", "halving", "budget"], sort=False)["supervised"]
    counted = groups.agg(["nunique", "size"])
    both = counted[counted["size"] == 2]
    if both.empty:
        return "The buildings were not halved."
    same = (both["nunique"] == 1).groupby("rule", sort=False).mean()
    listed = ", ".join(f"{rule} {share:.2f}" for rule, share in same.items())
    return (
        "Share of halvings and budgets in which the two halves choose the same supervised set: "
        f"{listed}."
    )


def _command(records: Sequence[Record]) -> str:
    """Return the command; the validation losses are those beside the shipped losses."""
    validated = part(records, table=OURS)[-1].settings["validation_sha256"]
    flag = " --validation results/transfers/valid_losses.parquet" if validated else ""
    return f"taskgraph bench objectives{flag}"


def _protocol(records: Sequence[Record]) -> str:
    ours = part(records, table=OURS)
    if ours[-1].settings["validation_sha256"]:
        how = "Taxonomies are chosen on the losses of validation buildings and judged on others."
    else:
        count = len({record.settings["half"] for record in ours})
        how = (
            f"The test buildings of the shipped losses are halved {count // 2} times (validation "
            "losses were not stored by that sweep); each half chooses once, and the other one "
            "judges, so that no image both chooses and judges. Each half has half of the "
            "buildings, so its choices are noisier than those of all of them."
        )
    return (
        f"{how} Every target is solved by its own network or by a transfer of order at most "
        f"{ours[-1].settings['max_order']}. There is no parameter to choose; all rules that were "
        "tried are in the table. The rule `closed` needs a target whose own network has a "
        "lower mean loss than scratch. Where that fails on the choosing images, the target counts "
        "with its quality instead. Where it fails on the judging images, the target is left out "
        "of the mean closed share."
    )


def _provenance(records: Sequence[Record]) -> str:
    record = records[-1]
    about = dict(record.versions or {})
    platform, _ = about.pop("platform"), about.pop("cores")
    versions = ", ".join(f"{name} {text}" for name, text in about.items())
    seconds = sum(each.seconds or 0.0 for each in records)
    return filled(
        f"Commit {commit_text(record.commit)}, {versions}, {platform}; seed {record.seed}; "
        f"{len(records)} records, {markdown.seconds(seconds)} of solving on a shared machine."
    )


@styled
def _figure(ours: pd.DataFrame) -> Any:
    figure = new_figure(width=11.4, height=3.8)
    panels = figure.subplots(1, len(MEASURES))
    means = ours.groupby(["rule", "budget"], sort=False)[list(MEASURES)].mean()
    base = means.loc[DEFAULT.name]
    rules = [rule for rule in means.index.unique("rule") if rule != DEFAULT.name]
    for axes, measure in zip(panels, MEASURES, strict=True):
        _draw_pairs(axes, ours, measure)
        for place, rule in enumerate(rules):
            line = means.loc[rule][measure] - base[measure]
            axes.plot(
                line.index,
                line,
                color=COLORS[place % len(COLORS)],
                linestyle=DASHES[place % len(DASHES)],
                marker=MARKERS[place % len(MARKERS)],
                markersize=3,
                linewidth=1.0,
                label=rule,
            )
        axes.axhline(0, color=INK, linewidth=0.8)
        direction = "smaller" if measure in SMALLER_IS_BETTER else "larger"
        title = f"{TITLES[measure]} minus\nthe default's ({direction} is better)"
        axes.set(xlabel="budget", title=title)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center")
    return figure


def _draw_pairs(axes: Any, ours: pd.DataFrame, measure: str) -> None:
    """Draw the differences of the rule ``closed`` in each pair of halves, thin and gray."""
    for _, pair in ours.groupby("half"):
        values = pair.set_index(["rule", "budget"])[measure]
        line = values["closed"] - values[DEFAULT.name]
        axes.plot(line.index, line, color=MUTED, linewidth=0.3, alpha=0.5, zorder=0)
