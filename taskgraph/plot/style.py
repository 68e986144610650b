"""The style of every figure: the settings of matplotlib that a user has left unchanged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
import seaborn as sns
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from taskgraph.plot.paper import PaperSize, least_points, least_text, paper_of

INK, MUTED, FAINT = "#1b1f24", "#6b7280", "#e7e9ec"
"""Colors of text, of remarks and axes, and of empty cells and grid lines."""

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
"""Settings of text sizes, in points."""

LINES: tuple[Any, ...] = (
    "axes.linewidth",
    "xtick.major.width",
    "ytick.major.width",
    "xtick.major.size",
    "ytick.major.size",
)
"""Settings of axes and ticks, in points; on paper they grow and shrink with the text."""

P = ParamSpec("P")
R = TypeVar("R")


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Make a function draw in this style, except for settings that the user has changed.

    The user's settings (``rcParams``) are the same afterwards. A ``size`` that names a paper size
    sets the sizes of text.
    """

    @wraps(draw)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        """Draw within the style's settings."""
        size: Any = kwargs.get("size")
        paper = paper_of(size)
        with (
            mpl.rc_context(unchanged(STYLE)),
            mpl.rc_context(text_sizes(paper)),
            least_text(paper),
        ):
            return draw(*args, **kwargs)

    return inside


def text_sizes(paper: PaperSize | None) -> dict[Any, Any]:
    """Return the settings of text sizes and of axes and ticks for a paper size; none for None."""
    if paper is None:
        return {}
    scale = paper.points / FONT_SIZE
    lines = {name: scale * STYLE[name] for name in LINES}
    return (
        dict.fromkeys(FONT_SIZES, paper.points) | {"axes.titlesize": 1.125 * paper.points} | lines
    )


def unchanged(settings: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return the settings that the user has left at matplotlib's defaults."""
    default = mpl.rcParamsDefault
    default_keys = {key for key in settings if mpl.rcParams[key] == default[key]}
    if mpl.rcParams["font.sans-serif"] != default["font.sans-serif"]:
        default_keys.discard("font.family")
    if "font.size" not in default_keys:  # the other sizes then follow the user's, as in matplotlib
        default_keys -= set(FONT_SIZES)
    return {key: settings[key] for key in default_keys}


def font_size() -> float:
    """Return the size of ordinary text in the current settings, in points."""
    return float(mpl.rcParams["font.size"])


def smaller(factor: float) -> float:
    """Return ``factor`` times the size of ordinary text, in points, but not less than is allowed.

    The least size is that of the figure's paper size; see `taskgraph.plot.paper`.
    """
    return max(factor * font_size(), least_points())


def text_scale() -> float:
    """Return the ratio of the current text size to that of this style."""
    return font_size() / FONT_SIZE


def text_width(text: str, *, size: float | None = None) -> float:
    """Return the width of one line of text in the current fonts, in inches."""
    return _text_width(text, size or font_size(), tuple(mpl.rcParams["font.family"]))


@lru_cache(maxsize=4096)
def _text_width(text: str, size: float, families: tuple[str, ...]) -> float:
    font = FontProperties(family=list(families), size=size)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width) / 72
