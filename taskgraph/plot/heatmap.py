"""First-order affinities before and after AHP, side by side (the paper's Fig. 7)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from scipy.cluster.hierarchy import leaves_list

from taskgraph.plot.affinities import BETA, first_order, transfer_distance, without_tasks
from taskgraph.plot.colors import color_map, muted
from taskgraph.plot.errors import PlotError
from taskgraph.plot.figures import Size, given_axes, is_stacked, panels_for
from taskgraph.plot.fonts import legible
from taskgraph.plot.matrix import draw_bar, draw_matrix
from taskgraph.plot.names import display_names, escape_dollars
from taskgraph.plot.paper import paper_of
from taskgraph.plot.style import font_size, styled, text_scale, text_width
from taskgraph.plot.tree import task_linkage
from taskgraph.tasks import SELF
from taskgraph.transfers import Transfers

BEFORE = ("loss", "quality", "gain")
CELL = 0.19
"""Side of a cell, in inches at the style's text size."""
LINE = 1.1
"""Side of a cell of a figure on paper, as a multiple of the text size: labels just fit."""


@dataclass(frozen=True, eq=False)
class _Panel:
    """A matrix to draw: title, label of its color bar, values, color map and range."""

    title: str
    bar: str
    values: pd.DataFrame
    colors: str
    norm: Normalize


@styled
def heatmap(
    transfers: Transfers,
    *,
    before: str | None = None,
    with_self: bool = False,
    names: Mapping[str, str] | None = None,
    beta: float = BETA,
    exclude: Iterable[str] = (),
    ax: Axes | Iterable[Axes] | None = None,
    size: Size | str | None = None,
) -> Any:
    """Draw first-order transfers, sources by targets, before and after AHP.

    In both panels darker is better. Sources are ordered by Ward's linkage of what they transfer
    to (see `task_linkage`). Targets have the same order; targets that are no source come last.

    Parameters
    ----------
    before : str, optional
        Column of the left panel: ``loss``, ``quality`` or ``gain``; by default the first of
        these that was measured. If none was, only the right panel, exp(-β P), is drawn.
    with_self : bool
        Add the targets' own supervised networks as the last row.
    names : mapping, optional
        Labels of tasks, where these differ from the names in the table.
    exclude : names
        Tasks to leave out, as sources and as targets.
    ax : Axes or several, optional
        Axes to draw on, one for each panel. A single one shows the panel after AHP, or the panel
        of ``before`` if that is given. By default a new figure is made.
    size : (width, height) or str, optional
        Size of the new figure, in inches, or ``"column"``, ``"page"`` or ``"poster"``.

    Returns
    -------
    Figure or Axes
        The new figure, or ``ax``.

    Raises
    ------
    UnknownTaskError
        If ``exclude`` names a task that the table does not have.
    PlotError
        If the table lacks the column, or has no first-order transfer.
    """
    transfers = without_tasks(transfers, exclude)
    after = transfer_distance(transfers, beta=beta)
    sources, targets = heatmap_order(transfers, after, beta)
    if with_self and SELF in after.index:
        sources = [*sources, SELF]
    panels = {"after": _after(after, beta)}
    column = measured_before(transfers, before)
    if column is not None:
        panels = {"before": _before(first_order(transfers, column=column), column), **panels}
    label = legible(display_names([*sources, *targets], names=names, size=size))
    if before is not None and len(given_axes(ax)) == 1:
        panels.pop("after")
    cell = CELL * text_scale() if paper_of(size) is None else LINE * font_size() / 72
    panel, rest, height = _natural_size(label, sources, targets, cell)
    width = len(panels) * panel + rest
    stacked = is_stacked(size, width)
    figure, all_axes = panels_for(
        ax,
        [*panels],
        "the panels",
        width=width,
        height=height,
        size=size,
        sharey=True,
        panel_width=panel,
    )
    for name, axes in all_axes.items():
        _draw(axes, panels[name], sources, targets, label)
    first, *others = all_axes.values()
    if figure and not stacked:
        for axes in others:
            axes.tick_params(axis="y", labelleft=False)
    for axes in all_axes.values() if stacked else [first]:
        axes.set_ylabel("source")
    return figure or ax


def heatmap_order(
    transfers: Transfers, matrix: pd.DataFrame, beta: float = BETA
) -> tuple[list[str], list[str]]:
    """Return sources and targets in the order of drawing."""
    sources = [name for name in matrix.index if name != SELF]
    if len(sources) > 1:
        tasks, links = task_linkage(transfers, beta=beta)
        sources = [tasks[leaf] for leaf in leaves_list(links)]
    both = [name for name in sources if name in matrix.columns]
    return sources, [*both, *matrix.columns.drop(both)]


def measured_before(transfers: Transfers, before: str | None) -> str | None:
    """Return the column of the left panel, or None if no column was measured."""
    first = transfers.frame[transfers.order == 1]
    measured = [name for name in BEFORE if name in first and first[name].notna().any()]
    if before is None:
        return next(iter(measured), None)
    if before not in measured:
        have = ", ".join(measured) or "none of them"
        raise PlotError(
            f'before is "{before}", expected one of {", ".join(BEFORE)}; the table has {have}'
        )
    return before


def _before(values: pd.DataFrame, column: str) -> _Panel:
    low, high = float(values.min().min()), float(values.max().max())
    if column != "loss":
        versus = "full supervision" if column == "quality" else "scratch"
        bar = f"{column}: win rate against {versus}"
        norm = Normalize(0, max(0.1, math.ceil(10 * high) / 10))
        return _Panel(f"Before AHP: {column}", bar, values, "mako_r", norm)
    wide = low > 0 and high / low > 30
    norm = LogNorm(low, high) if wide else Normalize(min(low, 0.0), high)
    return _Panel("Before AHP: loss", "test loss (lower is better)", values, "mako", norm)


def _after(values: pd.DataFrame, beta: float) -> _Panel:
    bar = f"exp(−{beta:g} P), P scaled per target\n(lower is better; display only)"
    return _Panel("After AHP", bar, values, "rocket", Normalize(0, 1))


def _natural_size(
    label: Mapping[str, str], sources: list[str], targets: list[str], cell: float
) -> tuple[float, float, float]:
    """Return the width of a panel, the other width, and the height that labels and cells need.

    All are in inches; ``cell`` is the side of a cell.
    """
    rows = max(text_width(label[name]) for name in sources)
    columns = max(text_width(label[name]) for name in targets)
    scale = text_scale()
    across = max(cell * len(targets), 2.6 * scale if cell >= CELL * scale else 0.0)
    return across + 0.25 * scale, rows + 0.4 * scale, cell * len(sources) + 1.3 * scale + columns


def _draw(
    axes: Axes,
    panel: _Panel,
    sources: list[str],
    targets: list[str],
    label: Mapping[str, str],
) -> None:
    values = panel.values.reindex(index=sources, columns=targets)
    draw_matrix(
        axes,
        values,
        colors=color_map(panel.colors),
        norm=panel.norm,
        title=panel.title,
        columns=[escape_dollars(label[name]) for name in targets],
        rows=[escape_dollars(label[name]) for name in sources],
    )
    axes.set_xlabel("target")
    axes.tick_params(axis="x", labelrotation=90)
    if sources[-1] == SELF:
        axes.axhline(len(sources) - 1, color=muted(), linewidth=1.2)
    draw_bar(axes, panel.bar, aspect=40, shrink=0.8)
