"""The figure of the rules: differences to the default over the budgets, one panel a measure."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from benchmarks.objectives.frame import SMALLER_IS_BETTER, TITLES
from benchmarks.objectives.rules import DEFAULT, MEASURES
from benchmarks.results.figures import INK, MUTED, new_figure, styled

COLORS = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#7c3aed",
    "#6b7280",
)  # fmt: skip
MARKERS, DASHES = "os^DvPX<>", ("-", "--", "-.", ":")
"""Rules differ in marker and line, too, so that gray print tells them apart."""


@styled
def figure(ours: pd.DataFrame) -> Figure:
    """Return the figure: each rule's mean minus the default's, over the budgets."""
    made = new_figure(width=11.4, height=3.8)
    panels = made.subplots(1, len(MEASURES))
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
    made.legend(handles, labels, loc="outside right center")
    return made


def _draw_pairs(axes: Any, ours: pd.DataFrame, measure: str) -> None:
    """Draw the differences of the rule ``closed`` in each pair of halves, thin and gray."""
    for _, pair in ours.groupby("half"):
        values = pair.set_index(["rule", "budget"])[measure]
        line = values["closed"] - values[DEFAULT.name]
        axes.plot(line.index, line, color=MUTED, linewidth=0.3, alpha=0.5, zorder=0)
