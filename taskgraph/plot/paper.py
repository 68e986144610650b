"""Sizes of figures in papers and on posters, at which the text stays readable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from taskgraph.plot.errors import PlotError


@dataclass(frozen=True)
class PaperSize:
    """The space that a figure has in print, and the sizes of its text.

    Attributes
    ----------
    name : str
    width, height : float
        Width of the figure and its largest height, in inches.
    points : float
        Size of ordinary text.
    least : float
        Smallest text, in points; a figure that needs smaller text is refused.
    longest : int
        Length of the longest label of a task in characters; longer ones lose their middle.
    """

    name: str
    width: float
    height: float
    points: float
    least: float
    longest: int


PAPER_SIZES = {
    size.name: size
    for size in (
        PaperSize("column", 3.25, 8.875, points=7.0, least=6.0, longest=14),
        PaperSize("page", 6.875, 8.875, points=8.0, least=6.5, longest=28),
        PaperSize("poster", 15.0, 44.0, points=24.0, least=18.0, longest=36),
    )
}
"""Sizes by name: a column and the text of a two-column CVPR paper, and half the width of an A0
poster."""

_least: ContextVar[float] = ContextVar("_least", default=0.0)


def paper_of(size: tuple[float, float] | str | None) -> PaperSize | None:
    """Return the paper size of this name; None for a size in inches or no size.

    Raises
    ------
    PlotError
        If there is no paper size of this name.
    """
    if not isinstance(size, str):
        return None
    if size not in PAPER_SIZES:
        raise PlotError(
            f'size is "{size}", expected one of {", ".join(PAPER_SIZES)}, or a width and a height '
            "in inches"
        )
    return PAPER_SIZES[size]


@contextmanager
def least_text(size: PaperSize | None) -> Iterator[None]:
    """Within this context `least_points` is that of a paper size; 0 for None."""
    mark = _least.set(0.0 if size is None else size.least)
    try:
        yield
    finally:
        _least.reset(mark)


def least_points() -> float:
    """Return the smallest text that the current figure may have, in points; 0 for any."""
    return _least.get()


def fitting_factor(paper: PaperSize, width: float, height: float, points: float) -> float:
    """Return by how much text and lengths are multiplied so that a figure fits; at most 1.

    ``width`` and ``height`` are its natural size in inches with text of ``points``.

    Raises
    ------
    PlotError
        If the text would be smaller than ``paper.least``.
    """
    factor = min(1.0, paper.width / width, paper.height / height)
    if factor * points < paper.least - 1e-9:
        least = paper.least / points
        raise PlotError(
            f"the picture does not fit a {paper.name} of {paper.width:g}x{paper.height:g} inches "
            f"with text of at least {paper.least:g} points: it needs "
            f"{least * width:.1f}x{least * height:.1f} inches; draw fewer tasks, or give another "
            f"size, such as --size {least * width + 0.1:.1f}x{least * height + 0.1:.1f}"
        )
    return factor
