"""How every figure looks, is made without a window, and is written to a file."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, ParamSpec

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Colormap, ListedColormap, to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from taskgraph.errors import InvalidProblemError, TaskgraphError
from taskgraph.tables import write_bytes
from taskgraph.taxonomy import Taxonomy

FORMATS = ("svg", "png", "pdf")
INK, MUTED, FAINT = "#1b1f24", "#6b7280", "#e7e9ec"
FONT, FONT_SIZE = "DejaVu Sans", 8.0

STYLE: Any = {
    **sns.axes_style("ticks"),
    "font.family": [FONT],  # it comes with matplotlib: the same layout everywhere
    "font.size": FONT_SIZE,
    "axes.labelsize": FONT_SIZE,
    "axes.titlesize": FONT_SIZE + 1,
    "axes.titleweight": "normal",
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.unicode_minus": True,
    "text.color": INK,
    "text.usetex": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": FONT_SIZE,
    "ytick.labelsize": FONT_SIZE,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.visible": False,
    "ytick.minor.visible": False,
    "legend.fontsize": FONT_SIZE,
    "legend.frameon": False,
    "hatch.linewidth": 0.4,
    "figure.facecolor": "white",
    "figure.dpi": 100,
    "axes.facecolor": "white",
}
WRITING: Any = {"svg.hashsalt": "taskgraph", "svg.fonttype": "path", "pdf.fonttype": 42}

P = ParamSpec("P")


class PlotError(TaskgraphError, ValueError):
    """There is nothing to draw, or a figure cannot be saved as asked."""


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw in the style of this package whatever the user's settings, and leave those alone."""

    @wraps(draw)
    def inside(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(STYLE):
            return draw(*args, **kwargs)

    return inside


def new_figure(*, width: float, height: float, constrained: bool = True) -> Figure:
    """An empty figure, in inches, that no window and no pyplot knows of."""
    figure = Figure(figsize=(width, height), layout="constrained" if constrained else None)
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: str | os.PathLike[str], *, dpi: float = 200) -> Path:
    """Write a figure in the format that the suffix names: ``.svg``, ``.png`` or ``.pdf``.

    The file appears whole or not at all, and equal figures give equal files.

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


def rendered(figure: Figure, kind: str, *, dpi: float = 200) -> bytes:
    """A figure as the content of a file of one of `FORMATS`; equal figures give equal bytes."""
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    buffer = io.BytesIO()
    with mpl.rc_context(WRITING):
        figure.savefig(
            buffer, format=kind, dpi=dpi, metadata=undated, bbox_inches="tight", pad_inches=0.05
        )
    return buffer.getvalue()


def require_solved(taxonomy: Taxonomy) -> None:
    """Raise `InvalidProblemError`, saying what would help, if there is no taxonomy to draw."""
    if taxonomy.solved:
        return
    least = taxonomy.least_budget
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


@lru_cache(maxsize=4096)
def text_width(text: str, *, size: float = FONT_SIZE) -> float:
    """Width of one line of text in inches, from the advances of the font."""
    font = FontProperties(family=FONT, size=size)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width) / 72


def text_colour(background: Any) -> str:
    """Dark or white, whichever is read more easily on a colour (contrast as in WCAG 2.1)."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(background)
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return INK if luminance > 0.2 else "white"


def win_rate_colours() -> Colormap:
    """Pale to mid blue for win rates: dark text, dark frames and dark boxes stand out from it."""
    shades = colour_map("YlGnBu")(np.linspace(0.0, 0.62, 256))
    return ListedColormap(shades).with_extremes(bad=FAINT)


def order_colours(count: int) -> list[str]:
    """A sequence for 1 to ``count`` sources, apart for the colour-blind and in grey."""
    places = np.linspace(0.0, 1.0, count) if count > 1 else np.array([0.5])
    return [to_hex(colour) for colour in colour_map("flare")(places)]


def colour_map(name: str) -> Colormap:
    """One of seaborn's or matplotlib's colour maps; cells without a value are light grey."""
    colours: Colormap = sns.color_palette(name, as_cmap=True)
    return colours.with_extremes(bad=FAINT)
