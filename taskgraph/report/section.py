"""A section of the report page: a heading, sentences, a table, and a picture."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from taskgraph.plot import PlotError, rendered

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Section:
    """A section of the page. Another module adds its results as ``report(..., sections=[…])``.

    Parameters
    ----------
    name : str
        The part of the address after ``#``, in small letters and dashes; also the ``id``.
    title : str
        The heading.
    sentences : sequence of str
        Paragraphs of plain text, shown above the picture and the table.
    frame : DataFrame, optional
        Shown as a table, with the names of its columns as the header.
    picture : str
        Name of a picture that the page draws itself: ``targets``, ``heatmap``, ``tree``,
        ``frontier`` or ``stability``; empty for none.
    figure : function, optional
        Returns a matplotlib figure that is shown as SVG; it may raise `PlotError`, whose message
        is shown instead.
    alternative : str
        What the picture shows, in words, for a reader who cannot see it. Needed with a picture or
        a figure.
    note : str
        A remark below the table.
    """

    name: str
    title: str
    sentences: Sequence[str] = ()
    frame: pd.DataFrame | None = None
    picture: str = ""
    figure: Callable[[], Figure] | None = None
    alternative: str = ""
    note: str = ""

    def drawing(self) -> tuple[str, str]:
        """Return the figure as inline SVG, and why it cannot be drawn; one of them is empty."""
        if self.figure is None:
            return "", ""
        try:
            return inline_svg(self.figure()), ""
        except PlotError as error:
            return "", str(error)


def inline_svg(figure: Figure) -> str:
    """Return a figure as SVG for an HTML page, with ids that no other figure of the page has.

    Without different ids in each figure, a browser draws shapes of earlier figures.
    """
    svg = rendered(figure, "svg").decode()
    mark = f"f{zlib.crc32(svg.encode()):08x}-"
    return re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{mark}", svg[svg.index("<svg") :])


def cells(frame: pd.DataFrame) -> list[list[str]]:
    """Return the cells of a table as text: numbers of few digits, and nothing for NaN."""
    return [[_text(value) for value in row] for row in frame.itertuples(index=False)]


def numeric(frame: pd.DataFrame) -> list[bool]:
    """Return whether each column holds numbers, which are aligned right."""
    kinds = [frame.iloc[:, place].dtype.kind for place in range(frame.shape[1])]
    return [kind in "iuf" for kind in kinds]


def _text(value: object) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.5g}"
    return "" if value is None else str(value)
