"""The fits of a folder as a table: peak, stop and gap of each, from the curves alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.prior.curves import read_curves
from benchmarks.prior.stopping import RULE, Rule, stop_of
from benchmarks.prior.tracking import WINDOWS

KEY = ("part", "task", "photo", "method", "size", "iterations", "seed")

PATIENCES, LAGS = (100, 200, 300, 400), (0, 50, 100, 150, 200, 300, 400)

CHOOSING = ("denoise", "inpaint")
"""The rule is chosen on the fits of validation to these tasks: with noise, and without."""


def fits_of(folder: Path, rule: Rule = RULE) -> pd.DataFrame:
    """Return one row a fit to a task, from the curves of a folder.

    Returns
    -------
    DataFrame
        `KEY`; ``peak, peak_iteration``: the best PSNR of the average of outputs; ``output``: the
        best PSNR of an output; ``stopped, ssim, iteration``: where the rule stops; ``gap``: peak −
        stopped; ``last``: after the last iteration. PSNR is in dB. Curves have a point every five
        iterations; the values at a stop are interpolated.
    """
    rows = [{**key, **_summary(curve, rule)} for key, curve in curves_of(folder)]
    return pd.DataFrame(rows)


def curves_of(folder: Path) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """Yield the key and the curve of each fit to a task, without those of the impedance."""
    curves = read_curves(folder)
    if not len(curves):
        return
    for values, curve in curves[curves["part"] != "impedance"].groupby(list(KEY), sort=False):
        yield dict(zip(KEY, values, strict=True)), curve.sort_values("iteration")


def _summary(curve: pd.DataFrame, rule: Rule) -> dict[str, float]:
    numbers = curve["iteration"].tolist()
    stop = stop_of(numbers, curve[f"variance_{rule.window}"].tolist(), rule)
    stopped, ssim = (float(np.interp(stop, numbers, curve[name])) for name in ("average", "ssim"))
    peak = curve.iloc[int(curve["average"].argmax())]
    return {
        "peak": float(peak["average"]),
        "peak_iteration": int(peak["iteration"]),
        "output": float(curve["psnr"].max()),
        "stopped": stopped,
        "ssim": ssim,
        "iteration": stop,
        "gap": float(peak["average"]) - stopped,
        "last": float(curve["average"].iloc[-1]),
    }


def tried_rules(folder: Path) -> pd.DataFrame:
    """Return every rule that was tried, with its gaps on validation for the tasks `CHOOSING`.

    Returns
    -------
    DataFrame
        ``window, patience, lag, mean, median, largest`` (gaps in dB), the smallest mean first;
        among equals the smallest patience first.
    """
    curves = [
        curve
        for key, curve in curves_of(folder)
        if key["part"] == "validation" and key["task"] in CHOOSING
    ]
    if not curves:
        return pd.DataFrame()
    rows = []
    for rule in rules():
        gaps = [_summary(curve, rule)["gap"] for curve in curves]
        names = {"window": rule.window, "patience": rule.patience, "lag": rule.lag}
        found = {"mean": np.mean(gaps), "median": np.median(gaps), "largest": max(gaps)}
        rows.append({**names, **found})
    order = ["mean", "patience", "window", "lag"]
    return pd.DataFrame(rows).round(6).sort_values(order, ignore_index=True)


def rules() -> Sequence[Rule]:
    """Return the rules that were tried."""
    return [
        Rule(window, patience, lag)
        for window, patience, lag in itertools.product(WINDOWS, PATIENCES, LAGS)
        if lag <= patience
    ]
