"""Curves over the number of layers kept, for ResNet-8 and Lite0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from benchmarks.finetune.summary import values_of
from benchmarks.results.measures import Estimate
from benchmarks.results.record import Record


def kept_layers(records: Sequence[Record]) -> list[int]:
    """Return the numbers of layers kept of the records, in increasing order, without 0."""
    return sorted(kept for kept in values_of(records, "kept") if kept > 0)


def draw_curve(
    axis: Axes,
    found: Mapping[int, Estimate | None],
    name: str,
    style: tuple[str, str, str],
    *,
    shift: float = 0.0,
) -> None:
    """Draw the means of estimates over K, with their intervals, as a line.

    ``style`` is color, marker and line; ``shift`` moves the line to the right, in layers.
    """
    color, marker, line = style
    whole = {k: each for k, each in found.items() if each is not None}
    axis.errorbar(
        [k + shift for k in whole],
        [100 * each.mean for each in whole.values()],
        [100 * (each.high - each.mean) for each in whole.values()],
        color=color,
        marker=marker,
        ls=line,
        ms=3.5,
        lw=1,
        elinewidth=0.7,
        mfc="white" if line == "--" else color,
        label=name,
    )


def legend_below(axis: Axes) -> None:
    """Put the legend of a panel below it, so that it covers no curve."""
    axis.legend(fontsize=7.5, loc="upper center", bbox_to_anchor=(0.5, -0.24), ncols=2)
