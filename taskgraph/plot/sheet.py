"""Positions of the parts of a drawn taxonomy, and the size of the drawing, in inches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes

from taskgraph.plot.figures import Size, resize_text, scale_text
from taskgraph.plot.fonts import legible
from taskgraph.plot.layout import Layout, arrange_taxonomy
from taskgraph.plot.names import display_names
from taskgraph.plot.paper import PaperSize, fitting_factor
from taskgraph.plot.style import font_size, text_scale, text_width
from taskgraph.taxonomy import Taxonomy

ROW, MARGIN, HEAD, FOOT = 0.275, 0.15, 0.62, 0.85
"""Height of a row, margin at both sides, height of the titles and of the legend, in inches."""

PAPER_FOOT, LEAST_SPAN, LEGEND_WIDTH = 1.3, 0.8, 3.2
"""On paper: height of the legend, least length of the lines, and width of the legend."""


@dataclass(frozen=True)
class Sheet:
    """Positions and labels of a drawn taxonomy.

    Lengths are in inches at the text size `taskgraph.plot.style.FONT_SIZE`, from the top left
    corner of the drawing; on the figure each is ``zoom`` times as long.

    Attributes
    ----------
    layout : Layout
        Rows of the supervised tasks, of the targets and of their groups.
    label : mapping of tasks to labels
    left, left_width : float
        Position and width of the boxes of supervised tasks.
    junction : float
        Position of the dots where several sources meet.
    right, right_width : float
        Position and width of the boxes of targets.
    width, height : float
        Size of the drawing.
    sheet_width, sheet_height : float
        Size of the space in whose middle the drawing is.
    zoom : float
    foot : float
        Height of the legend.
    narrow : bool
        The color bar is below the legend, not beside it.
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
    foot: float = FOOT
    narrow: bool = False

    def y(self, row: float) -> float:
        """Return the middle of a row, from the top."""
        return HEAD + ROW / 2 + ROW * row

    @property
    def size(self) -> Size:
        """Return the natural width and height on the figure, in inches."""
        return self.width * self.zoom, self.height * self.zoom

    def fitted(self, size: Size) -> Sheet:
        """Return the sheet in the middle of this space, as large as fits; the text is resized."""
        factor = min(size[0] / self.size[0], size[1] / self.size[1])
        resize_text(factor, size, self.size)
        zoom = self.zoom * factor
        return replace(self, zoom=zoom, sheet_width=size[0] / zoom, sheet_height=size[1] / zoom)


def sheet_of(
    taxonomy: Taxonomy,
    names: Mapping[str, str] | None,
    *,
    with_numbers: bool,
    paper: PaperSize | None = None,
) -> Sheet:
    """Arrange a taxonomy at its natural size; ``with_numbers`` leaves room beside the targets.

    On paper the sheet is as wide as the paper size, and the lines are as long as the labels leave
    room for; the legend is below in rows of its own.

    Raises
    ------
    PlotError
        If the taxonomy does not fit the paper size with text that is large enough.
    """
    layout = arrange_taxonomy(taxonomy)
    label = legible(
        display_names(
            [*layout.supervised, *layout.targets], names=names, size=paper.name if paper else None
        )
    )
    left_width = _column_width(label[name] for name in layout.supervised)
    right_width = _column_width(label[name] for name in layout.targets)
    span = min(3.4, 1.6 + 0.08 * layout.height)
    numbers = 0.35 if with_numbers else 0.0
    boxes = left_width + (right_width + numbers if layout.targets else 0.0)
    foot = FOOT if paper is None else PAPER_FOOT
    height = HEAD + ROW * (layout.height + 1) + foot
    if paper is None:
        width = max(boxes + (span if layout.targets else 0.0) + 2 * MARGIN, 5.4)
    else:
        least = max(boxes + LEAST_SPAN, LEGEND_WIDTH) + 2 * MARGIN
        factor = fitting_factor(paper, least * text_scale(), height * text_scale(), font_size())
        scale_text(factor)
        width = paper.width / text_scale()
        span = min(3.4, width - boxes - 2 * MARGIN)
    content = boxes + (span if layout.targets else 0.0)
    left = (width - content) / 2
    right = left + left_width + span
    return Sheet(
        layout=layout,
        label=label,
        left=left,
        left_width=left_width,
        junction=right - 0.3 * span,
        right=right,
        right_width=right_width,
        width=width,
        height=height,
        sheet_width=width,
        sheet_height=height,
        zoom=text_scale(),
        foot=foot,
        narrow=paper is not None,
    )


def size_of(axes: Axes) -> Size:
    """Return the width and height of axes, in inches."""
    box = axes.get_window_extent()
    dpi = axes.figure.dpi
    return float(box.width / dpi), float(box.height / dpi)


def ports(layout: Layout) -> dict[tuple[str, int], float]:
    """Return the row where each line leaves its source, by source and group.

    The lines of one source are in the order of their ends, a little apart.
    """
    rows: dict[tuple[str, int], float] = {}
    for source, y in layout.supervised.items():
        groups = [g for g, group in enumerate(layout.groups) if source in group.sources]
        reach = min(0.28, 0.07 * (len(groups) - 1))
        offsets = np.linspace(-reach, reach, len(groups)).tolist()
        rows |= {(source, g): y + offset for g, offset in zip(groups, offsets, strict=True)}
    return rows


def _column_width(labels: Iterable[str]) -> float:
    """Return the width of a column of boxes that the longest label needs."""
    widths = [text_width(text) / text_scale() for text in labels]
    return max(widths, default=0.6) + 0.2
