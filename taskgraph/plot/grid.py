"""Gain and quality of every target at every budget (the paper's Fig. 9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from taskgraph.plot.figures import (
    FONT_SIZE,
    INK,
    PlotError,
    Size,
    faint,
    font_size,
    given_axes,
    ink,
    new_figure,
    one_each,
    paper,
    require_solved,
    styled,
    text_width,
    win_rate_colors,
)
from taskgraph.plot.fonts import legible
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
    measure: str | None = None,
    ax: Axes | Iterable[Axes] | None = None,
    size: Size | None = None,
) -> Any:
    """Draw win rates of all targets (rows) at all budgets (columns), supervised cells framed.

    Targets are sorted by their mean quality, the best first; cells are printed to one decimal.

    Parameters
    ----------
    taxonomies : sequence of Taxonomy
        One a budget, usually of the same maximum order.
    names : mapping, optional
        Labels of tasks; Taskonomy's tasks have theirs already.
    title : str, optional
        None by default.
    measure : str, optional
        ``gain`` or ``quality``; by default both, as far as they were measured.
    ax : Axes or several, optional
        Where to draw, one for each measure; on a single one the quality. By default a new figure
        is made.
    size : (width, height), optional
        Of the new figure, in inches.

    Returns
    -------
    Figure or Axes
        ``ax`` where it was given.

    Raises
    ------
    InvalidProblemError
        If a taxonomy was not solved.
    PlotError
        If there is no taxonomy, two of one budget, or neither gain nor quality was measured.
    """
    frame = grid_frame(taxonomies)
    if measure is not None and measure not in PANELS:
        raise PlotError(f'the measure is "{measure}", expected one of {", ".join(PANELS)}')
    wanted = [measure] if measure else [*PANELS]
    measures = [name for name in wanted if frame[name].notna().any()]
    if not measures:
        raise PlotError(f"a grid needs {' or '.join(wanted)}; these taxonomies have neither")
    mean = frame.groupby("target")[measures[-1]].mean().fillna(-1.0)
    targets = mean.sort_values(ascending=False, kind="stable").index.tolist()
    supervised = pd.pivot(frame, index="target", columns="budget", values="supervised")  # noqa: PD010
    supervised = supervised.reindex(targets).eq(True)
    label = legible(display_names(targets, names=names))
    made, panels = None, given_axes(ax)
    if panels:
        measures = one_each(panels, measures, "the measures")
    else:
        cell = font_size() / FONT_SIZE
        wide = cell * max(CELL_WIDTH * supervised.shape[1], 1.9)
        width = (
            len(measures) * (wide + 0.15) + max(text_width(t) for t in label.values()) + 0.6 * cell
        )
        height = cell * (CELL_HEIGHT * len(targets) + 1.75)
        made = new_figure(width=width, height=height, size=size)
        panels = list(made.subplots(1, len(measures), sharey=True, squeeze=False)[0])
    for axes, name in zip(panels, measures, strict=True):
        values = pd.pivot(frame, index="target", columns="budget", values=name)  # noqa: PD010
        _draw(axes, values.reindex(targets), supervised, name)
        if made is None or axes is panels[0]:
            axes.set_yticks(np.arange(len(targets)) + 0.5, [plain(label[t]) for t in targets])
    if made is None:
        panels[0].set_title(plain(title or f"{PANELS[measures[0]][0]} (framed: supervised)"))
        return ax
    key = Patch(facecolor="none", edgecolor=ink(), linewidth=1.1, label="supervised")
    made.legend(handles=[key], loc="outside lower center", handlelength=1.2)
    if title:
        made.suptitle(plain(title), fontsize=font_size() + 1)
    return made


def _draw(axes: Axes, values: pd.DataFrame, supervised: pd.DataFrame, measure: str) -> None:
    head, meaning = PANELS[measure]
    sns.heatmap(
        values,
        ax=axes,
        cmap=win_rate_colors(),
        vmin=0,
        vmax=1,
        annot=True,
        fmt=".1f",
        annot_kws={"fontsize": font_size() * 7 / 8, "color": INK},
        linewidths=0.4,
        linecolor=paper(),
        cbar=False,
        xticklabels=[f"{budget:g}" for budget in values.columns],
    )
    axes.set_facecolor(faint())
    for row, column in np.argwhere(supervised.to_numpy(dtype=bool)):
        frame = Rectangle((column + 0.05, row + 0.07), 0.9, 0.86, fill=False, edgecolor=INK)
        frame.set(linewidth=1.1)
        axes.add_patch(frame)
    axes.set(xlabel="supervision budget", ylabel="")
    axes.set_title(head)
    axes.tick_params(length=0, pad=2)
    axes.tick_params(axis="x", labelrotation=0)
    axes.tick_params(axis="y", labelrotation=0)
    bar = axes.figure.colorbar(
        axes.collections[0], ax=axes, location="bottom", aspect=26, pad=0.01, shrink=0.9
    )
    bar.outline.set_visible(False)
    bar.set_ticks([0, 0.5, 1], labels=["0", "0.5", "1"])
    bar.set_label(meaning)
