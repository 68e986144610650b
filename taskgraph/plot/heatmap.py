"""First-order affinities before and after AHP, side by side (the paper's Fig. 7)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import leaves_list

from taskgraph.plot.affinities import BETA, first_order, transfer_distance, without
from taskgraph.plot.figures import (
    FONT_SIZE,
    PlotError,
    Size,
    color_map,
    faint,
    font_size,
    given_axes,
    muted,
    new_figure,
    one_each,
    paper,
    styled,
    text_width,
)
from taskgraph.plot.fonts import legible
from taskgraph.plot.names import display_names, plain
from taskgraph.plot.tree import task_linkage
from taskgraph.tasks import SELF
from taskgraph.transfers import Transfers

BEFORE = ("loss", "quality", "gain")
CELL = 0.19


@dataclass(frozen=True, eq=False)
class _Panel:
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
    size: Size | None = None,
) -> Any:
    """Draw first-order transfers, sources by targets, before and after AHP.

    In both panels darker is better. Sources are ordered by Ward's linkage of what they transfer
    to (see `task_linkage`); targets follow in the same order, those that are no source last.

    Parameters
    ----------
    before : str, optional
        Column of the left panel: ``loss``, ``quality`` or ``gain``; by default the first of
        these that the table has. With none there is only the right panel, exp(-β P).
    with_self : bool
        Add the targets' own supervised networks as the last row.
    names : mapping, optional
        Labels of tasks; Taskonomy's tasks have theirs already.
    exclude : names
        Tasks to leave out altogether.
    ax : Axes or several, optional
        Where to draw, one for each panel; on a single one the panel after AHP, or that of
        ``before`` where it is given. By default a new figure is made.
    size : (width, height), optional
        Of the new figure, in inches.

    Returns
    -------
    Figure or Axes
        ``ax`` where it was given.

    Raises
    ------
    UnknownTaskError
        If the table has no such task as one of ``exclude``.
    PlotError
        If the table lacks the column, or has no first-order transfer.
    """
    transfers = without(transfers, exclude)
    after = transfer_distance(transfers, beta=beta)
    sources, targets = _order(transfers, after, beta)
    if with_self and SELF in after.index:
        sources = [*sources, SELF]
    panels = {"after": _after(after, beta)}
    column = _before_column(transfers, before)
    if column is not None:
        panels = {"before": _before(first_order(transfers, column=column), column), **panels}
    label = legible(display_names([*sources, *targets], names=names))
    made, all_axes = None, given_axes(ax)
    if not all_axes:
        made = _canvas(label, sources, targets, len(panels), size)
        all_axes = list(made.subplots(1, len(panels), sharey=True, squeeze=False)[0])
    shown = [*panels] if made else one_each(all_axes, [*panels], "the panels")
    if len(shown) == 1 and before is not None:
        shown = ["before"]
    for axes, name in zip(all_axes, shown, strict=True):
        _draw(axes, panels[name], sources, targets, label)
    if made:
        for axes in all_axes[1:]:
            axes.tick_params(axis="y", labelleft=False)
    all_axes[0].set_ylabel("source")
    return made or ax


def _order(transfers: Transfers, matrix: pd.DataFrame, beta: float) -> tuple[list[str], list[str]]:
    sources = [name for name in matrix.index if name != SELF]
    if len(sources) > 1:
        tasks, links = task_linkage(transfers, beta=beta)
        sources = [tasks[leaf] for leaf in leaves_list(links)]
    both = [name for name in sources if name in matrix.columns]
    return sources, [*both, *matrix.columns.drop(both)]


def _before_column(transfers: Transfers, before: str | None) -> str | None:
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


def _canvas(
    label: Mapping[str, str],
    sources: list[str],
    targets: list[str],
    panels: int,
    size: Size | None,
) -> Figure:
    rows = max(text_width(label[name]) for name in sources)
    columns = max(text_width(label[name]) for name in targets)
    scale = font_size() / FONT_SIZE
    across = scale * max(CELL * len(targets), 2.6)
    width = panels * (across + 0.25) + rows + 0.5 * scale
    height = scale * (CELL * len(sources) + 1.3) + columns
    return new_figure(width=width, height=height, size=size)


def _draw(
    axes: Axes,
    panel: _Panel,
    sources: list[str],
    targets: list[str],
    label: Mapping[str, str],
) -> None:
    values = panel.values.reindex(index=sources, columns=targets)
    sns.heatmap(
        values,
        ax=axes,
        cmap=color_map(panel.colors),
        norm=panel.norm,
        mask=values.isna(),
        cbar=False,
        linewidths=0.4,
        linecolor=paper(),
        xticklabels=[plain(label[name]) for name in targets],
        yticklabels=[plain(label[name]) for name in sources],
    )
    axes.set(xlabel="target", ylabel="")
    axes.set_title(panel.title)
    axes.set_facecolor(faint())
    axes.tick_params(length=0, pad=2)
    axes.tick_params(axis="x", labelrotation=90)
    axes.tick_params(axis="y", labelrotation=0)
    if sources[-1] == SELF:
        axes.axhline(len(sources) - 1, color=muted(), linewidth=1.2)
    bar = axes.figure.colorbar(
        axes.collections[0], ax=axes, location="bottom", aspect=40, shrink=0.8, pad=0.01
    )
    bar.outline.set_visible(False)
    bar.set_label(panel.bar)
