"""How every figure looks, is made without a window, and is written to a file."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
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

FONT_SIZES: tuple[Any, ...] = (
    "font.size",
    "axes.labelsize",
    "axes.titlesize",
    "xtick.labelsize",
    "ytick.labelsize",
    "legend.fontsize",
    "figure.titlesize",
)

LEAST_POINTS = 2.0
"""Smallest text that a figure is shrunk to."""

P = ParamSpec("P")
R = TypeVar("R")
Size = tuple[float, float]


class PlotError(TaskgraphError, ValueError):
    """There is nothing to draw, or a figure cannot be saved as asked."""


class Picture(Figure):
    """A figure that shows itself in a notebook, with or without matplotlib's magic command.

    ``exact``: its size was asked for, so that `rendered` crops nothing.
    """

    exact = False

    def _repr_png_(self) -> bytes:
        return rendered(self, "png", dpi=float(mpl.rcParams["figure.dpi"]))


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Draw in the style of this package, where the user's settings are matplotlib's own.

    What a style sheet or ``rcParams`` changed is respected; all settings are left as they were.
    """

    @wraps(draw)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        with mpl.rc_context(unchanged(STYLE)):
            return draw(*args, **kwargs)

    return inside


def unchanged(settings: Mapping[Any, Any]) -> dict[Any, Any]:
    """Those of the settings that the user has left at matplotlib's defaults."""
    default = mpl.rcParamsDefault
    kept = {key for key in settings if mpl.rcParams[key] == default[key]}
    if mpl.rcParams["font.sans-serif"] != default["font.sans-serif"]:
        kept.discard("font.family")
    if "font.size" not in kept:  # the other sizes then follow the user's, as in matplotlib
        kept -= set(FONT_SIZES)
    return {key: settings[key] for key in kept}


def new_figure(
    *, width: float, height: float, constrained: bool = True, size: Size | None = None
) -> Picture:
    """An empty figure, in inches, that no window and no pyplot knows of.

    With ``size`` in place of its natural width and height the text shrinks as the figure does, by
    way of the settings: call it within `styled`, before anything is drawn.
    """
    if size is not None:
        resize_text(min(1.0, size[0] / width, size[1] / height), size, (width, height))
    figure = Picture(figsize=size or (width, height), layout="constrained" if constrained else None)
    figure.exact = size is not None
    FigureCanvasAgg(figure)
    return figure


def resize_text(factor: float, size: Size, natural: Size) -> None:
    """Multiply the sizes of text in the settings.

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
    for key in FONT_SIZES:
        if not isinstance(mpl.rcParams[key], str):
            mpl.rcParams[key] = mpl.rcParams[key] * factor


def font_size() -> float:
    """Points of ordinary text in the current settings."""
    return float(mpl.rcParams["font.size"])


def ink() -> str:
    """Color of text in the current settings."""
    return to_hex(mpl.rcParams["text.color"])


def paper() -> str:
    """Color of the ground of a picture."""
    return to_hex(mpl.rcParams["axes.facecolor"])


def muted() -> str:
    """Color of what stands back: of lines of axes and of remarks."""
    return MUTED if _own_colors() else _between(0.4)


def faint() -> str:
    """Color of what is hardly there: of cells without a value and of grid lines."""
    return FAINT if _own_colors() else _between(0.88)


def _own_colors() -> bool:
    return (ink(), paper()) == (INK, "#ffffff")


def _between(share: float) -> str:
    """From the color of text, 0, to that of the paper, 1."""
    pairs = zip(to_rgb(ink()), to_rgb(paper()), strict=True)
    red, green, blue = ((1 - share) * text + share * ground for text, ground in pairs)
    return to_hex((red, green, blue))


def given_axes(ax: Axes | Iterable[Axes] | None) -> list[Axes]:
    """The axes to draw on, of one or several that were given; none: make a figure."""
    if ax is None:
        return []
    return [ax] if isinstance(ax, Axes) else list(np.ravel(np.array(ax, dtype=object)))


def one_each(axes: Sequence[Axes], names: Sequence[str], what: str) -> list[str]:
    """Which panels to draw on the axes that were given: all, or where one was given the last.

    Raises
    ------
    PlotError
        If there are as many axes as neither.
    """
    if len(axes) == 1:
        return [names[-1]]
    if len(axes) != len(names):
        raise PlotError(
            f"ax holds {len(axes)} axes, expected 1 or {len(names)}: {what} {', '.join(names)}"
        )
    return list(names)


def save(figure: Figure, path: str | os.PathLike[str], *, dpi: float | None = None) -> Path:
    """Write a figure in the format that the suffix names: ``.svg``, ``.png`` or ``.pdf``.

    The file appears whole or not at all, and equal figures give equal files. ``dpi`` are dots an
    inch of a PNG; by default those of ``savefig.dpi``, or 200.

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
    """A figure as the content of a file of one of `FORMATS`; equal figures give equal bytes."""
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    buffer = io.BytesIO()
    if dpi is None:
        dpi = 200 if mpl.rcParams["savefig.dpi"] == "figure" else float(mpl.rcParams["savefig.dpi"])
    crop: Any = (
        {} if getattr(figure, "exact", False) else {"bbox_inches": "tight", "pad_inches": 0.05}
    )
    with mpl.rc_context(unchanged(WRITING)):
        figure.savefig(buffer, format=kind, dpi=dpi, metadata=undated, **crop)
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


def text_width(text: str, *, size: float | None = None) -> float:
    """Width of one line of text in inches, from the advances of the current fonts."""
    return _text_width(text, size or font_size(), tuple(mpl.rcParams["font.family"]))


@lru_cache(maxsize=4096)
def _text_width(text: str, size: float, families: tuple[str, ...]) -> float:
    font = FontProperties(family=list(families), size=size)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width) / 72


def text_color(background: Any) -> str:
    """Dark or white, whichever is read more easily on a color (contrast as in WCAG 2.1)."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(background)
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return INK if luminance > 0.2 else "white"


def win_rate_colors() -> Colormap:
    """Pale to mid blue for win rates: dark text, dark frames and dark boxes stand out from it."""
    shades = color_map("YlGnBu")(np.linspace(0.0, 0.62, 256))
    return ListedColormap(shades).with_extremes(bad=faint())


def order_colors(count: int) -> list[str]:
    """A sequence for 1 to ``count`` sources, apart for the color-blind and in gray."""
    places = np.linspace(0.0, 1.0, count) if count > 1 else np.array([0.5])
    return [to_hex(color) for color in color_map("flare")(places)]


def color_map(name: str) -> Colormap:
    """One of seaborn's or matplotlib's color maps; cells without a value are light gray."""
    colors: Colormap = sns.color_palette(name, as_cmap=True)
    return colors.with_extremes(bad=faint())
