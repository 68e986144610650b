"""Figures: made without a window, with one panel for each measure, and written to a file."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from taskgraph.errors import InvalidProblemError
from taskgraph.plot.errors import PlotError
from taskgraph.plot.paper import PaperSize, fitting_factor, paper_of
from taskgraph.plot.style import FONT_SIZES, WRITING, font_size, unchanged
from taskgraph.tables import write_bytes
from taskgraph.taxonomy import Taxonomy

FORMATS = ("svg", "png", "pdf")

LEAST_POINTS = 2.0
"""Smallest text of a figure, in points."""

Size = tuple[float, float]
"""Width and height in inches."""


class Picture(Figure):
    """A figure that a notebook shows without matplotlib's magic command."""

    exact = False
    """Whether the user asked for this size, so that `rendered` crops nothing."""

    paper: PaperSize | None = None
    """The paper size of the figure; `rendered` then writes text as text in an SVG too."""

    def _repr_png_(self) -> bytes:
        return rendered(self, "png", dpi=float(mpl.rcParams["figure.dpi"]))


def new_figure(
    *, width: float, height: float, constrained: bool = True, size: Size | str | None = None
) -> Picture:
    """Return an empty figure without a window.

    Parameters
    ----------
    width, height : float
        Natural size, in inches.
    constrained : bool
        Use matplotlib's constrained layout.
    size : (width, height) or str, optional
        Size to use instead, in inches, or the name of a paper size. The text of the settings
        shrinks as the figure does, so call this within `styled`, before anything is drawn.
    """
    paper = paper_of(size)
    if paper is not None:
        factor = fitting_factor(paper, width, height, font_size())
        scale_text(factor)
        size = paper.width, factor * height
    if size is not None and not isinstance(size, str) and paper is None:
        resize_text(min(1.0, size[0] / width, size[1] / height), size, (width, height))
    inches: Any = size or (width, height)
    figure = Picture(figsize=inches, layout="constrained" if constrained else None)
    figure.exact, figure.paper = size is not None, paper
    FigureCanvasAgg(figure)
    return figure


def resize_text(factor: float, size: Size, natural: Size) -> None:
    """Multiply the text sizes of the settings by a factor.

    ``size`` and ``natural`` are the wanted and the natural size of the figure, for the message.

    Raises
    ------
    PlotError
        If the text would be too small to be drawn.
    """
    if font_size() * factor < LEAST_POINTS:
        least = LEAST_POINTS / font_size()
        raise PlotError(
            f"the size is {size[0]:.3g}x{size[1]:.3g} inches, which is too small for this picture; "
            f"expected at least {least * natural[0]:.1f}x{least * natural[1]:.1f}"
        )
    scale_text(factor)


def scale_text(factor: float) -> None:
    """Multiply the text sizes of the settings by a factor."""
    for key in FONT_SIZES:
        if not isinstance(mpl.rcParams[key], str):
            mpl.rcParams[key] = mpl.rcParams[key] * factor


def given_axes(ax: Axes | Iterable[Axes] | None) -> list[Axes]:
    """Return the axes that the user passed as ``ax``; an empty list means to make a figure."""
    if ax is None:
        return []
    return [ax] if isinstance(ax, Axes) else list(np.ravel(np.array(ax, dtype=object)))


def one_each(axes: Sequence[Axes], names: Sequence[str], what: str) -> list[str]:
    """Return the panels to draw: all of ``names``, or the last one if there is only one axes.

    Raises
    ------
    PlotError
        If there are neither one axes nor as many as panels; ``what`` names the panels.
    """
    if len(axes) == 1:
        return [names[-1]]
    if len(axes) != len(names):
        raise PlotError(
            f"ax holds {len(axes)} axes, expected 1 or {len(names)}: {what} {', '.join(names)}"
        )
    return list(names)


def panels_for(
    ax: Axes | Iterable[Axes] | None,
    names: Sequence[str],
    what: str,
    *,
    width: float,
    height: float,
    size: Size | str | None,
    sharey: bool = False,
    panel_width: float | None = None,
) -> tuple[Picture | None, dict[str, Axes]]:
    """Return a new figure with one panel for each name, or the user's axes and no figure.

    Parameters
    ----------
    ax : Axes or several, optional
        The user's axes; see `one_each`.
    names : names of the panels, from left to right
    what : str
        What the names are, for the message.
    width, height, size
        As for `new_figure`.
    sharey : bool
        The panels have one y axis.
    panel_width : float, optional
        The part of ``width`` that each panel adds. On paper, panels that do not fit beside each
        other then stand one below the other.
    """
    axes = given_axes(ax)
    if axes:
        return None, dict(zip(one_each(axes, names, what), axes, strict=True))
    rows = 1
    if panel_width is not None and is_stacked(size, width):
        rows, width = len(names), width - (len(names) - 1) * panel_width
    figure = new_figure(width=width, height=rows * height, size=size)
    shape = (rows, len(names) // rows)
    panels = figure.subplots(*shape, sharey=sharey, squeeze=False).ravel()
    return figure, dict(zip(names, panels, strict=True))


def is_stacked(size: Size | str | None, width: float) -> bool:
    """Return whether panels of this width in all are too wide for a paper size."""
    paper = paper_of(size)
    return paper is not None and paper.width / width * font_size() < paper.least


def save(figure: Figure, path: str | os.PathLike[str], *, dpi: float | None = None) -> Path:
    """Write a figure in the format that the suffix names: ``.svg``, ``.png`` or ``.pdf``.

    The file is written completely or not at all, and equal figures give equal files. ``dpi`` is
    the resolution of a PNG in dots an inch; by default ``savefig.dpi``, or 200.

    Raises
    ------
    PlotError
        If the suffix is none of these.
    """
    path = Path(path)
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        expected = ", ".join(f".{name}" for name in FORMATS)
        raise PlotError(f'cannot write a figure to "{path}"; expected a suffix among {expected}')
    write_bytes(rendered(figure, suffix, dpi=dpi), path)
    return path


def rendered(figure: Figure, kind: str, *, dpi: float | None = None) -> bytes:
    """Return a figure as the content of a file of one of `FORMATS`; equal figures, equal bytes."""
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    buffer = io.BytesIO()
    if dpi is None:
        dpi = 200 if mpl.rcParams["savefig.dpi"] == "figure" else float(mpl.rcParams["savefig.dpi"])
    crop: Any = (
        {} if getattr(figure, "exact", False) else {"bbox_inches": "tight", "pad_inches": 0.05}
    )
    text: Any = {"svg.fonttype": "none"} if getattr(figure, "paper", None) else {}
    with mpl.rc_context(unchanged({**WRITING, **text})):
        figure.savefig(buffer, format=kind, dpi=dpi, metadata=undated, **crop)
    return buffer.getvalue()


def require_solved(taxonomy: Taxonomy) -> None:
    """Raise `InvalidProblemError`, with advice, if the taxonomy was not solved."""
    if taxonomy.solved:
        return
    least = taxonomy.least_budget if taxonomy.enough_budget is None else taxonomy.enough_budget
    advice = (
        f"solve it with a budget of at least {least:g}"
        if least is not None
        else "give it more time, a larger budget or fewer targets"
    )
    why = f": {taxonomy.reason}" if taxonomy.reason else ""
    raise InvalidProblemError(
        f"nothing to draw: the taxonomy of budget {taxonomy.budget:g} and order at most "
        f"{taxonomy.max_order} is {taxonomy.status}{why}; {advice}"
    )
