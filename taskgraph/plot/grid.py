"""Gain and quality of every target at every budget (the paper's Fig. 9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Patch, Rectangle

from taskgraph.plot.colors import ink, win_rate_colors
from taskgraph.plot.errors import PlotError
from taskgraph.plot.figures import Size, panels_for, require_solved
from taskgraph.plot.fonts import legible
from taskgraph.plot.matrix import draw_bar, draw_matrix
from taskgraph.plot.names import display_names, escape_dollars
from taskgraph.plot.paper import least_points, paper_of
from taskgraph.plot.style import INK, font_size, smaller, styled, text_scale, text_width
from taskgraph.taxonomy import Taxonomy

CELL_WIDTH, CELL_HEIGHT = 0.34, 0.2
"""Size of a cell, in inches at the style's text size."""
PAPER_CELL = 0.2
"""Least width of a cell of a figure on paper."""
PANELS = {
    "gain": ("Gain", "win rate against scratch"),
    "quality": ("Quality", "win rate against full supervision"),
}


def grid_frame(taxonomies: Sequence[Taxonomy]) -> pd.DataFrame:
    """Return the numbers of the grid, one row for each budget and target.

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
        If there is no taxonomy, or two have the same budget.
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
    size: Size | str | None = None,
) -> Any:
    """Draw win rates of all targets (rows) at all budgets (columns), supervised cells framed.

    Targets are sorted by their mean quality, the best first; cells are printed to one decimal.

    Parameters
    ----------
    taxonomies : sequence of Taxonomy
        One for each budget, usually of the same maximum order.
    names : mapping, optional
        Labels of tasks, where these differ from the names in the table.
    title : str, optional
        Title above the panels; none by default.
    measure : str, optional
        ``gain`` or ``quality``; by default all of these that were measured.
    ax : Axes or several, optional
        Axes to draw on, one for each measure; a single one shows the quality. By default a new
        figure is made.
    size : (width, height) or str, optional
        Size of the new figure, in inches, or ``"column"``, ``"page"`` or ``"poster"``.

    Returns
    -------
    Figure or Axes
        The new figure, or ``ax``.

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
    label = legible(display_names(targets, names=names, size=size))
    scale = text_scale()
    cell, least = (CELL_WIDTH, 1.9) if paper_of(size) is None else (PAPER_CELL, 1.0)
    panel_width = scale * max(cell * supervised.shape[1], least) + 0.15
    margin = 0.6 if paper_of(size) is None else 0.5
    label_width = max(text_width(text) for text in label.values()) + margin * scale
    figure, panels = panels_for(
        ax,
        measures,
        "the measures",
        width=len(measures) * panel_width + label_width,
        height=scale * (CELL_HEIGHT * len(targets) + 1.75),
        size=size,
        sharey=True,
        panel_width=panel_width,
    )
    first, rows = next(iter(panels)), [escape_dollars(label[t]) for t in targets]
    for name, axes in panels.items():
        values = pd.pivot(frame, index="target", columns="budget", values=name)  # noqa: PD010
        _draw(axes, values.reindex(targets), supervised, name, rows)
    if figure is None:
        panels[first].set_title(escape_dollars(title or f"{PANELS[first][0]} (framed: supervised)"))
        return ax
    key = Patch(facecolor="none", edgecolor=ink(), linewidth=1.1, label="supervised")
    figure.legend(handles=[key], loc="outside lower center", handlelength=1.2)
    if title:
        figure.suptitle(escape_dollars(title), fontsize=font_size() + 1)
    return figure


def _draw(
    axes: Axes, values: pd.DataFrame, supervised: pd.DataFrame, measure: str, rows: list[str]
) -> None:
    """Draw one panel: the win rates of all targets and budgets, supervised ones framed."""
    title, meaning = PANELS[measure]
    draw_matrix(
        axes,
        values,
        colors=win_rate_colors(),
        norm=Normalize(0, 1),
        title=title,
        columns=[f"{budget:g}" for budget in values.columns],
        rows=rows,
        annot=True,
        fmt=".1f",
        annot_kws={"fontsize": smaller(7 / 8), "color": INK},
    )
    axes.set_xlabel("supervision budget" if least_points() == 0 else "budget")
    axes.tick_params(axis="x", labelrotation=0)
    for row, column in np.argwhere(supervised.to_numpy(dtype=bool)):
        frame = Rectangle((column + 0.03, row + 0.05), 0.94, 0.9, fill=False, edgecolor=INK)
        frame.set(linewidth=1.1 if least_points() == 0 else 0.75 * text_scale())
        axes.add_patch(frame)
    bar = draw_bar(axes, meaning, aspect=26, shrink=0.9)
    bar.set_ticks([0, 0.5, 1], labels=["0", "0.5", "1"])
