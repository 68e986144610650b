"""Colors of figures: text and paper of the current settings, win rates, orders."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.colors import Colormap, ListedColormap, to_hex, to_rgb

from taskgraph.plot.style import FAINT, INK, MUTED


def ink() -> str:
    """Return the color of text in the current settings."""
    return to_hex(mpl.rcParams["text.color"])


def panel_background() -> str:
    """Return the background color of a panel in the current settings."""
    return to_hex(mpl.rcParams["axes.facecolor"])


def muted() -> str:
    """Return the color of axes, remarks and other secondary lines."""
    return MUTED if _own_colors() else _between(0.4)


def faint() -> str:
    """Return the color of cells without a value and of grid lines."""
    return FAINT if _own_colors() else _between(0.88)


def _own_colors() -> bool:
    """Return whether text and background have the colors of this style."""
    return (ink(), panel_background()) == (INK, "#ffffff")


def _between(share: float) -> str:
    """Return a mixture of the colors of text (share 0) and background (share 1)."""
    pairs = zip(to_rgb(ink()), to_rgb(panel_background()), strict=True)
    red, green, blue = ((1 - share) * text + share * ground for text, ground in pairs)
    return to_hex((red, green, blue))


def text_color(background: Any) -> str:
    """Return dark or white, whichever is easier to read on a color (contrast as in WCAG 2.1)."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(background)
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return INK if luminance > 0.2 else "white"


def win_rate_colors() -> Colormap:
    """Return a color map of win rates, pale to medium blue, on which dark text is readable."""
    shades = color_map("YlGnBu")(np.linspace(0.0, 0.62, 256))
    return ListedColormap(shades).with_extremes(bad=faint())


def order_colors(count: int) -> list[str]:
    """Return a color for each order from 1 to ``count``, distinct to the color-blind, too."""
    positions = np.linspace(0.0, 1.0, count) if count > 1 else np.array([0.5])
    return [to_hex(color) for color in color_map("flare")(positions)]


def color_map(name: str) -> Colormap:
    """Return a color map of seaborn or matplotlib; cells without a value are light gray."""
    colors: Colormap = sns.color_palette(name, as_cmap=True)
    return colors.with_extremes(bad=faint())
