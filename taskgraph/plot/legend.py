"""The legend of a drawn taxonomy: boxes, lines and the colors of win rates."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from taskgraph.plot.colors import ink, win_rate_colors
from taskgraph.plot.sheet import MARGIN, Sheet
from taskgraph.taxonomy import Taxonomy

SUPERVISED, SOURCE_ONLY = "#33415c", "#c3cad6"
"""Colors of the boxes of supervised tasks: targets, and tasks that are sources only."""


def target_colors() -> ScalarMappable:
    """Return the colors of targets by win rate, 0 to 1."""
    return ScalarMappable(Normalize(0, 1), win_rate_colors())


def draw_legend(
    axes: Axes,
    sheet: Sheet,
    taxonomy: Taxonomy,
    colors: Mapping[int, str],
    column: str | None,
) -> None:
    """Draw the legend below a taxonomy.

    ``colors`` are those of the lines by order; ``column`` is the win rate that colors the targets.
    """
    axes.legend(
        handles=_handles(sheet, taxonomy, colors),
        loc="upper left",
        bbox_to_anchor=(MARGIN, sheet.height - sheet.foot + 0.12),
        bbox_transform=axes.transData,
        ncols=2,
        borderaxespad=0,
        handlelength=1.4,
        columnspacing=1.2,
    )
    if column:
        _draw_bar(axes, sheet, column)


def _handles(sheet: Sheet, taxonomy: Taxonomy, colors: Mapping[int, str]) -> list[Patch | Line2D]:
    """Return an entry for each kind of box and line that the drawing has."""
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
    return handles


def _draw_bar(axes: Axes, sheet: Sheet, column: str) -> None:
    """Draw the color bar of win rates at the lower right."""
    # In units of the axes: in units of the data the bar would run downwards.
    left = sheet.width / 2 - 0.8 if sheet.narrow else sheet.width - MARGIN - 1.85
    above = 0.42 if sheet.narrow else sheet.foot - 0.22
    x = (left + (sheet.sheet_width - sheet.width) / 2) / sheet.sheet_width
    y = (above + (sheet.sheet_height - sheet.height) / 2) / sheet.sheet_height
    place = axes.inset_axes((x, y, 1.6 / sheet.sheet_width, 0.08 / sheet.sheet_height))
    bar = axes.figure.colorbar(target_colors(), cax=place, orientation="horizontal")
    versus = "full supervision" if column == "quality" else "scratch"
    bar.set_label(f"{column}: wins against {versus}", labelpad=2)
    bar.set_ticks([0, 0.5, 1], labels=["0", "0.5", "1"])
    bar.outline.set_visible(False)
