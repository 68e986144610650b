"""Follow a fit beside the true picture: its quality over iterations, and where the rule stops."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from benchmarks.prior.fitting import Iterate
from benchmarks.prior.observations import Observation, Photograph
from benchmarks.prior.quality import compared, psnr, ssim
from benchmarks.prior.stopping import Keeper, WindowedVariance

EVERY = 5
"""Iterations between two points of a curve."""
WINDOWS = (25, 50, 100)
"""The windows of which curves hold the variance of outputs."""


@dataclass(frozen=True, eq=False)
class Tracked:
    """A whole fit.

    Attributes
    ----------
    picture : (C, H, W) array
        The picture that the rule chose.
    curve : DataFrame
        ``iteration, loss, psnr`` (of the output), ``average, ssim`` (PSNR and SSIM of the average
        of outputs) and ``variance_W`` for each window W.
    metrics : dict
        ``psnr, ssim`` of the picture that the rule chose, and ``iteration``, when; those of
        `metrics_of`; and ``processor_seconds``, the time of the iterations alone.
    """

    picture: Photograph
    curve: pd.DataFrame
    metrics: dict[str, Any]


def track(
    iterates: Iterator[Iterate], task: str, observation: Observation, truth: Photograph
) -> Tracked:
    """Run a fit to its last iteration, and return its curve and what the rule chose.

    In inpainting, pictures are compared with the known pixels in place (`Observation.completed`).
    """
    keeper, variances = Keeper(), {window: WindowedVariance(window) for window in WINDOWS}
    target, rows, spent = compared(task, truth), [], 0.0
    start = time.process_time()
    for iterate in iterates:
        spent += time.process_time() - start
        picture = iterate.picture.numpy()
        keeper.add(picture)
        now = {f"variance_{window}": each.add(picture) for window, each in variances.items()}
        if iterate.number % EVERY == 0 or iterate.number == 1:
            average = keeper.average.picture
            assert average is not None
            mean = compared(task, observation.completed(average))
            rows.append(
                {
                    "iteration": iterate.number,
                    "loss": iterate.loss,
                    "psnr": psnr(compared(task, observation.completed(picture)), target),
                    "average": psnr(mean, target),
                    "ssim": ssim(mean, target),
                    **now,
                }
            )
        start = time.process_time()
    curve = pd.DataFrame(rows)
    picture = observation.completed(keeper.picture)
    pair = compared(task, picture), target
    metrics = {"psnr": psnr(*pair), "ssim": ssim(*pair), "iteration": keeper.stopper.chosen}
    metrics |= metrics_of(curve) | {"processor_seconds": round(spent, 2)}
    return Tracked(picture, curve, metrics)


def metrics_of(curve: pd.DataFrame) -> dict[str, Any]:
    """Return the metrics of a curve, in dB.

    ``peak, peak_iteration``: the best PSNR of the average of outputs, and when. ``best_output``:
    the best PSNR of an output. ``last``: PSNR of the average after the last iteration.
    """
    peak = curve.iloc[int(curve["average"].argmax())]
    return {
        "peak": float(peak["average"]),
        "peak_iteration": int(peak["iteration"]),
        "best_output": float(curve["psnr"].max()),
        "last": float(curve["average"].iloc[-1]),
    }
