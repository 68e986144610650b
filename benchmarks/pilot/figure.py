"""The curves of the pilot: validation loss over steps, a panel a target."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.pilot.last_run import PilotRun, kind_of
from benchmarks.pilot.networks import LONG, SHORT
from benchmarks.results.figures import INK, MUTED, new_figure, styled
from taskgraph.tasks import AVERAGE, SCRATCH, SELF

STEM = "curves"
COLORS = {"single": MUTED, "set": "#2a7f9e", SCRATCH: "#c4572e", AVERAGE: INK}
ACROSS = 3
"""Panels in a row."""


@styled
def figure(run: PilotRun) -> Figure:
    """Return the figure.

    A line is the long training of one network and ends where it stopped; a dot is the validation
    loss that the short training of the same network ended with, at its own number of steps.
    """
    rows = -(-len(run.targets) // ACROSS)
    made = new_figure(width=7.4, height=2.5 * rows)
    axes = made.subplots(rows, min(ACROSS, len(run.targets)), squeeze=False).ravel()
    for axis, target in zip(axes, run.targets, strict=False):
        _panel(axis, run, target)
    for axis in axes[len(run.targets) :]:
        axis.set_axis_off()
    handles = [
        axes[0].plot([], [], color=color, lw=1.2, label=_label(kind))[0]
        for kind, color in COLORS.items()
    ]
    made.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False)
    return made


def _label(kind: str) -> str:
    names = {"single": "single sources", "set": "sets", AVERAGE: "average (constant)"}
    return names.get(kind, kind)


def _panel(axis: Axes, run: PilotRun, target: str) -> None:
    own = run.curves[run.curves["target"] == target]
    for key in ("single", "set", SCRATCH, AVERAGE):
        for sources, steps in own[own["training"] == LONG].groupby("sources"):
            if kind_of(str(sources)) == key:
                ordered = steps.sort_values("step")
                axis.plot(ordered["step"], ordered["valid_loss"], lw=0.7, color=COLORS[key])
    short = own[own["training"] == SHORT]
    if len(short):
        for sources, curve in short.groupby("sources"):
            step, loss = curve["step"].max(), curve["valid_loss"].min()
            color = COLORS[kind_of(str(sources))]
            axis.plot([step], [loss], "o", ms=2.5, mfc="none", color=color)
    networks = run.networks
    itself = networks[(networks["target"] == target) & (networks["sources"] == SELF)]
    if len(itself):
        axis.axhline(float(itself["valid_loss"].iloc[-1]), lw=0.8, ls=":", color=INK)
    axis.set_ylim(*_limits(own[own["training"] == LONG], itself))
    axis.set_title(target)
    axis.set_xlabel("steps")
    axis.set_ylabel("validation loss")
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


def _limits(curves: pd.DataFrame, itself: pd.DataFrame) -> tuple[float, float]:
    """Return limits that show all ends; the first evaluations of bad read-outs are cut off."""
    if curves.empty:
        return 0.0, 1.0
    low = float(curves["valid_loss"].min())
    if len(itself):
        low = min(low, float(itself["valid_loss"].iloc[-1]))
    ends = curves.sort_values("step").groupby("sources")["valid_loss"].min()
    high = max(float(ends.max()), float(curves["valid_loss"].quantile(0.9)))
    edge = 0.05 * (high - low) or 0.01
    return low - edge, high + edge
