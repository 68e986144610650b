"""Figures of the page: heatmaps of matrices and confusions, and curves over samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from benchmarks.results.figures import INK, MUTED, new_figure, styled
from taskgraph.arrays import Floats
from taskgraph.plot.figures import Picture

COLORS = ("#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed", "#0891b2", "#4b5563")
MARKERS = "osD^vPX"


@styled
def heatmaps(
    names: Sequence[str], panels: Mapping[str, Floats], *, rows: str, columns: str, unit: str
) -> Picture:
    """Return one heatmap a panel, all in one color scale from 0, with the numbers in the cells.

    Parameters
    ----------
    names : K names of data sets
    panels : (K, K) arrays by title
    rows, columns : str
        Titles of the axes.
    unit : str
        Title of the color bar.
    """
    side = 0.45 * len(names) + 0.9
    figure = new_figure(width=side * len(panels) + 1.6, height=side + 0.7)
    axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    most = max(float(np.max(each)) for each in panels.values())
    image = None
    for k, (title, values) in enumerate(panels.items()):
        image = axes[k].imshow(values, cmap="Blues", vmin=0, vmax=most)
        _cells(axes[k], values, most)
        axes[k].set_title(title.replace(", ", ",\n"))
        axes[k].set_xticks(range(len(names)), names, rotation=45, ha="right")
        axes[k].set_yticks(range(len(names)), names)
        axes[k].tick_params(length=0)
        axes[k].set_xlabel(columns)
    axes[0].set_ylabel(rows)
    assert image is not None
    figure.colorbar(image, ax=list(axes), label=unit, shrink=0.8)
    return figure


def _cells(axes: Axes, values: Floats, most: float) -> None:
    """Write each value into its cell, and frame the diagonal."""
    for row, column in np.ndindex(values.shape):
        color = "white" if values[row, column] > 0.6 * most else INK
        weight = "bold" if row == column else "normal"
        text = f"{values[row, column]:.0f}"
        axes.text(column, row, text, ha="center", va="center", color=color, weight=weight)


@styled
def naming_curves(curves: Mapping[str, tuple[Sequence[int], Floats]], chance: float) -> Picture:
    """Return the accuracy of naming data sets over training samples, with intervals over seeds.

    Parameters
    ----------
    curves : by label: the S sizes, and an (S, 3) array of mean, low and high in percent
    chance : float
        Accuracy of guessing, in percent.
    """
    figure = new_figure(width=4.6, height=2.9 + 0.18 * len(curves))
    axes = figure.subplots()
    for k, (label, (sizes, values)) in enumerate(curves.items()):
        color = COLORS[k % len(COLORS)]
        axes.plot(sizes, values[:, 0], color=color, marker=MARKERS[k % 7], ms=3.5, label=label)
        axes.fill_between(sizes, values[:, 1], values[:, 2], color=color, alpha=0.15, lw=0)
    axes.axhline(chance, color=MUTED, lw=0.8, ls="--", label=f"chance ({chance:.0f} %)")
    every = sorted({size for sizes, _ in curves.values() for size in sizes})
    axes.set_xscale("log")
    axes.set_xticks(every, [str(size) for size in every])
    axes.minorticks_off()
    axes.set_ylim(0, 102)
    axes.set_xlabel("training samples of each set")
    axes.set_ylabel("samples whose set is named correctly, %")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2))
    return figure
