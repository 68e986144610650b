"""Mean gain and quality against the supervision budget (the paper's Fig. 11)."""

from __future__ import annotations

from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from taskgraph.plot.figures import FAINT, MUTED, PlotError, new_figure, order_colours, styled

MEASURES = {
    "gain": "mean gain, against scratch",
    "quality": "mean quality, against full supervision",
    "objective": "objective",
}
MARKERS = "osD^vPX*"


@styled
def draw_frontier(frame: pd.DataFrame) -> Figure:
    """Draw what each supervision budget buys, one line a maximum order.

    Parameters
    ----------
    frame : DataFrame
        One row a (``max_order``, ``budget``), with ``gain`` and ``quality``, means over targets,
        or one of them, or only ``objective``. Optional: ``gain_low``, ``gain_high``,
        ``quality_low``, ``quality_high``, the 5th and 95th percentiles of random sets with random
        transfers (shaded), and ``gain_best_low`` …, those with their best transfers (hatched), as
        `taskgraph.random_band` has them; ``gain_greedy``, ``quality_greedy`` (or ``greedy_gain``
        …), those of greedy ones (dashed). Where these differ between maximum orders, each budget
        shows the lowest low, the highest high and the greatest greedy mean. Rows without a value
        are left out.

    Raises
    ------
    PlotError
        If a column is missing, there is nothing to draw, or a (max_order, budget) repeats.
    """
    measures = _measures(frame)
    figure = new_figure(width=3.2 * len(measures) + 1.4, height=2.9)
    panels = figure.subplots(1, len(measures), squeeze=False)[0]
    for axes, measure in zip(panels, measures, strict=True):
        _draw_measure(axes, frame, measure)
    entries = {
        text: handle
        for axes in panels
        for handle, text in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    ordered = sorted(entries, key=lambda text: not text.startswith("order"))
    figure.legend([entries[text] for text in ordered], ordered, loc="outside right center")
    return figure


def _measures(frame: pd.DataFrame) -> list[str]:
    for name in ("max_order", "budget"):
        if name not in frame:
            raise PlotError(f'a frontier needs the column "{name}"; it has {list(frame.columns)}')
    repeated = frame.duplicated(["max_order", "budget"])
    if repeated.any():
        row = frame[repeated].iloc[0]
        raise PlotError(
            f"max_order {row['max_order']:g} and budget {row['budget']:g} are in several rows; "
            "expected one row for each pair"
        )
    known = [name for name in MEASURES if name in frame and frame[name].notna().any()]
    if not known:
        raise PlotError("a frontier needs values of gain, quality or objective; it has none")
    return [name for name in known if name != "objective"] or known


def _draw_measure(axes: Axes, frame: pd.DataFrame, measure: str) -> None:
    _draw_bands(axes, frame, measure)
    _draw_greedy(axes, frame, measure)
    known = frame[frame[measure].notna()].sort_values(["max_order", "budget"])
    orders = sorted(frame["max_order"].unique())
    shades = order_colours(len(orders))
    for place, order in enumerate(orders):
        line = known[known["max_order"] == order]
        axes.plot(
            line["budget"],
            line[measure],
            color=shades[place],
            marker=MARKERS[place % len(MARKERS)],
            markersize=3.2,
            markeredgewidth=0,
            linewidth=1.3,
            label="order 1" if order == 1 else f"order ≤ {order:g}",
        )
    axes.set(xlabel="supervision budget", ylabel=MEASURES[measure])
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    sns.despine(ax=axes)


BANDS: dict[str, tuple[str, dict[str, Any]]] = {
    "": ("random sets, random transfers,\n5th to 95th percentile",
         {"color": MUTED, "alpha": 0.22, "linewidth": 0}),
    "_best": ("the same sets, best transfers,\n5th to 95th percentile",
              {"facecolor": "none", "edgecolor": MUTED, "alpha": 0.7, "hatch": "//////",
               "linewidth": 0.4}),
}  # fmt: skip


def _draw_bands(axes: Axes, frame: pd.DataFrame, measure: str) -> None:
    for name, (label, style) in BANDS.items():
        low, high = f"{measure}{name}_low", f"{measure}{name}_high"
        if low not in frame or high not in frame:
            continue
        band = frame.groupby("budget").agg({low: "min", high: "max"}).dropna()
        if band.empty:
            continue
        budgets = band.index.to_numpy(dtype=float)
        axes.fill_between(
            budgets, band[low].to_numpy(), band[high].to_numpy(), label=label, **style
        )


def _draw_greedy(axes: Axes, frame: pd.DataFrame, measure: str) -> None:
    for name in (f"{measure}_greedy", f"greedy_{measure}"):
        if name in frame and frame[name].notna().any():
            best = frame.groupby("budget")[name].max().dropna()
            axes.plot(best.index, best, color=MUTED, linestyle=(0, (4, 2)), label="greedy")
            return
