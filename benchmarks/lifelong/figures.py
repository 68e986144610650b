"""Figures of the page: accuracy over classes, confusion matrices, memory and time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from benchmarks.lifelong.collect import MethodResults
from benchmarks.results.figures import new_figure, styled
from taskgraph.arrays import Floats
from taskgraph.plot.figures import Picture

COLORS = ("#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed", "#0891b2", "#4b5563")
MARKERS = "osD^vPX"
COLUMNS = 4


@styled
def accuracy_curves(methods: Mapping[str, MethodResults]) -> Picture:
    """Return the accuracy of each method over classes seen, with the range of all orders.

    After the manner of Fig. 2 of Rebuffi et al. The band is one standard deviation over class
    orders. If no classes are new after the first step, steps are on the axis.
    """
    figure = new_figure(width=5.0, height=3.2 + 0.1 * len(methods))
    axes = figure.subplots()
    for number, (name, results) in enumerate(methods.items()):
        seen = results.seen()
        growing = len(set(seen)) == len(seen)
        places = seen if growing else list(range(1, len(seen) + 1))
        axes.set_xlabel("classes seen" if growing else "steps")
        axes.set_xticks(places if len(places) <= 10 else places[:: len(places) // 5])
        _band(axes, places, 100 * results.curves(), name, number)
    axes.set_ylim(0, 102)
    axes.set_ylabel("accuracy on all classes seen, %")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=3)
    return figure


@styled
def confusion_matrices(methods: Mapping[str, MethodResults]) -> Picture:
    """Return the confusion matrix of each method on the scale log(1 + count).

    After Fig. 3 of Rebuffi et al.: rows are classes in the order of arrival, columns are
    predictions, from the first class order after its last step.
    """
    columns = min(COLUMNS, len(methods))
    rows = -(-len(methods) // columns)
    figure = new_figure(width=1.75 * columns + 0.9, height=1.95 * rows + 0.2)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    values = {name: np.log1p(results.confusion()) for name, results in methods.items()}
    most = max(float(each.max()) for each in values.values())
    for axes, (name, each) in zip(grid, values.items(), strict=False):
        image = axes.imshow(each, cmap="viridis", vmin=0, vmax=most, interpolation="nearest")
        axes.set_title(name)
    for axes in grid[len(methods) :]:
        axes.set_axis_off()
    for axes in grid:
        axes.set_xticks([])
        axes.set_yticks([])
    bar = figure.colorbar(image, ax=list(grid), shrink=0.6, label="images (scale log(1 + count))")
    counts = [count for count in (0, 1, 10, 100, 1000, 10_000) if np.log1p(count) <= most]
    bar.set_ticks([float(np.log1p(count)) for count in counts], labels=[f"{c}" for c in counts])
    figure.supylabel("class, in the order of arrival")
    figure.supxlabel("predicted class")
    return figure


@styled
def memory_and_time(methods: Mapping[str, MethodResults]) -> Picture:
    """Return the bytes of stored images and the seconds of training of each method over steps."""
    figure = new_figure(width=7.0, height=3.0 + 0.1 * len(methods))
    left, right = figure.subplots(1, 2)
    for number, (name, results) in enumerate(methods.items()):
        steps = list(range(1, len(results.seen()) + 1))
        _band(left, steps, results.stored() / 1e6, name, number)
        _band(right, steps, results.seconds(), name, number)
    left.set_ylabel("stored images, MB")
    right.set_ylabel("training of a step, seconds")
    for axes in (left, right):
        axes.set_xlabel("steps")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_yscale("symlog", linthresh=0.1)
        axes.set_ylim(bottom=0)
    figure.legend(
        *left.get_legend_handles_labels(), loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=4
    )
    return figure


def _band(axes: Axes, places: list[int], values: Floats, name: str, number: int) -> None:
    """Draw the mean of (orders, steps) values, and a band of one standard deviation."""
    color = COLORS[number % len(COLORS)]
    mean, spread = values.mean(axis=0), values.std(axis=0)
    style = "-" if number < len(COLORS) else "--"
    marker = MARKERS[number % len(MARKERS)]
    axes.plot(places, mean, style, color=color, marker=marker, ms=3.5, label=name)
    axes.fill_between(places, mean - spread, mean + spread, color=color, alpha=0.12, lw=0)
