"""Pictures of task grouping: the bought networks and their tasks; the objective over budgets."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from taskgraph.errors import InvalidProblemError
from taskgraph.grouping.choice import Grouping
from taskgraph.plot.colors import ink, muted, order_colors, paper
from taskgraph.plot.figures import PlotError, Size, new_figure
from taskgraph.plot.fonts import legible
from taskgraph.plot.names import display_names, plain
from taskgraph.plot.shapes import curve, draw_arrow, draw_box
from taskgraph.plot.sheet import HEAD, MARGIN, ROW
from taskgraph.plot.style import font_size, styled, text_scale, text_width

FOOT = 0.42
"""Height of the legend, in inches."""

COST, SPAN, VALUE = 0.5, 1.9, 0.75
"""Room for the cost left of a network, for the arrows, and for the value right of a task, in
inches."""


@styled
def draw_grouping(
    grouping: Grouping,
    *,
    title: str | None = None,
    ax: Axes | None = None,
    size: Size | None = None,
) -> Any:
    """Draw a grouping: bought networks on the left with their costs, tasks on the right.

    A solid arrow leads from a network to a task that it solves, a dashed one to a task on which it
    was trained and that another network solves. Right of each task stands its loss or gain.

    Parameters
    ----------
    title : str, optional
        By default the budget and the objective; an empty text draws no title.
    ax : Axes, optional
        Axes to draw on; by default a new figure is made.
    size : (width, height), optional
        Size of the new figure, in inches.

    Returns
    -------
    Figure or Axes
        The new figure, or ``ax``.

    Raises
    ------
    InvalidProblemError
        If the grouping was not solved.
    """
    if not grouping.solved:
        raise InvalidProblemError(
            f"nothing to draw: the grouping of budget {grouping.budget:g} is {grouping.status}"
            + (f": {grouping.reason}" if grouping.reason else "")
        )
    networks = [network.name for network in grouping.networks]
    rows = _rows(grouping)
    label = legible(display_names([*networks]))
    task_label = legible(display_names([*rows]))
    scale = text_scale()
    left_width = max(text_width(text) / scale for text in label.values()) + 0.2
    right_width = max(text_width(text) / scale for text in task_label.values()) + 0.2
    content = COST + left_width + SPAN + right_width + VALUE
    width = max(content + 2 * MARGIN, 5.4)
    left = (width - content) / 2 + COST
    right = left + left_width + SPAN
    height = HEAD + ROW * (max(len(networks), len(rows)) + 0.5) + FOOT
    figure, axes = None, ax
    if axes is None:
        figure = new_figure(
            width=width * scale, height=height * scale, constrained=False, size=size
        )
        axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    first = _first_rows(len(networks), len(rows))
    places = {name: _y(first[0] + row) for row, name in enumerate(networks)}
    ends = {name: _y(first[1] + row) for row, name in enumerate(rows)}
    _draw_arrows(axes, grouping, places, ends, (left + left_width, right))
    for network in grouping.networks:
        name, y = network.name, places[network.name]
        draw_box(axes, label[name], x=left, y=y, width=left_width, fill="#33415c", edge="#33415c")
        _write(axes, left - 0.06, y, f"{network.cost:g}", "right")
    for served in grouping.served:
        y = ends[served.task]
        text = task_label[served.task]
        draw_box(axes, text, x=right, y=y, width=right_width, fill=paper(), edge=muted())
        _write(axes, right + right_width + 0.06, y, f"{served.value:.4g}", "left")
    _write_titles(axes, grouping, title, width, (left, left_width), (right, right_width))
    _draw_key(axes, grouping, height)
    return figure or ax


def _rows(grouping: Grouping) -> list[str]:
    """Return the tasks from top to bottom: those of the first network first."""
    order = {network.name: place for place, network in enumerate(grouping.networks)}
    return [s.task for s in sorted(grouping.served, key=lambda s: (order[s.network], s.task))]


def _first_rows(networks: int, tasks: int) -> tuple[float, float]:
    """Return the first row of both columns, whose middles are at the same height."""
    most = max(networks, tasks)
    return (most - networks) / 2, (most - tasks) / 2


def _y(row: float) -> float:
    return HEAD + ROW / 2 + ROW * row


def _draw_arrows(
    axes: Axes,
    grouping: Grouping,
    places: dict[str, float],
    ends: dict[str, float],
    span: tuple[float, float],
) -> None:
    """Draw an arrow from each network to each task on which it was trained."""
    shades = order_colors(max(2, len(grouping.networks)))
    color = {network.name: shade for network, shade in zip(grouping.networks, shades, strict=False)}
    solver = {served.task: served.network for served in grouping.served}
    pairs = [(n.name, task) for n in grouping.networks for task in n.tasks if task in solver]
    for name, task in sorted(pairs, key=lambda pair: solver[pair[1]] == pair[0]):  # dashed first
        path = curve((span[0], places[name]), (span[1], ends[task]))
        solid = solver[task] == name
        draw_arrow(axes, path, color[name] if solid else muted(), text_scale(), dashed=not solid)


def _write(axes: Axes, x: float, y: float, text: str, side: str) -> None:
    """Write a number beside a box."""
    number = axes.text(x, y, text, color=muted(), ha=side, va="center_baseline")
    number.set_fontsize(font_size() * 0.875)


def _write_titles(
    axes: Axes,
    grouping: Grouping,
    title: str | None,
    width: float,
    left: tuple[float, float],
    right: tuple[float, float],
) -> None:
    """Write the title of the picture and those of its two columns."""
    if title is None:
        proof = "proven optimal" if grouping.status == "optimal" else f"gap {grouping.gap:.2%}"
        title = (
            f"budget {grouping.budget:g}, spent {grouping.spent:g}: total {grouping.measure} "
            f"{grouping.objective:.4g} ({proof})"
        )
    axes.text(
        width / 2,
        0.2,
        plain(title),
        ha="center",
        va="center",
        size=font_size() * 1.125,
        color=ink(),
    )
    estimated = "estimated " if grouping.estimate else ""
    heads = (
        (left, f"networks ({len(grouping.networks)}), cost"),
        (right, f"tasks, {estimated}{grouping.measure}"),
    )
    for (x, size), text in heads:
        head = axes.text(x + size / 2, HEAD - 0.12, plain(text), color=muted())
        head.set(ha="center", va="center", fontsize=font_size())


def _draw_key(axes: Axes, grouping: Grouping, height: float) -> None:
    """Draw the legend of the two kinds of arrows."""
    served = {each.task: each.network for each in grouping.served}
    handles = [Line2D([], [], color=ink(), linewidth=1.2, label="solves the task")]
    trained = [(n.name, task) for n in grouping.networks for task in n.tasks if task in served]
    if any(served[task] != name for name, task in trained):
        text = "was trained on it, another network solves it"
        handles.append(
            Line2D([], [], color=muted(), linewidth=1.2, linestyle=(0, (3, 2.4)), label=text)
        )
    axes.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(MARGIN, height - FOOT + 0.1),
        bbox_transform=axes.transData,
        ncols=2,
        borderaxespad=0,
    )


@styled
def draw_grouping_frontier(
    frame: pd.DataFrame,
    *,
    measure: str = "loss",
    ax: Axes | None = None,
    size: Size | None = None,
) -> Any:
    """Draw the objective of the best grouping over budgets, as a line of steps.

    Parameters
    ----------
    frame : DataFrame
        As `GroupingFrontier.to_frame` returns it: ``budget, objective``, and if there, ``scored``
        (dashed) and ``low, high`` (shaded). Budgets without a solution are left out.
    measure : str
        What the objective sums.
    ax, size
        As for `draw_grouping`.

    Raises
    ------
    PlotError
        If a column is missing, or no budget has a solution.
    """
    for name in ("budget", "objective"):
        if name not in frame:
            raise PlotError(f'a frontier needs the column "{name}"; it has {list(frame.columns)}')
    frame = frame[frame["objective"].notna()]
    if frame.empty:
        raise PlotError("nothing to draw: no budget has a solution")
    figure, axes = None, ax
    if axes is None:
        scale = text_scale()
        figure = new_figure(width=4.6 * scale, height=2.9 * scale, size=size)
        axes = figure.subplots()
    color = order_colors(3)[1]
    budget = frame["budget"].to_numpy(dtype=float)
    axes.step(budget, frame["objective"], where="post", color=color, marker="o", markersize=3)
    axes.lines[-1].set_label("optimum")
    if "low" in frame:
        band: Any = {"step": "post", "color": color, "alpha": 0.2, "linewidth": 0}
        axes.fill_between(budget, frame["low"], frame["high"], label="95 % interval", **band)
    if "scored" in frame:
        look: Any = {"where": "post", "color": ink(), "linestyle": "--", "linewidth": 1.0}
        axes.step(budget, frame["scored"], label="scored on the other table", **look)
    axes.set(xlabel="budget", ylabel=f"total {measure}")
    if len(axes.get_legend_handles_labels()[0]) > 1:
        axes.legend()
    return figure or ax
