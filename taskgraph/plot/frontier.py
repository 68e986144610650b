"""Mean gain and quality against the supervision budget (the paper's Fig. 11)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from taskgraph.plot.colors import faint, muted, order_colors
from taskgraph.plot.errors import PlotError
from taskgraph.plot.figures import Size, panels_for
from taskgraph.plot.paper import least_points, paper_of
from taskgraph.plot.style import font_size, styled, text_scale, text_width

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
    size: Size | str | None = None,
) -> Any:
    """Draw mean gain and quality over supervision budgets, one line for each maximum order.

    Parameters
    ----------
    frame : DataFrame
        One row for each pair of ``max_order`` and ``budget``, with the means over targets
        ``gain``, ``quality`` or both, or with ``objective``. Optional columns:

        - ``gain_low``, ``gain_high``, ``quality_low``, ``quality_high``: 5th and 95th percentiles
          of random sets with random transfers (shaded), as `taskgraph.random_band` has them;
        - ``gain_best_low`` …: the same for random sets with their best transfers (hatched);
        - ``gain_greedy``, ``quality_greedy`` (or ``greedy_gain`` …): greedy sets (dashed).

        Where these differ between maximum orders, each budget shows the lowest low, the highest
        high and the highest greedy mean. Rows without a value are left out.
    measure : str, optional
        ``gain``, ``quality`` or ``objective``; by default the gain and the quality if the frame
        has them, else the objective.
    ax : Axes or several, optional
        Axes to draw on, one for each measure; a single one shows the last measure. By default a
        new figure is made.
    size : (width, height) or str, optional
        Size of the new figure, in inches, or ``"column"``, ``"page"`` or ``"poster"``.

    Returns
    -------
    Figure or Axes
        The new figure, or ``ax``.

    Raises
    ------
    PlotError
        If a column is missing, no measure has a value, or a pair of max_order and budget repeats.
    """
    measures = _measures(frame, measure)
    scale = text_scale()
    narrow = paper_of(size) is not None
    panel = scale * (2.6 if narrow else 3.2)
    width = panel * len(measures) + scale * (0.2 if narrow else 1.4)
    figure, panels = panels_for(
        ax,
        measures,
        "the measures",
        width=width,
        height=scale * (2.6 if narrow else 2.9),
        size=size,
        panel_width=panel,
    )
    for name, axes in panels.items():
        _draw_measure(axes, frame, name)
    entries = {
        text: handle
        for axes in panels.values()
        for handle, text in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    ordered = sorted(entries, key=lambda text: not text.startswith("order"))
    handles = [entries[text] for text in ordered]
    if figure is None:
        [*panels.values()][-1].legend(handles, ordered)
        return ax
    if narrow:
        columns = legend_columns(figure, ordered)
        figure.legend(handles, ordered, loc="outside lower center", ncols=columns)
    else:
        figure.legend(handles, ordered, loc="outside right center", ncols=1)
    return figure


def legend_columns(figure: Figure, entries: list[str]) -> int:
    """Return the number of columns of a legend below the panels: as many as the width holds."""
    longest = max(text_width(line) for text in entries for line in text.split("\n"))
    column = longest + 5 * font_size() / 72  # the line or patch, and the gap to the next column
    return max(1, min(len(entries), int(figure.get_figwidth() / column)))


def _measures(frame: pd.DataFrame, measure: str | None) -> list[str]:
    """Check the frame, and return the measures to draw."""
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
    measured = [name for name in wanted if name in frame and frame[name].notna().any()]
    if not measured:
        raise PlotError(f"a frontier needs values of {_either(wanted)}; it has none")
    return [name for name in measured if name != "objective"] or measured


def _either(names: list[str]) -> str:
    """Return the names as "a, b or c"."""
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _draw_measure(axes: Axes, frame: pd.DataFrame, measure: str) -> None:
    """Draw one panel: bands of random sets, greedy sets, and one line for each maximum order."""
    _draw_bands(axes, frame, measure)
    _draw_greedy(axes, frame, measure)
    measured = frame[frame[measure].notna()].sort_values(["max_order", "budget"])
    orders = sorted(frame["max_order"].unique())
    shades = order_colors(len(orders))
    for index, order in enumerate(orders):
        line = measured[measured["max_order"] == order]
        axes.plot(
            line["budget"],
            line[measure],
            color=shades[index],
            marker=MARKERS[index % len(MARKERS)],
            markersize=3.2 * text_scale(),
            markeredgewidth=0,
            linewidth=1.3 * text_scale(),
            label="order 1" if order == 1 else f"order ≤ {order:g}",
        )
    whole_ticks = float(measured["budget"].max()) >= 2
    words = MEASURES[measure] if least_points() == 0 else MEASURES[measure].replace(", ", ",\n")
    axes.set(xlabel="supervision budget", ylabel=words)
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=whole_ticks, min_n_ticks=1))
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
