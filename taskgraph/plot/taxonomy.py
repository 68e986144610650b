"""A taxonomy as a graph: supervised tasks on the left, the targets that they solve on the right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Circle, PathPatch

from taskgraph.plot.colors import ink, muted, order_colors, panel_background
from taskgraph.plot.errors import PlotError
from taskgraph.plot.figures import Size, new_figure, require_solved
from taskgraph.plot.legend import SOURCE_ONLY, SUPERVISED, draw_legend, target_colors
from taskgraph.plot.names import escape_dollars
from taskgraph.plot.paper import paper_of
from taskgraph.plot.shapes import curve, draw_arrow, draw_box
from taskgraph.plot.sheet import HEAD, Sheet, ports, sheet_of, size_of
from taskgraph.plot.style import font_size, smaller, styled
from taskgraph.taxonomy import Taxonomy, Transfer

UNMEASURED = "#f1f3f5"
"""Color of a target whose win rate was not measured."""

WIN_RATES = ("quality", "gain")


@styled
def draw_taxonomy(
    taxonomy: Taxonomy,
    *,
    color_by: str | None = None,
    names: Mapping[str, str] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
    size: Size | str | None = None,
) -> Any:
    """Draw a taxonomy: supervised tasks on the left, the targets that they solve on the right.

    A transfer of order 1 is an arrow. A transfer of order k is a dot with the number k, with one
    line from each source and one arrow to each target of these sources. Lines are colored by
    order; targets are colored and numbered by win rate.

    Parameters
    ----------
    color_by : str, optional
        Win rate of the targets to show, ``quality`` or ``gain``; by default the first of these
        that was measured.
    names : mapping, optional
        Labels of tasks, where these differ from the names in the table.
    title : str, optional
        By default the budget and the maximum order; an empty text draws no title.
    ax : Axes, optional
        Axes to draw on, as large as fits; by default a new figure is made.
    size : (width, height) or str, optional
        Size of the new figure, in inches, or ``"column"``, ``"page"`` or ``"poster"``; the
        taxonomy is drawn as large as fits.

    Returns
    -------
    Figure or Axes
        The new figure, or ``ax``.

    Raises
    ------
    InvalidProblemError
        If the taxonomy was not solved.
    PlotError
        If ``color_by`` is no win rate or was not measured.
    """
    require_solved(taxonomy)
    column = _color_column(taxonomy, color_by)
    paper = paper_of(size)
    sheet = sheet_of(taxonomy, names, with_numbers=column is not None, paper=paper)
    figure, axes = None, ax
    space = size if ax is None else size_of(ax)
    if space is not None and not isinstance(space, str):
        sheet = sheet.fitted(space)
    if axes is None:
        width, height = sheet.size if size is None or isinstance(size, str) else size
        figure = new_figure(width=width, height=height, constrained=False)
        figure.exact, figure.paper = size is not None, paper
        axes = figure.add_axes((0, 0, 1, 1))
    left, top = (sheet.sheet_width - sheet.width) / 2, (sheet.sheet_height - sheet.height) / 2
    axes.set(xlim=(-left, sheet.width + left), ylim=(sheet.height + top, -top))
    axes.set_axis_off()
    orders = max([4, *(transfer.order for transfer in taxonomy.transfers)])
    colors = dict(enumerate(order_colors(orders), start=1))
    _draw_lines(axes, sheet, colors)
    _draw_supervised(axes, sheet, taxonomy)
    _draw_targets(axes, sheet, taxonomy, column)
    _draw_titles(axes, sheet, taxonomy, title)
    draw_legend(axes, sheet, taxonomy, colors, column)
    return figure or ax


def _color_column(taxonomy: Taxonomy, color_by: str | None) -> str | None:
    """Return the win rate that colors the targets; None if there is none to show."""
    transfers = [t for t in taxonomy.transfers if not t.is_self]
    measured = [n for n in WIN_RATES if any(getattr(t, n) is not None for t in transfers)]
    if color_by is None or (not transfers and color_by in WIN_RATES):
        return next(iter(measured), None)
    if color_by not in measured:
        have = " and ".join(measured) or "neither"
        raise PlotError(
            f'color_by is "{color_by}", expected quality or gain; the taxonomy has {have}'
        )
    return color_by


def _draw_lines(axes: Axes, sheet: Sheet, colors: Mapping[int, str]) -> None:
    """Draw the lines from sources to groups of targets, and the numbered dots between them."""
    start = sheet.left + sheet.left_width
    rows = ports(sheet.layout)
    for index, group in enumerate(sheet.layout.groups):
        order = len(group.sources)
        color, y = colors[order], sheet.y(group.y)
        ends = [sheet.y(sheet.layout.targets[name]) for name in group.targets]
        if order == 1:
            begin = (start, sheet.y(rows[group.sources[0], index]))
            for end in ends:
                draw_arrow(axes, curve(begin, (sheet.right, end)), color, sheet.zoom)
            continue
        for source in group.sources:
            path = curve((start, sheet.y(rows[source, index])), (sheet.junction, y))
            axes.add_patch(
                PathPatch(path, facecolor="none", edgecolor=color, linewidth=0.9 * sheet.zoom)
            )
        for end in ends:
            draw_arrow(axes, curve((sheet.junction, y), (sheet.right, end)), color, sheet.zoom)
        dot = Circle(
            (sheet.junction, y), 0.075, facecolor=color, edgecolor=panel_background(), zorder=3
        )
        axes.add_patch(dot)
        number = axes.text(sheet.junction, y, str(order), color="white", zorder=4)
        number.set(ha="center", va="center_baseline", fontsize=smaller(0.81))


def _draw_supervised(axes: Axes, sheet: Sheet, taxonomy: Taxonomy) -> None:
    solved = {transfer.target for transfer in taxonomy.transfers}
    for name, row in sheet.layout.supervised.items():
        fill = SUPERVISED if name in solved else SOURCE_ONLY
        place = {"x": sheet.left, "y": sheet.y(row), "width": sheet.left_width}
        draw_box(axes, sheet.label[name], **place, fill=fill, edge=SUPERVISED)


def _draw_targets(axes: Axes, sheet: Sheet, taxonomy: Taxonomy, column: str | None) -> None:
    shade = target_colors()
    for name, row in sheet.layout.targets.items():
        value = _value(taxonomy[name], column)
        fill = UNMEASURED if value is None else shade.to_rgba(value)  # type: ignore[arg-type]
        edge = ink() if name in taxonomy.supervised else muted()
        y, width = sheet.y(row), sheet.right_width
        draw_box(axes, sheet.label[name], x=sheet.right, y=y, width=width, fill=fill, edge=edge)
        if value is not None:
            number = axes.text(sheet.right + width + 0.06, y, f"{value:.2f}", color=muted())
            number.set(ha="left", va="center_baseline", fontsize=smaller(0.875))


def _value(transfer: Transfer, column: str | None) -> float | None:
    value = None if column is None else getattr(transfer, column)
    return None if value is None else float(value)


def _draw_titles(axes: Axes, sheet: Sheet, taxonomy: Taxonomy, title: str | None) -> None:
    """Draw the title of the picture and those of its two columns."""
    if title is None:
        title = f"budget {taxonomy.budget:g}, transfers of order at most {taxonomy.max_order}"
    axes.text(
        sheet.width / 2,
        0.2,
        escape_dollars(title),
        ha="center",
        va="center",
        size=font_size() * 1.125,
    )
    columns = [(sheet.left, sheet.left_width, f"supervised ({len(sheet.layout.supervised)})")]
    if sheet.layout.targets:
        count = len(sheet.layout.targets)
        columns.append((sheet.right, sheet.right_width, f"by transfer ({count})"))
    for x, width, text in columns:
        head = axes.text(x + width / 2, HEAD - 0.12, text, color=muted())
        head.set(ha="center", va="center", fontsize=font_size())
