"""The figure with the measures of every choice, drawn from the tables alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.payoff.choices import RULES, SOLVED, SOLVED_AT_SINGLE
from benchmarks.payoff.measures import MEASURES, SMALLER_IS_BETTER
from benchmarks.results.figures import INK, MUTED, new_figure, styled

SHOWN = {
    "quality": "quality (wins against self)",
    "gain": "gain (wins against scratch)",
    "log_ratio": "loss / loss of self",
}
SHORT = {SOLVED_AT_SINGLE: SOLVED}
"""Shorter names of rules, for labels that also state the labels spent."""


@styled
def figure(frame: pd.DataFrame, summary: pd.DataFrame) -> Figure:
    """Return the figure: a panel a measure, a line a rule.

    Dots are draws, bars intervals over buildings, and over seeds where there are several.
    """
    rules = [rule for rule in RULES if (frame["rule"] == rule).any()]
    made = new_figure(width=7.2, height=0.55 + 0.32 * len(rules))
    axes = made.subplots(1, len(MEASURES), sharey=True)
    for axis, measure in zip(axes, MEASURES, strict=True):
        _panel(axis, frame, summary, rules, measure)
    spent = frame.groupby("rule")["spent"].mean()
    names = [f"{SHORT.get(rule, rule)}, {spent[rule]:.3g} labels" for rule in rules]
    axes[0].set_yticks(range(len(rules)), names)
    axes[0].set_ylim(len(rules) - 0.5, -0.5)
    return made


def _panel(
    axis: Axes, frame: pd.DataFrame, summary: pd.DataFrame, rules: list[str], measure: str
) -> None:
    ratio = measure in SMALLER_IS_BETTER
    for height, rule in enumerate(rules):
        own = frame[frame["rule"] == rule].groupby("draw")[measure].mean().to_numpy()
        row = row_of(summary, rule, "", measure)
        ends = row[["low", "high", "value"]].to_numpy(dtype=float)
        dots, (low, high, value) = (np.exp(own), np.exp(ends)) if ratio else (own, ends)
        optimum = rule in (SOLVED, SOLVED_AT_SINGLE)
        color = INK if optimum else MUTED
        if len(dots) > 1:
            axis.plot(dots, np.full(len(dots), height), "o", ms=3, mfc="none", mew=0.6, color=MUTED)
        axis.plot([low, high], [height, height], "-", lw=1.4, color=color)
        axis.plot([value], [height], "D" if optimum else "s", ms=4.5, color=color)
    better = "smaller" if ratio else "larger"
    axis.set_xlabel(f"{SHOWN[measure]}\n({better} is better)")
    solved = float(row_of(summary, SOLVED, "", measure)["value"])
    axis.axvline(np.exp(solved) if ratio else solved, lw=0.6, ls=":", color=INK, zorder=0)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


def row_of(summary: pd.DataFrame, rule: str, against: str, measure: str) -> pd.Series[Any]:
    """Return one row of ``summary.csv``; ``against`` is empty for a rule's own values.

    Its ``low`` and ``high`` are those over buildings and seeds, where the table has them.
    """
    other = summary["against"].fillna("")
    found = summary[
        (summary["rule"] == rule) & (other == against) & (summary["measure"] == measure)
    ]
    row = found.iloc[0]
    if "both_low" in row:
        row = row.copy()
        row["low"], row["high"] = row["both_low"], row["both_high"]
    return row
