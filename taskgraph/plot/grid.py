"""Gain and quality of every target at every budget (the paper's Fig. 9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from taskgraph.plot.figures import (
    FAINT,
    INK,
    PlotError,
    new_figure,
    require_solved,
    styled,
    text_width,
    win_rate_colours,
)
from taskgraph.plot.names import display_names, plain
from taskgraph.taxonomy import Taxonomy

CELL_WIDTH, CELL_HEIGHT = 0.34, 0.2
PANELS = {
    "gain": ("Gain", "win rate against scratch"),
    "quality": ("Quality", "win rate against full supervision"),
}


def grid_frame(taxonomies: Sequence[Taxonomy]) -> pd.DataFrame:
    """The numbers of the grid: one row a (budget, target).

    Returns
    -------
    DataFrame
        ``budget, target, supervised`` (bool), ``order`` (0 for a target's own network), ``gain``,
        ``quality`` (NaN where not measured); sorted by budget and target.

    Raises
    ------
    InvalidProblemError
        If a taxonomy was not solved.
    PlotError
        If there is none, or two have the same budget.
    """
    if not taxonomies:
        raise PlotError("a grid needs at least one taxonomy, one for each budget")
    budgets = [taxonomy.budget for taxonomy in taxonomies]
    twice = next((budget for budget in budgets if budgets.count(budget) > 1), None)
    if twice is not None:
        raise PlotError(f"two taxonomies have the budget {twice:g}; expected one for each budget")
    for taxonomy in taxonomies:
        require_solved(taxonomy)
    rows = [
        {
            "budget": taxonomy.budget,
            "target": transfer.target,
            "supervised": transfer.target in taxonomy.supervised,
            "order": transfer.order,
            "gain": transfer.gain,
            "quality": transfer.quality,
        }
        for taxonomy in taxonomies
        for transfer in taxonomy.transfers
    ]
    frame = pd.DataFrame(rows).astype({"gain": float, "quality": float})
    return frame.sort_values(["budget", "target"], ignore_index=True)


@styled
def gain_quality_grid(
    taxonomies: Sequence[Taxonomy],
    *,
    names: Mapping[str, str] | None = None,
    title: str | None = None,
) -> Figure:
    """Draw win rates of all targets (rows) at all budgets (columns), supervised cells framed.

    Targets are sorted by their mean quality, the best first; cells are printed to one decimal.

    Parameters
    ----------
    taxonomies : sequence of Taxonomy
        One a budget, usually of the same maximum order.
    names : mapping, optional
        Labels of tasks; Taxonomy's tasks have theirs already.
    title : str, optional
        None by default.

    Raises
    ------
    InvalidProblemError
        If a taxonomy was not solved.
    PlotError
        If there is no taxonomy, two of one budget, or neither gain nor quality was measured.
    """
    frame = grid_frame(taxonomies)
    measures = [name for name in PANELS if frame[name].notna().any()]
    if not measures:
        raise PlotError("a grid needs gain or quality; these taxonomies have neither")
    mean = frame.groupby("target")[measures[-1]].mean().fillna(-1.0)
    targets = mean.sort_values(ascending=False, kind="stable").index.tolist()
    supervised = pd.pivot(frame, index="target", columns="budget", values="supervised")  # noqa: PD010
    supervised = supervised.reindex(targets).eq(True)
    label = display_names(targets, names=names)
    wide = max(CELL_WIDTH * supervised.shape[1], 1.9)
    width = len(measures) * (wide + 0.15) + max(text_width(t) for t in label.values()) + 0.6
    figure = new_figure(width=width, height=CELL_HEIGHT * len(targets) + 1.75)
    panels = figure.subplots(1, len(measures), sharey=True, squeeze=False)[0]
    for axes, measure in zip(panels, measures, strict=True):
        values = pd.pivot(frame, index="target", columns="budget", values=measure)  # noqa: PD010
        values = values.reindex(targets)
        _draw(figure, axes, values, supervised, measure)
    panels[0].set_yticks(np.arange(len(targets)) + 0.5, [plain(label[t]) for t in targets])
    key = Patch(facecolor="none", edgecolor=INK, linewidth=1.1, label="supervised")
    figure.legend(handles=[key], loc="outside lower center", handlelength=1.2)
    if title:
        figure.suptitle(plain(title), fontsize=9)
    return figure


def _draw(
    figure: Figure, axes: Axes, values: pd.DataFrame, supervised: pd.DataFrame, measure: str
) -> None:
    head, meaning = PANELS[measure]
    sns.heatmap(
        values,
        ax=axes,
        cmap=win_rate_colours(),
        vmin=0,
        vmax=1,
        annot=True,
        fmt=".1f",
        annot_kws={"fontsize": 7, "color": INK},
        linewidths=0.4,
        linecolor="white",
        cbar=False,
        xticklabels=[f"{budget:g}" for budget in values.columns],
    )
    axes.set_facecolor(FAINT)
    for row, column in np.argwhere(supervised.to_numpy(dtype=bool)):
        frame = Rectangle((column + 0.05, row + 0.07), 0.9, 0.86, fill=False, edgecolor=INK)
        frame.set(linewidth=1.1)
        axes.add_patch(frame)
    axes.set(xlabel="supervision budget", ylabel="")
    axes.set_title(head)
    axes.tick_params(length=0, pad=2)
    axes.tick_params(axis="x", labelrotation=0)
    axes.tick_params(axis="y", labelrotation=0)
    bar = figure.colorbar(
        axes.collections[0], ax=axes, location="bottom", aspect=26, pad=0.01, shrink=0.9
    )
    bar.outline.set_visible(False)
    bar.set_ticks([0, 0.5, 1], labels=["0", "0.5", "1"])
    bar.set_label(meaning)
