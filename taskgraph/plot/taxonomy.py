"""A taxonomy as a graph: supervised tasks on the left, what they solve on the right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Patch, PathPatch
from matplotlib.path import Path

from taskgraph.plot.figures import (
    FONT_SIZE,
    PlotError,
    Size,
    font_size,
    ink,
    muted,
    new_figure,
    order_colors,
    paper,
    require_solved,
    resize_text,
    styled,
    text_color,
    text_width,
    win_rate_colors,
)
from taskgraph.plot.fonts import legible
from taskgraph.plot.layout import Layout, arrange
from taskgraph.plot.names import display_names, plain
from taskgraph.taxonomy import Taxonomy, Transfer

ROW, BOX, MARGIN, HEAD, FOOT = 0.275, 0.2, 0.15, 0.62, 0.85
SUPERVISED, SOURCE_ONLY, UNMEASURED = "#33415c", "#c3cad6", "#f1f3f5"
WIN_RATES = ("quality", "gain")


@dataclass(frozen=True)
class _Sheet:
    """Where things are, from the top left corner, and what they are called.

    In inches of a figure whose text has the size `FONT_SIZE`; ``zoom`` times as many otherwise.
    ``sheet_width, sheet_height`` is the whole space, in the same unit; the picture is its middle.
    """

    layout: Layout
    label: Mapping[str, str]
    left: float
    left_width: float
    junction: float
    right: float
    right_width: float
    width: float
    height: float
    sheet_width: float
    sheet_height: float
    zoom: float

    def y(self, row: float) -> float:
        return HEAD + ROW / 2 + ROW * row


@styled
def draw_taxonomy(
    taxonomy: Taxonomy,
    *,
    color_by: str | None = None,
    names: Mapping[str, str] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
    size: Size | None = None,
) -> Any:
    """Draw the supervised tasks, and every other target beside those that solve it.

    A transfer of order k is a dot, numbered k, with k lines in and one arrow to each target that
    has these sources; a transfer of order 1 is an arrow. The color of a line is its order, the
    color and number of a target its win rate.

    Parameters
    ----------
    color_by : str, optional
        ``quality`` or ``gain``; by default the first of these that was measured, if any.
    names : mapping, optional
        Labels of tasks; Taskonomy's tasks have theirs already.
    title : str, optional
        By default the budget and the maximum order; none if empty.
    ax : Axes, optional
        Where to draw, as large as fits; by default a new figure is made.
    size : (width, height), optional
        Of the new figure, in inches; the picture is drawn as large as fits.

    Returns
    -------
    Figure or Axes
        ``ax`` where it was given.

    Raises
    ------
    InvalidProblemError
        If the taxonomy was not solved.
    PlotError
        If ``color_by`` is no win rate or was not measured.
    """
    require_solved(taxonomy)
    column = _color_column(taxonomy, color_by)
    sheet = _sheet(taxonomy, names, column)
    made, axes = None, ax
    if ax is not None:
        sheet = _fitted(sheet, _inches(ax))
    elif size is not None:
        sheet = _fitted(sheet, size)
    if axes is None:
        width, height = size or (sheet.width * sheet.zoom, sheet.height * sheet.zoom)
        made = new_figure(width=width, height=height, constrained=False)
        made.exact = size is not None
        axes = made.add_axes((0, 0, 1, 1))
    left, top = (sheet.sheet_width - sheet.width) / 2, (sheet.sheet_height - sheet.height) / 2
    axes.set(xlim=(-left, sheet.width + left), ylim=(sheet.height + top, -top))
    axes.set_axis_off()
    orders = max([4, *(transfer.order for transfer in taxonomy.transfers)])
    colors = dict(enumerate(order_colors(orders), start=1))
    _draw_lines(axes, sheet, colors)
    _draw_supervised(axes, sheet, taxonomy)
    _draw_targets(axes, sheet, taxonomy, column)
    _draw_heads(axes, sheet, taxonomy, title)
    _draw_legend(axes, sheet, taxonomy, colors, column)
    return made or ax


def _inches(axes: Axes) -> Size:
    box = axes.get_window_extent()
    dpi = axes.figure.dpi
    return float(box.width / dpi), float(box.height / dpi)


def _fitted(sheet: _Sheet, size: Size) -> _Sheet:
    """The sheet in the middle of a space of this size, as large as fits, with text to match."""
    natural = (sheet.width * sheet.zoom, sheet.height * sheet.zoom)
    factor = min(size[0] / natural[0], size[1] / natural[1])
    resize_text(factor, size, natural)
    zoom = sheet.zoom * factor
    return replace(sheet, zoom=zoom, sheet_width=size[0] / zoom, sheet_height=size[1] / zoom)


def _color_column(taxonomy: Taxonomy, color_by: str | None) -> str | None:
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


def _column_width(labels: Iterable[str]) -> float:
    widths = [text_width(text) * FONT_SIZE / font_size() for text in labels]
    return max(widths, default=0.6) + 0.2


def _sheet(taxonomy: Taxonomy, names: Mapping[str, str] | None, column: str | None) -> _Sheet:
    layout = arrange(taxonomy)
    label = legible(display_names([*layout.supervised, *layout.targets], names=names))
    first = _column_width(label[name] for name in layout.supervised)
    second = _column_width(label[name] for name in layout.targets)
    span = min(3.4, 1.6 + 0.08 * layout.height)
    numbers = 0.35 if column else 0.0
    content = first + (span + second + numbers if layout.targets else 0.0)
    width = max(content + 2 * MARGIN, 5.4)
    left = (width - content) / 2
    right = left + first + span
    junction = right - 0.3 * span
    height = HEAD + ROW * (layout.height + 1) + FOOT
    return _Sheet(
        layout,
        label,
        left,
        first,
        junction,
        right,
        second,
        width,
        height,
        width,
        height,
        font_size() / FONT_SIZE,
    )


def _draw_lines(axes: Axes, sheet: _Sheet, colors: Mapping[int, str]) -> None:
    start = sheet.left + sheet.left_width
    ports = _ports(sheet.layout)
    for place, group in enumerate(sheet.layout.groups):
        order = len(group.sources)
        color, y = colors[order], sheet.y(group.y)
        ends = [sheet.y(sheet.layout.targets[name]) for name in group.targets]
        if order == 1:
            begin = (start, sheet.y(ports[group.sources[0], place]))
            for end in ends:
                _draw_arrow(axes, _curve(begin, (sheet.right, end)), color, sheet.zoom)
            continue
        for source in group.sources:
            path = _curve((start, sheet.y(ports[source, place])), (sheet.junction, y))
            axes.add_patch(
                PathPatch(path, facecolor="none", edgecolor=color, linewidth=0.9 * sheet.zoom)
            )
        for end in ends:
            _draw_arrow(axes, _curve((sheet.junction, y), (sheet.right, end)), color, sheet.zoom)
        dot = Circle((sheet.junction, y), 0.075, facecolor=color, edgecolor=paper(), zorder=3)
        axes.add_patch(dot)
        number = axes.text(sheet.junction, y, str(order), color="white", zorder=4)
        number.set(ha="center", va="center_baseline", fontsize=font_size() * 0.81)


def _ports(layout: Layout) -> dict[tuple[str, int], float]:
    """Where a line leaves its source: in the order of its ends, a little apart."""
    ports: dict[tuple[str, int], float] = {}
    for source, y in layout.supervised.items():
        places = [g for g, group in enumerate(layout.groups) if source in group.sources]
        reach = min(0.28, 0.07 * (len(places) - 1))
        offsets = np.linspace(-reach, reach, len(places)).tolist()
        ports |= {(source, g): y + offset for g, offset in zip(places, offsets, strict=True)}
    return ports


def _curve(begin: tuple[float, float], end: tuple[float, float]) -> Path:
    bend = 0.5 * (end[0] - begin[0])
    points = [begin, (begin[0] + bend, begin[1]), (end[0] - bend, end[1]), end]
    return Path(points, [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4])


def _draw_arrow(axes: Axes, path: Path, color: str, zoom: float) -> None:
    arrow = FancyArrowPatch(path=path, arrowstyle="-|>", mutation_scale=6 * zoom, color=color)
    arrow.set(linewidth=0.9 * zoom, joinstyle="miter", capstyle="butt")
    axes.add_patch(arrow)


def _draw_box(
    axes: Axes, text: str, *, x: float, y: float, width: float, fill: object, edge: str
) -> None:
    box = FancyBboxPatch(
        (x, y - BOX / 2),
        width,
        BOX,
        boxstyle="round,pad=0,rounding_size=0.05",
        facecolor=fill,
        edgecolor=edge,
        linewidth=0.7,
        zorder=2,
    )
    axes.add_patch(box)
    label = axes.text(x + width / 2, y, plain(text), color=text_color(fill), zorder=4)
    label.set(ha="center", va="center_baseline", fontsize=font_size())


def _draw_supervised(axes: Axes, sheet: _Sheet, taxonomy: Taxonomy) -> None:
    solved = {transfer.target for transfer in taxonomy.transfers}
    for name, row in sheet.layout.supervised.items():
        fill = SUPERVISED if name in solved else SOURCE_ONLY
        place = {"x": sheet.left, "y": sheet.y(row), "width": sheet.left_width}
        _draw_box(axes, sheet.label[name], **place, fill=fill, edge=SUPERVISED)


def _draw_targets(axes: Axes, sheet: _Sheet, taxonomy: Taxonomy, column: str | None) -> None:
    shade = _target_colors()
    for name, row in sheet.layout.targets.items():
        value = _value(taxonomy[name], column)
        fill = UNMEASURED if value is None else shade.to_rgba(value)  # type: ignore[arg-type]
        edge = ink() if name in taxonomy.supervised else muted()
        y, width = sheet.y(row), sheet.right_width
        _draw_box(axes, sheet.label[name], x=sheet.right, y=y, width=width, fill=fill, edge=edge)
        if value is not None:
            number = axes.text(sheet.right + width + 0.06, y, f"{value:.2f}", color=muted())
            number.set(ha="left", va="center_baseline", fontsize=font_size() * 0.875)


def _target_colors() -> ScalarMappable:
    return ScalarMappable(Normalize(0, 1), win_rate_colors())


def _value(transfer: Transfer, column: str | None) -> float | None:
    value = None if column is None else getattr(transfer, column)
    return None if value is None else float(value)


def _draw_heads(axes: Axes, sheet: _Sheet, taxonomy: Taxonomy, title: str | None) -> None:
    if title is None:
        title = f"budget {taxonomy.budget:g}, transfers of order at most {taxonomy.max_order}"
    axes.text(
        sheet.width / 2, 0.2, plain(title), ha="center", va="center", size=font_size() * 1.125
    )
    heads = [(sheet.left, sheet.left_width, f"supervised ({len(sheet.layout.supervised)})")]
    if sheet.layout.targets:
        count = len(sheet.layout.targets)
        heads.append((sheet.right, sheet.right_width, f"by transfer ({count})"))
    for x, width, text in heads:
        head = axes.text(x + width / 2, HEAD - 0.12, text, color=muted())
        head.set(ha="center", va="center", fontsize=font_size())


def _draw_legend(
    axes: Axes,
    sheet: _Sheet,
    taxonomy: Taxonomy,
    colors: Mapping[int, str],
    column: str | None,
) -> None:
    solved = {transfer.target for transfer in taxonomy.transfers}
    handles: list[Patch | Line2D] = [Patch(color=SUPERVISED, label="supervised target")]
    if set(taxonomy.supervised) - solved:
        text = "supervised, source only"
        handles.append(Patch(fc=SOURCE_ONLY, ec=SUPERVISED, linewidth=0.7, label=text))
    if set(taxonomy.supervised) & set(sheet.layout.targets):
        text = "supervised, keeps a transfer"
        handles.append(Patch(fc="none", ec=ink(), linewidth=1.1, label=text))
    for order in sorted({len(group.sources) for group in sheet.layout.groups}):
        text = "1 source" if order == 1 else f"{order} sources"
        handles.append(Line2D([], [], color=colors[order], label=text, linewidth=1.4))
    top = sheet.height - FOOT + 0.12
    axes.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(MARGIN, top),
        bbox_transform=axes.transData,
        ncols=2,
        borderaxespad=0,
        handlelength=1.4,
        columnspacing=1.2,
    )
    if column:
        versus = "full supervision" if column == "quality" else "scratch"
        # Of the axes, as the color bar's own direction would be that of the data, downwards.
        x = (
            sheet.width - MARGIN - 1.85 + (sheet.sheet_width - sheet.width) / 2
        ) / sheet.sheet_width
        y = (FOOT - 0.22 + (sheet.sheet_height - sheet.height) / 2) / sheet.sheet_height
        place = axes.inset_axes((x, y, 1.6 / sheet.sheet_width, 0.08 / sheet.sheet_height))
        bar = axes.figure.colorbar(_target_colors(), cax=place, orientation="horizontal")
        bar.set_label(f"{column}: wins against {versus}", labelpad=2)
        bar.set_ticks([0, 0.5, 1], labels=["0", "0.5", "1"])
        bar.outline.set_visible(False)
