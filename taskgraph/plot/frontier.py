"""Mean gain and quality against the supervision budget (the paper's Fig. 11)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from taskgraph.plot.figures import (
    FONT_SIZE,
    PlotError,
    Size,
    faint,
    font_size,
    given_axes,
    muted,
    new_figure,
    one_each,
    order_colors,
    styled,
)

MEASURES = {
    "gain": "mean gain, against scratch",
    "quality": "mean quality, against full supervision",
    "objective": "objective",
}
MARKERS = "osD^vPX*"


@styled
def draw_frontier(
    frame: pd.DataFrame,
    *,
    measure: str | None = None,
    ax: Axes | Iterable[Axes] | None = None,
    size: Size | None = None,
) -> Any:
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
    measure : str, optional
        ``gain``, ``quality`` or ``objective``; by default gain and quality, as far as they are
        there, or else the objective.
    ax : Axes or several, optional
        Where to draw, one for each measure; on a single one the last. By default a new figure is
        made.
    size : (width, height), optional
        Of the new figure, in inches.

    Returns
    -------
    Figure or Axes
        ``ax`` where it was given.

    Raises
    ------
    PlotError
        If a column is missing, there is nothing to draw, or a (max_order, budget) repeats.
    """
    measures = _measures(frame, measure)
    made, panels = None, given_axes(ax)
    if panels:
        measures = one_each(panels, measures, "the measures")
    else:
        scale = font_size() / FONT_SIZE
        width, height = scale * (3.2 * len(measures) + 1.4), scale * 2.9
        made = new_figure(width=width, height=height, size=size)
        panels = list(made.subplots(1, len(measures), squeeze=False)[0])
    for axes, name in zip(panels, measures, strict=True):
        _draw_measure(axes, frame, name)
    entries = {
        text: handle
        for axes in panels
        for handle, text in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    ordered = sorted(entries, key=lambda text: not text.startswith("order"))
    handles = [entries[text] for text in ordered]
    if made is None:
        panels[-1].legend(handles, ordered)
        return ax
    made.legend(handles, ordered, loc="outside right center")
    return made


def _measures(frame: pd.DataFrame, measure: str | None) -> list[str]:
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
    if measure is not None and measure not in MEASURES:
        raise PlotError(f'the measure is "{measure}", expected one of {", ".join(MEASURES)}')
    wanted = [measure] if measure else [*MEASURES]
    known = [name for name in wanted if name in frame and frame[name].notna().any()]
    if not known:
        raise PlotError(f"a frontier needs values of {_either(wanted)}; it has none")
    return [name for name in known if name != "objective"] or known


def _either(names: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _draw_measure(axes: Axes, frame: pd.DataFrame, measure: str) -> None:
    _draw_bands(axes, frame, measure)
    _draw_greedy(axes, frame, measure)
    known = frame[frame[measure].notna()].sort_values(["max_order", "budget"])
    orders = sorted(frame["max_order"].unique())
    shades = order_colors(len(orders))
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
    whole = float(known["budget"].max()) >= 2
    axes.set(xlabel="supervision budget", ylabel=MEASURES[measure])
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=whole, min_n_ticks=1))
    axes.grid(axis="y", color=faint(), linewidth=0.6)
    axes.set_axisbelow(True)
    sns.despine(ax=axes)


BANDS = {
    "": "random sets, random transfers,\n5th to 95th percentile",
    "_best": "the same sets, best transfers,\n5th to 95th percentile",
}


def _band_style(name: str) -> dict[str, Any]:
    if name:
        return {
            "facecolor": "none",
            "edgecolor": muted(),
            "alpha": 0.7,
            "hatch": "//////",
            "linewidth": 0.4,
        }
    return {"color": muted(), "alpha": 0.22, "linewidth": 0}


def _draw_bands(axes: Axes, frame: pd.DataFrame, measure: str) -> None:
    for name, label in BANDS.items():
        low, high = f"{measure}{name}_low", f"{measure}{name}_high"
        if low not in frame or high not in frame:
            continue
        band = frame.groupby("budget").agg({low: "min", high: "max"}).dropna()
        if band.empty:
            continue
        budgets = band.index.to_numpy(dtype=float)
        axes.fill_between(
            budgets,
            band[low].to_numpy(),
            band[high].to_numpy(),
            label=label,
            **_band_style(name),
        )


def _draw_greedy(axes: Axes, frame: pd.DataFrame, measure: str) -> None:
    for name in (f"{measure}_greedy", f"greedy_{measure}"):
        if name in frame and frame[name].notna().any():
            best = frame.groupby("budget")[name].max().dropna()
            axes.plot(best.index, best, color=muted(), linestyle=(0, (4, 2)), label="greedy")
            return
