"""Comparisons of the rules with the default, in sentences and tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.objectives.frame import SIGNS, SMALLER_IS_BETTER, TITLES
from benchmarks.objectives.rules import DEFAULT, MEASURES
from benchmarks.results import markdown
from benchmarks.results.markdown import number

SHOWN = (2, 5, 8, 15)
"""Budgets of the table by budget."""


def verdict(ours: pd.DataFrame) -> str:
    """Return what the best rule of each measure gains, and whether one is better in all."""
    means = _means(ours)
    base = means.xs(DEFAULT.name, level="rule")
    parts, everywhere = [], []
    for measure in MEASURES:
        value = means[measure].groupby("rule").mean()
        best = str((SIGNS[measure] * value).idxmax())
        smaller = ", smaller is better" if measure in SMALLER_IS_BETTER else ""
        parts.append(
            f"{TITLES[measure]} {value[DEFAULT.name]:.3f} (the best rule, {best}: "
            f"{value[best]:.3f}{smaller})"
        )
    for rule in means.index.unique("rule"):
        mine = means.xs(rule, level="rule")
        wins = [(np.sign(mine[m] - base[m]) == SIGNS[m]).mean() for m in MEASURES]
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
    gained = pd.DataFrame((means.loc[rule] - means.loc[DEFAULT.name]) * pd.Series(SIGNS))
    better: list[int] = gained.index[(gained > 0).all(axis=1)].tolist()
    worse: list[int] = gained.index[(gained < 0).all(axis=1)].tolist()
    return better, worse


def _means(ours: pd.DataFrame) -> pd.DataFrame:
    """Return the means over budgets that every rule solves in a half, by rule and half.

    A budget at which some rule has no solution is left out for all rules.
    """
    solved = ours.groupby(["half", "budget"])["gain"].transform(lambda each: each.notna().all())
    return ours[solved].groupby(["rule", "half"], sort=False)[list(MEASURES)].mean()


def summary_table(ours: pd.DataFrame) -> str:
    """Return the table of each rule's means over budgets, and how often it beats the default."""
    means = _means(ours)
    base = means.xs(DEFAULT.name, level="rule")
    heads = ["rule", *(f"{TITLES[m]}:" for m in MEASURES), "better:"]
    several = f" of {len(base)}" if len(base) > 1 else ""
    rows = []
    for rule in means.index.unique("rule"):
        mine = means.xs(rule, level="rule")
        cells, better = [], []
        for measure in MEASURES:
            values = mine[measure]
            spread = "" if len(values) < 2 else f" ± {values.std():.3f}"
            cells.append(f"{values.mean():.3f}{spread}")
            better.append(int((SIGNS[measure] * (values - base[measure]) > 0).sum()))
        counts = "" if rule == DEFAULT.name else f"{', '.join(map(str, better))}{several}"
        rows.append([f"{rule} (default)" if rule == DEFAULT.name else rule, *cells, counts])
    return markdown.table(heads, rows)


def budget_table(ours: pd.DataFrame) -> str:
    """Return the table of each rule's means at the budgets `SHOWN`."""
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


def budgets_section(ours: pd.DataFrame) -> str:
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


def published_table(rows: pd.DataFrame) -> str:
    """Return the table of each rule's mean gain and quality in one published table."""
    found = rows.groupby("rule", sort=False)[["gain", "quality"]].mean()
    cells = [
        [str(rule), number(row["gain"]), number(row["quality"])] for rule, row in found.iterrows()
    ]
    return markdown.table(["rule", "mean gain:", "mean quality:"], cells)


def same_sets(ours: pd.DataFrame) -> str:
    """Return how often the two halves of a halving choose the same set; "" without halves."""
    own = ours.assign(halving=ours["half"] // 2)
    groups = own.groupby(["rule", "halving", "budget"], sort=False)["supervised"]
    counted = groups.agg(["nunique", "size"])
    both = counted[counted["size"] == 2]
    if both.empty:
        return ""
    same = (both["nunique"] == 1).groupby("rule", sort=False).mean()
    listed = ", ".join(f"{rule} {share:.2f}" for rule, share in same.items())
    return (
        "Share of halvings and budgets in which the two halves choose the same supervised set: "
        f"{listed}."
    )
