"""The figures: PSNR and SSIM over iterations, and the losses of the impedance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.prior.curves import read_curves
from benchmarks.prior.fit_settings import TASKS
from benchmarks.prior.fits import curves_of, fits_of
from benchmarks.prior.impedance import TARGETS
from benchmarks.results.figures import INK, MUTED, new_figure, styled, write_picture

COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
"""Colors of lines that readers with any color vision tell apart (Okabe and Ito 2008)."""
CURVES, IMPEDANCE = "curves", "impedance"
"""Stems of the figures' files."""


def draw_figures(folder: Path) -> dict[str, str]:
    """Write the figures that the curves of a folder allow; return their files by stem."""
    files = {}
    tasks = [
        task
        for task in TASKS
        if any(key["part"] == "grid" and key["task"] == task for key, _ in curves_of(folder))
    ]
    if tasks:
        files[CURVES] = write_picture(curves_figure(folder, tasks), folder, CURVES)
    curves = read_curves(folder)
    if len(curves) and (curves["part"] == "impedance").any():
        figure = impedance_figure(curves[curves["part"] == "impedance"])
        files[IMPEDANCE] = write_picture(figure, folder, IMPEDANCE)
    return files


@styled
def curves_figure(folder: Path, tasks: list[str]) -> Figure:
    """Return PSNR (above) and SSIM (below) over iterations: a column a task, a line a photograph.

    Lines are of seed 0. Dots are where the rule stops; dashed lines are of single outputs.
    """
    made = new_figure(width=1.9 * len(tasks) + 0.4, height=3.6)
    axes = made.subplots(2, len(tasks), sharex=True, squeeze=False)
    stops = fits_of(folder)
    photos: dict[str, str] = {}
    for key, curve in curves_of(folder):
        if key["part"] != "grid" or key["seed"] != 0:
            continue
        color = photos.setdefault(key["photo"], COLORS[len(photos) % len(COLORS)])
        column = tasks.index(key["task"])
        same = (stops["part"] == "grid") & (stops["seed"] == 0)
        same &= (stops["task"] == key["task"]) & (stops["photo"] == key["photo"])
        stop = stops[same].iloc[-1]
        above, below = axes[0, column], axes[1, column]
        above.plot(curve["iteration"], curve["psnr"], "--", lw=0.5, color=color, alpha=0.6)
        label = key["photo"] if column == 0 else None
        above.plot(curve["iteration"], curve["average"], lw=1, color=color, label=label)
        above.plot([stop["iteration"]], [stop["stopped"]], "o", ms=3, color=color)
        below.plot(curve["iteration"], curve["ssim"], lw=1, color=color)
        below.plot([stop["iteration"]], [stop["ssim"]], "o", ms=3, color=color)
    for column, task in enumerate(tasks):
        axes[0, column].set_title(task)
        axes[1, column].set_xlabel("iteration")
        _fit_view(axes[0, column])
    axes[0, 0].set_ylabel("PSNR, dB\n(larger is better)")
    axes[1, 0].set_ylabel("SSIM\n(larger is better)")
    made.legend(loc="outside lower center", ncols=len(photos))
    _bare(axes.ravel().tolist())
    return made


def _fit_view(axis: Axes) -> None:
    """Leave out the first iterations, whose PSNR is far below the others."""
    curves = [np.asarray(line.get_ydata(), dtype=float) for line in axis.lines]
    values = np.concatenate([curve[len(curve) // 8 :] for curve in curves])
    axis.set_ylim(values.min() - 1, values.max() + 1)


@styled
def impedance_figure(curves: pd.DataFrame) -> Figure:
    """Return the loss over iterations while the network fits each of `TARGETS`."""
    made = new_figure(width=4.2, height=2.6)
    axis = made.subplots()
    for target, color in zip(TARGETS, COLORS, strict=False):
        curve = curves[curves["method"] == target].sort_values("iteration")
        if len(curve):
            axis.plot(curve["iteration"], curve["loss"], lw=1.1, color=color, label=target)
    axis.set_yscale("log")
    axis.set_xlabel("iteration")
    axis.set_ylabel("mean squared error")
    axis.legend(loc="best")
    _bare([axis])
    return made


def _bare(axes: list[Axes]) -> None:
    for axis in axes:
        axis.tick_params(colors=INK)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
        axis.grid(visible=True, lw=0.3, color=MUTED, alpha=0.3)
