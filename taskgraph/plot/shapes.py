"""Boxes, curves and arrows of drawn graphs."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

from taskgraph.plot.colors import text_color
from taskgraph.plot.names import escape_dollars
from taskgraph.plot.style import font_size

BOX = 0.2
"""Height of a box, in inches."""


def curve(begin: tuple[float, float], end: tuple[float, float]) -> Path:
    """Return a curve that leaves and arrives horizontally."""
    bend = 0.5 * (end[0] - begin[0])
    points = [begin, (begin[0] + bend, begin[1]), (end[0] - bend, end[1]), end]
    return Path(points, [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4])


def draw_arrow(axes: Axes, path: Path, color: str, zoom: float, *, dashed: bool = False) -> None:
    """Draw an arrow along a path; ``zoom`` scales its head and its line."""
    arrow = FancyArrowPatch(path=path, arrowstyle="-|>", mutation_scale=6 * zoom, color=color)
    arrow.set(linewidth=0.9 * zoom, joinstyle="miter", capstyle="butt")
    if dashed:
        arrow.set_linestyle((0, (3, 2.4)))
    axes.add_patch(arrow)


def draw_box(
    axes: Axes, text: str, *, x: float, y: float, width: float, fill: object, edge: str
) -> None:
    """Draw a box with a label; ``x`` is its left side and ``y`` its middle."""
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
    label = axes.text(x + width / 2, y, escape_dollars(text), color=text_color(fill), zorder=4)
    label.set(ha="center", va="center_baseline", fontsize=font_size())
