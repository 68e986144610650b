"""Figures of the page: the main task over data-set size, gains by method, affinity and gain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from benchmarks.multitask.affinity_pairs import ALWAYS
from benchmarks.multitask.collect import (
    MultitaskResults,
    PairResults,
    condition_measures,
    method_gains,
)
from benchmarks.multitask.measures import over_seeds
from benchmarks.multitask.plan import CONDITIONS, PairsPlan, SetPlan
from benchmarks.multitask.tables import LABELS
from benchmarks.results.figures import MUTED, new_figure, styled
from benchmarks.results.measures import Estimate
from taskgraph.plot.figures import Picture

COLORS = ("#4b5563", "#d97706", "#059669", "#2563eb", "#dc2626", "#7c3aed")
MARKERS = "os^DvP"


@styled
def regularization(results: MultitaskResults, plans: Sequence[SetPlan]) -> Picture:
    """Return test measure (above) and gap between test and training (below) over data-set size.

    A column a set, a line a condition; bars are 95 % intervals over seeds.
    """
    figure = new_figure(width=2.6 * len(plans) + 0.6, height=5.0)
    grid = figure.subplots(2, len(plans), squeeze=False, sharex="col")
    for column, plan in enumerate(plans):
        for row in (0, 1):
            axes = grid[row, column]
            for number, name in enumerate(CONDITIONS):
                values = [
                    over_seeds(condition_measures(results, plan, name, images)[row])
                    for images in plan.sizes
                ]
                places = np.array(plan.sizes) * 1.06 ** (number - 2)
                _points(axes, places.tolist(), values, LABELS[name], number, line=True)
            axes.set_xscale("log")
            axes.set_xticks(plan.sizes, [str(images) for images in plan.sizes])
            axes.minorticks_off()
        grid[0, column].set_title(f"{plan.base.data}: {plan.main}")
        grid[1, column].set_xlabel("training images")
    grid[0, 0].set_ylabel("test loss or share wrong\n(smaller is better)")
    grid[1, 0].set_ylabel("test – train, same unit\n(smaller is better)")
    figure.legend(
        *grid[0, 0].get_legend_handles_labels(),
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        ncols=min(3, 1 + len(plans)),
    )
    return figure


@styled
def method_comparison(results: MultitaskResults, plans: Sequence[SetPlan]) -> Picture:
    """Return the gain of each task and Delta_m by every method, a panel a set."""
    most = max(len(plan.methods) for plan in plans)
    figure = new_figure(width=2.9 * len(plans) + 0.8, height=0.34 * most + 1.6)
    grid = figure.subplots(1, len(plans), squeeze=False)[0]
    for axes, plan in zip(grid, plans, strict=True):
        count = len(plan.base.tasks) + 1
        for number in range(count):
            values = []
            for method in plan.methods:
                gains, mean = method_gains(results, plan, method)
                values.append([*gains, mean][number])
            last = number == count - 1
            label = "Δ_m" if last else plan.base.tasks[number]
            places = np.arange(len(values)) + 0.6 * (number / (count - 1) - 0.5)
            _points(axes, places.tolist(), values, label, number, across=True)
        axes.axvline(0, color=MUTED, lw=0.8)
        axes.set_yticks(range(len(plan.methods)), plan.methods)
        axes.invert_yaxis()
        axes.set_title(plan.base.data)
        axes.set_xlabel("gain over each task alone, %\n(larger is better)")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)
    return figure


@styled
def affinity_and_gain(plan: PairsPlan, found: PairResults) -> Picture:
    """Return the gain of a transfer's target, and of its source, over the transfer's affinity."""
    figure = new_figure(width=6.6, height=3.4)
    panels = figure.subplots(1, 2, sharey=True)
    shown = zip(panels, (found.target_gains, found.source_gains), ("target", "source"), strict=True)
    marked = np.array([plan.pairs[place].tasks == ALWAYS for place in found.clusters])
    for axes, gains, name in shown:
        axes.axhline(0, color=MUTED, lw=0.8)
        axes.plot(found.shares[~marked], gains[~marked], "o", color=COLORS[3], ms=4)
        label = "depth and normals"
        axes.plot(found.shares[marked], gains[marked], "D", color=COLORS[4], ms=5, label=label)
        axes.set_xlabel("transfer affinity (rank share)")
        axes.set_title(f"gain of the transfer's {name}")
        axes.set_xlim(-0.05, 1.05)
    panels[0].set_ylabel("gain by joint training, %\n(larger is better)")
    if marked.any():
        panels[0].legend(loc="best")
    return figure


def _points(
    axes: Axes,
    places: Sequence[float],
    values: Sequence[Estimate],
    label: str,
    number: int,
    *,
    line: bool = False,
    across: bool = False,
) -> None:
    """Draw means with their intervals."""
    means = np.array([each.mean for each in values])
    bars = np.abs([[e.mean - e.low for e in values], [e.high - e.mean for e in values]])
    x, y = (means, places) if across else (places, means)
    axes.errorbar(
        x,
        y,
        xerr=bars if across else None,
        yerr=None if across else bars,
        fmt=MARKERS[number % len(MARKERS)] + ("-" if line else ""),
        color=COLORS[number % len(COLORS)],
        ms=3.5,
        lw=1,
        elinewidth=0.8,
        label=label,
    )
