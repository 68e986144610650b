"""Labels needed to reach a mean quality: the frontier read sideways."""

from __future__ import annotations

from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from taskgraph.frontiers.needed import LabelsNeeded
from taskgraph.plot.colors import faint, muted, order_colors
from taskgraph.plot.errors import PlotError
from taskgraph.plot.figures import Size, panels_for
from taskgraph.plot.frontier import MEASURES, legend_columns
from taskgraph.plot.paper import paper_of
from taskgraph.plot.style import styled, text_scale


@styled
def draw_labels_needed(
    needed: LabelsNeeded, *, ax: Axes | None = None, size: Size | str | None = None
) -> Any:
    """Draw what must be spent on labels over the mean quality that is reached, one line an order.

    A dot is the optimum of a budget; the line says which budget is needed for a level between two
    dots. The dashed line is the cost of supervising every target, and vertical lines are the levels
    that were asked for.

    Parameters
    ----------
    needed : LabelsNeeded
    ax : Axes, optional
        Axes to draw on; by default a new figure is made.
    size : (width, height) or str, optional
        Size of the new figure, in inches, or ``"column"``, ``"page"`` or ``"poster"``.

    Returns
    -------
    Figure or Axes
        The new figure, or ``ax``.

    Raises
    ------
    PlotError
        If no budget has a measured mean.
    """
    steps = needed.steps
    if steps.empty:
        raise PlotError(f"no budget of the frontier has a measured mean {needed.measure}")
    scale = text_scale()
    name = "labels"
    figure, panels = panels_for(
        ax,
        [name],
        "the panel",
        width=3.6 * scale if paper_of(size) else 4.6 * scale,
        height=3.0 * scale,
        size=size,
    )
    axes = panels[name]
    orders = sorted(steps["max_order"].unique().tolist())
    for shade, order in zip(order_colors(len(orders)), orders, strict=True):
        line = steps[steps["max_order"] == order]
        label = "order 1" if order == 1 else f"order ≤ {order:g}"
        axes.plot(
            line["reached"],
            line["spent"],
            color=shade,
            drawstyle="steps-pre",
            marker="o",
            markersize=3.2 * scale,
            markeredgewidth=0,
            linewidth=1.3 * scale,
            label=label,
        )
    full = f"all {needed.full_labels} supervised"
    if not np.isnan(needed.full_mean):
        full += f", mean {needed.full_mean:.2f}"
    dashes: Any = {"linestyle": (0, (4, 2)), "linewidth": scale}
    axes.axhline(needed.full_cost, color=muted(), label=full, **dashes)
    for level in needed.table[needed.measure].unique():
        axes.axvline(level, color=muted(), linewidth=0.6 * scale, zorder=0)
    same = bool((steps["spent"] == steps["labels"]).all())
    cost = "labels" if same else "cost of labels and transfers"
    axes.set(
        xlabel=f"at least this {MEASURES[needed.measure]}",
        ylabel=f"{cost} needed for {needed.targets} tasks",
    )
    axes.set_ylim(0, 1.08 * max(needed.full_cost, float(steps["spent"].max())))
    axes.yaxis.set_major_locator(MaxNLocator("auto", integer=same, min_n_ticks=1))
    axes.grid(axis="y", color=faint(), linewidth=0.6)
    axes.set_axisbelow(True)
    sns.despine(ax=axes)
    if figure is None:
        axes.legend(loc="lower right")
        return ax
    handles, entries = axes.get_legend_handles_labels()
    columns = legend_columns(figure, entries)
    figure.legend(handles, entries, loc="outside lower center", ncols=columns)
    return figure
