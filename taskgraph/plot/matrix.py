"""A matrix drawn as colored cells, and the color bar below it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap, Normalize

from taskgraph.plot.colors import faint, panel_background
from taskgraph.plot.paper import least_points
from taskgraph.plot.style import text_width


def draw_matrix(
    axes: Axes,
    values: pd.DataFrame,
    *,
    colors: Colormap,
    norm: Normalize,
    title: str,
    columns: Sequence[str],
    rows: Sequence[str] | None = None,
    **settings: Any,
) -> None:
    """Draw one cell for each value; cells without a value are gray.

    Parameters
    ----------
    values : DataFrame
    colors, norm
        Color map, and the range of the values.
    columns, rows : labels
        By default the rows keep the labels that the axes have.
    **settings
        Further keywords of `seaborn.heatmap`.
    """
    labels = {} if rows is None else {"yticklabels": rows}
    sns.heatmap(
        values,
        ax=axes,
        cmap=colors,
        norm=norm,
        mask=values.isna(),
        cbar=False,
        linewidths=0.4,
        linecolor=panel_background(),
        xticklabels=columns,
        **labels,
        **settings,
    )
    axes.set_facecolor(faint())
    axes.set_title(title)
    axes.set_ylabel("")
    axes.tick_params(length=0, pad=2)
    axes.tick_params(axis="y", labelrotation=0)


def draw_bar(axes: Axes, label: str, *, aspect: float, shrink: float) -> Colorbar:
    """Draw the color bar of a matrix below its panel; ``aspect`` and ``shrink`` say its size."""
    bar = axes.figure.colorbar(
        axes.collections[0], ax=axes, location="bottom", aspect=aspect, shrink=shrink, pad=0.01
    )
    bar.outline.set_visible(False)
    bar.set_label(label if least_points() == 0 else wrapped(label, axes))
    return bar


def wrapped(label: str, axes: Axes) -> str:
    """Return a label in lines that are about as wide as the panel; each keeps its own breaks."""
    letter = text_width("n")
    most = max(12, int(_share(axes) / letter))
    return "\n".join(part for line in label.split("\n") for part in textwrap.wrap(line, most))


def _share(axes: Axes) -> float:
    """Return the width that a panel has if all panels of its row are equally wide, in inches."""
    place = axes.get_subplotspec()
    columns = 1 if place is None else place.get_gridspec().ncols
    whole = axes.get_figure(root=True)
    return 0.0 if whole is None else float(whole.get_figwidth()) * 0.75 / columns
