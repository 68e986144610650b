"""Speed at which the prior fits a photograph, a noisy one, shuffled pixels, and noise.

The network resists noise: its loss falls later. This is figure 2 of Ulyanov et al. (2018).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from benchmarks.prior.curves import add_curve
from benchmarks.prior.fit_settings import SMALL, FitSettings
from benchmarks.prior.fitting import fit_prior
from benchmarks.prior.observations import Photograph, whole
from benchmarks.prior.photographs import photograph
from benchmarks.prior.settings import Settings
from benchmarks.prior.tracking import EVERY
from benchmarks.results.log import Log

TARGETS = ("photograph", "photograph + noise", "shuffled pixels", "noise")
LEVELS = (0.01, 0.003)
"""Losses of which the first iteration below is recorded."""


def targets(photo: Photograph, seed: int, *, sigma: float = 25 / 255) -> Iterator[Photograph]:
    """Yield the pictures of `TARGETS`, all in [0, 1]; noise is uniform there."""
    rng = np.random.default_rng(seed)
    yield photo
    yield np.clip(photo + rng.normal(0, sigma, photo.shape), 0, 1).astype(np.float32)
    flat = photo.reshape(len(photo), -1)
    yield np.ascontiguousarray(flat[:, rng.permutation(flat.shape[1])]).reshape(photo.shape)
    yield rng.random(photo.shape, dtype=np.float32)


def losses(picture: Photograph, fit_settings: FitSettings, *, seed: int) -> pd.DataFrame:
    """Return ``iteration, loss``: the mean squared error while the network fits a picture."""
    iterates = fit_prior(whole(picture), fit_settings, seed=seed)
    return pd.DataFrame(
        {"iteration": each.number, "loss": each.loss}
        for each in iterates
        if each.number % EVERY == 0 or each.number == 1
    )


def measure_impedance(settings: Settings, log: Log) -> None:
    """Record the loss of each target after the last iteration, and add its curve."""
    fit_settings = replace(SMALL["denoise"], iterations=settings.iterations, jitter=0.0)
    name = settings.photos[0]
    photo = photograph(name, settings.size)
    for target, picture in zip(TARGETS, targets(photo, seed=0), strict=True):
        asked = {
            "part": "impedance",
            "task": "impedance",
            "photo": name,
            "method": target,
            "size": settings.size,
            "iterations": fit_settings.iterations,
        }
        if log.has(asked, seed=0):
            continue
        start = time.perf_counter()
        curve = losses(picture, fit_settings, seed=0)
        add_curve(log.folder, {**asked, "seed": 0}, curve)
        below = {f"first_below_{level}": first_below(curve, level) for level in LEVELS}
        metrics = {"final_loss": float(curve["loss"].iloc[-1]), **below}
        log.add(asked, metrics, seed=0, seconds=round(time.perf_counter() - start, 2))
        print(f"impedance: {target}: {metrics['final_loss']:.5f}", flush=True)


def first_below(curve: pd.DataFrame, level: float) -> int | None:
    """Return the first iteration whose loss is below a level; None if there is none."""
    found = curve.loc[curve["loss"] < level, "iteration"]
    return int(found.iloc[0]) if len(found) else None
