"""Objective and competitive ratio while tasks arrive one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from taskgraph.lifelong.arrivals import Arrivals
from taskgraph.plot.colors import faint, ink, muted, order_colors
from taskgraph.plot.errors import PlotError
from taskgraph.plot.figures import Size, panels_for
from taskgraph.plot.paper import paper_of
from taskgraph.plot.style import styled, text_scale

PANELS = {"objective": "objective", "ratio": "competitive ratio"}
NEEDED = ("arrived", "online", "offline", "ratio")

EXTENDED = "extended, no label is taken back"

MOST_NAMES = 40
"""Most tasks of a single order whose names stand below the axis."""


@styled
def draw_arrivals(
    arrivals: Arrivals | Sequence[Arrivals] | pd.DataFrame,
    *,
    measure: str | None = None,
    ax: Axes | Iterable[Axes] | None = None,
    size: Size | str | None = None,
) -> Any:
    """Draw the objective after each arrival beside the optimum, and their ratio.

    Of one order the lines are its values, and the tasks stand below the axis. Of several orders
    the lines are medians, the bands hold the middle half of the orders, and thin lines are the
    least and the largest value of the extended taxonomy.

    Parameters
    ----------
    arrivals : Arrivals, several, or DataFrame
        A DataFrame has the columns of `Arrivals.to_frame` and, for several orders, ``order``, the
        number of each. A column ``random`` (ratio of a baseline) is drawn beside the ratio.
    measure : str, optional
        ``objective`` or ``ratio`` alone.
    ax : Axes or several, optional
        Axes to draw on, one for each measure. By default a new figure is made.
    size : (width, height) or str, optional
        Size of the new figure, in inches, or ``"column"``, ``"page"`` or ``"poster"``.

    Returns
    -------
    Figure or Axes
        The new figure, or ``ax``.

    Raises
    ------
    PlotError
        If a column is missing, there is no such measure, or there is nothing to draw.
    """
    frame = _frame(arrivals)
    if measure is not None and measure not in PANELS:
        raise PlotError(f'the measure is "{measure}", expected one of {", ".join(PANELS)}')
    measures = [measure] if measure else [*PANELS]
    scale = text_scale()
    panel = scale * 3.2 if paper_of(size) else scale * 3.6
    figure, panels = panels_for(
        ax,
        measures,
        "the measures",
        width=panel * len(measures) + 0.4 * scale,
        height=scale * 3.0,
        size=size,
        panel_width=panel,
    )
    for name, axes in panels.items():
        _draw_panel(axes, frame, name)
    return ax if figure is None else figure


def _frame(arrivals: Arrivals | Sequence[Arrivals] | pd.DataFrame) -> pd.DataFrame:
    """Return the table to draw, with the column ``order``, without arrivals that have no value."""
    if isinstance(arrivals, Arrivals):
        arrivals = [arrivals]
    if not isinstance(arrivals, pd.DataFrame):
        parts = [each.to_frame().assign(order=place) for place, each in enumerate(arrivals)]
        if not parts:
            raise PlotError("there is no order of arrivals to draw; expected at least one")
        arrivals = pd.concat(parts, ignore_index=True)
    missing = [name for name in NEEDED if name not in arrivals]
    if missing:
        raise PlotError(f'arrivals need the column "{missing[0]}"; they have {list(arrivals)}')
    frame = arrivals if "order" in arrivals else arrivals.assign(order=0)
    if frame["online"].isna().all():
        raise PlotError("no arrival has a taxonomy; let a target arrive, or raise the budget")
    return frame


def _is_single(frame: pd.DataFrame) -> bool:
    """Return whether the table holds one order of arrivals."""
    return len(frame["order"].unique()) == 1


def _draw_panel(axes: Axes, frame: pd.DataFrame, measure: str) -> None:
    first, second = order_colors(5)[1], order_colors(5)[3]
    if measure == "objective":
        _draw_line(axes, frame, "online", EXTENDED, first, edges=True)
        _draw_line(axes, frame, "offline", "optimum of the same tasks", muted(), style=(0, (4, 2)))
    else:
        axes.axhline(1.0, color=ink(), linewidth=0.6)
        _draw_line(axes, frame, "ratio", EXTENDED, first, edges=True)
        if "random" in frame and frame["random"].notna().any():
            _draw_line(axes, frame, "random", "random labels", second, style=(0, (1, 1)))
        axes.set_ylim(0.0, 1.03)
    axes.set(xlabel="tasks that have arrived", ylabel=PANELS[measure])
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))
    if _is_single(frame) and "task" in frame and len(frame) <= MOST_NAMES:
        axes.set_xticks(frame["arrived"], frame["task"], rotation=90)
        axes.set_xlabel("")
    axes.grid(axis="y", color=faint(), linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(loc="lower right")
    sns.despine(ax=axes)


def _draw_line(
    axes: Axes,
    frame: pd.DataFrame,
    column: str,
    label: str,
    color: str,
    *,
    style: Any = "-",
    edges: bool = False,
) -> None:
    """Draw the median of a column over the arrivals, and the middle half of several orders.

    With ``edges`` the least and the largest value are drawn as well.
    """
    values = frame.dropna(subset=[column]).groupby("arrived")[column]
    middle = values.median()
    axes.plot(
        middle.index, middle, color=color, linestyle=style, linewidth=1.4, label=label, zorder=3
    )
    if _is_single(frame):
        return
    low, high = values.quantile(0.25), values.quantile(0.75)
    axes.fill_between(middle.index, low, high, color=color, alpha=0.22, linewidth=0)
    for edge in (values.min(), values.max()) if edges else ():
        axes.plot(edge.index, edge, color=color, linewidth=0.5, alpha=0.7)
