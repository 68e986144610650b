"""Pictures of task grouping: the bought networks and their tasks; the objective over budgets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from taskgraph.errors import InvalidProblemError
from taskgraph.grouping.choice import Grouping
from taskgraph.plot.colors import ink, muted, order_colors, panel_background
from taskgraph.plot.errors import PlotError
from taskgraph.plot.figures import Size, new_figure, scale_text
from taskgraph.plot.fonts import legible
from taskgraph.plot.legend import SUPERVISED
from taskgraph.plot.names import display_names, escape_dollars
from taskgraph.plot.paper import PaperSize, fitting_factor, paper_of
from taskgraph.plot.shapes import curve, draw_arrow, draw_box
from taskgraph.plot.sheet import HEAD, LEAST_SPAN, LEGEND_WIDTH, MARGIN, ROW
from taskgraph.plot.style import font_size, smaller, styled, text_scale, text_width

FOOT, PAPER_FOOT = 0.42, 0.58
"""Height of the legend, and on paper, where its entries stand below each other, in inches."""

COST, SPAN, VALUE = 0.5, 1.9, 0.75
"""Room for the cost left of a network, for the arrows, and for the value right of a task, in
inches."""


@styled
def draw_grouping(
    grouping: Grouping,
    *,
    title: str | None = None,
    ax: Axes | None = None,
    size: Size | str | None = None,
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
    size : (width, height) or str, optional
        Size of the new figure, in inches, or ``"column"``, ``"page"`` or ``"poster"``.

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
    paper = None if ax is not None else paper_of(size)
    places = _arranged(grouping, paper)
    figure, axes = None, ax
    if axes is None:
        width, height = (text_scale() * length for length in (places.width, places.height))
        figure = new_figure(width=width, height=height, constrained=False, size=size)
        axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, places.width), ylim=(places.height, 0))
    axes.set_axis_off()
    _draw_arrows(axes, grouping, places)
    _draw_networks(axes, grouping, places)
    _draw_tasks(axes, grouping, places)
    _write_titles(axes, grouping, title, places)
    _draw_key(axes, grouping, places)
    return figure or ax


@dataclass(frozen=True)
class _Places:
    """Positions and labels of a drawn grouping, in inches from the top left corner."""

    label: Mapping[str, str]
    task_label: Mapping[str, str]
    networks: Mapping[str, float]
    tasks: Mapping[str, float]
    left: float
    left_width: float
    right: float
    right_width: float
    width: float
    height: float
    foot: float


def _arranged(grouping: Grouping, paper: PaperSize | None) -> _Places:
    """Arrange the boxes of networks and of tasks in two columns; on paper between its margins.

    Raises
    ------
    PlotError
        If the grouping does not fit the paper size with text that is large enough.
    """
    networks, tasks = [network.name for network in grouping.networks], _rows(grouping)
    size = paper.name if paper else None
    label, task_label = (legible(display_names(names, size=size)) for names in (networks, tasks))
    left_width, right_width = _column_width(label), _column_width(task_label)
    most = max(len(networks), len(tasks))
    foot = FOOT if paper is None else PAPER_FOOT
    height = HEAD + ROW * (most + 0.5) + foot
    boxes = COST + left_width + right_width + VALUE
    span, width = SPAN, max(boxes + SPAN + 2 * MARGIN, 5.4)
    if paper is not None:
        least = max(boxes + LEAST_SPAN, LEGEND_WIDTH) + 2 * MARGIN
        scale_text(fitting_factor(paper, least * text_scale(), height * text_scale(), font_size()))
        width = paper.width / text_scale()
        span = min(SPAN, width - boxes - 2 * MARGIN)
    left = (width - boxes - span) / 2 + COST
    rows = [HEAD + ROW * (row + 0.5) for row in range(most)]
    above, above_tasks = (ROW * (most - len(names)) / 2 for names in (networks, tasks))
    return _Places(
        label=label,
        task_label=task_label,
        networks={name: y + above for name, y in zip(networks, rows, strict=False)},
        tasks={name: y + above_tasks for name, y in zip(tasks, rows, strict=False)},
        left=left,
        left_width=left_width,
        right=left + left_width + span,
        right_width=right_width,
        width=width,
        height=height,
        foot=foot,
    )


def _column_width(label: Mapping[str, str]) -> float:
    """Return the width of the boxes of a column."""
    return max(text_width(text) / text_scale() for text in label.values()) + 0.2


def _rows(grouping: Grouping) -> list[str]:
    """Return the tasks from top to bottom: those of the first network first."""
    order = {network.name: place for place, network in enumerate(grouping.networks)}
    return [s.task for s in sorted(grouping.served, key=lambda s: (order[s.network], s.task))]


def _draw_arrows(axes: Axes, grouping: Grouping, places: _Places) -> None:
    """Draw an arrow from each network to each task on which it was trained."""
    shades = order_colors(max(2, len(grouping.networks)))
    color = {network.name: shade for network, shade in zip(grouping.networks, shades, strict=False)}
    solver = {served.task: served.network for served in grouping.served}
    pairs = [(n.name, task) for n in grouping.networks for task in n.tasks if task in solver]
    begin = places.left + places.left_width
    for name, task in sorted(pairs, key=lambda pair: solver[pair[1]] == pair[0]):  # dashed first
        path = curve((begin, places.networks[name]), (places.right, places.tasks[task]))
        solid = solver[task] == name
        draw_arrow(axes, path, color[name] if solid else muted(), text_scale(), dashed=not solid)


def _draw_networks(axes: Axes, grouping: Grouping, places: _Places) -> None:
    """Draw a box for each bought network, and write its cost left of it."""
    for network in grouping.networks:
        y, text = places.networks[network.name], places.label[network.name]
        place = {"x": places.left, "y": y, "width": places.left_width}
        draw_box(axes, text, **place, fill=SUPERVISED, edge=SUPERVISED)
        _write(axes, places.left - 0.06, y, f"{network.cost:g}", "right")


def _draw_tasks(axes: Axes, grouping: Grouping, places: _Places) -> None:
    """Draw a box for each task, and write its loss or gain right of it."""
    for served in grouping.served:
        y, text = places.tasks[served.task], places.task_label[served.task]
        place = {"x": places.right, "y": y, "width": places.right_width}
        draw_box(axes, text, **place, fill=panel_background(), edge=muted())
        _write(axes, places.right + places.right_width + 0.06, y, f"{served.value:.4g}", "left")


def _write(axes: Axes, x: float, y: float, text: str, side: str) -> None:
    """Write a number beside a box."""
    number = axes.text(x, y, text, color=muted(), ha=side, va="center_baseline")
    number.set_fontsize(smaller(0.875))


def _write_titles(axes: Axes, grouping: Grouping, title: str | None, places: _Places) -> None:
    """Write the title of the picture and those of its two columns."""
    if title is None:
        proof = "proven optimal" if grouping.status == "optimal" else f"gap {grouping.gap:.2%}"
        gap = "\n" if places.foot == PAPER_FOOT else " "
        title = (
            f"budget {grouping.budget:g}, spent {grouping.spent:g}:{gap}total {grouping.measure} "
            f"{grouping.objective:.4g} ({proof})"
        )
    axes.text(
        places.width / 2,
        0.2,
        escape_dollars(title),
        ha="center",
        va="center",
        size=font_size() * 1.125,
        color=ink(),
    )
    estimated = "estimated " if grouping.estimate else ""
    heads = (
        (places.left, places.left_width, f"networks ({len(grouping.networks)}), cost"),
        (places.right, places.right_width, f"tasks, {estimated}{grouping.measure}"),
    )
    for x, width, text in heads:
        head = axes.text(x + width / 2, HEAD - 0.12, escape_dollars(text), color=muted())
        head.set(ha="center", va="center", fontsize=font_size())


def _draw_key(axes: Axes, grouping: Grouping, places: _Places) -> None:
    """Draw the legend of the two kinds of arrows."""
    served = {each.task: each.network for each in grouping.served}
    width = 1.2 * text_scale()
    handles = [Line2D([], [], color=ink(), linewidth=width, label="solves the task")]
    trained = [(n.name, task) for n in grouping.networks for task in n.tasks if task in served]
    if any(served[task] != name for name, task in trained):
        text = "was trained on it, another network solves it"
        handles.append(
            Line2D([], [], color=muted(), linewidth=width, linestyle=(0, (3, 2.4)), label=text)
        )
    axes.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(MARGIN, places.height - places.foot + 0.1),
        bbox_transform=axes.transData,
        ncols=1 if places.foot == PAPER_FOOT else 2,
        borderaxespad=0,
    )


@styled
def draw_grouping_frontier(
    frame: pd.DataFrame,
    *,
    measure: str = "loss",
    ax: Axes | None = None,
    size: Size | str | None = None,
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
        width = 3.6 if paper_of(size) else 4.6
        figure = new_figure(width=width * scale, height=2.9 * scale, size=size)
        axes = figure.subplots()
    color = order_colors(3)[1]
    budget = frame["budget"].to_numpy(dtype=float)
    line: Any = {"where": "post", "linewidth": 1.3 * text_scale()}
    dots: Any = {"marker": "o", "markersize": 3.2 * text_scale(), "markeredgewidth": 0}
    axes.step(budget, frame["objective"], color=color, **line, **dots)
    axes.lines[-1].set_label("optimum")
    if "low" in frame:
        band: Any = {"step": "post", "color": color, "alpha": 0.2, "linewidth": 0}
        axes.fill_between(budget, frame["low"], frame["high"], label="95 % interval", **band)
    if "scored" in frame:
        label = "scored on the other table"
        axes.step(budget, frame["scored"], color=ink(), linestyle="--", label=label, **line)
    axes.set(xlabel="budget", ylabel=f"total {measure}")
    if len(axes.get_legend_handles_labels()[0]) > 1:
        axes.legend()
    return figure or ax
