"""Constants that targets are standardized with, from the train split.

Taskonomy's own constants belong to the encodings of its files. Each fit measures whether they
suit the data at hand; where they do, they are kept (``origin`` is "published"), so that numbers
on the real data compare with the paper's; otherwise the data's own are taken ("fitted").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from encoders.tasks.sample import Made, Sample
from taskgraph.arrays import Floats

Constants = dict[str, Any]

TOP = 65535
QUANTILE = 0.99
"""Share of the pixels that a fitted ceiling leaves below itself."""

SATURATED = 0.25
"""Share of pixels above the published ceiling from which it is not used."""

FLAT = 0.1
"""Where even the brightest pixels (that quantile) reach only this share of it, neither."""

TAILS = (1.0, 99.0)
"""Percentiles to which numbers are clipped before their mean and spread are taken."""


@dataclass(frozen=True)
class Published:
    """Mean and standard deviation of each channel's raw numbers, as the paper's code has them."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


def fit_ceiling(
    samples: Iterable[Sample], *, domain: str, published: float, most: float = float("inf")
) -> Constants:
    """The value that becomes 1: the published one, unless it saturates or is never reached.

    Values are shares of 65535. The fitted ceiling is the 99th percentile of the values above 0.
    The published one is kept if that percentile lies between a tenth of it and ``most`` times it,
    and at most a quarter of all pixels are above it.

    Returns
    -------
    dict
        ``ceiling``, ``origin``, and ``saturated``: the share of pixels above the published one.
    """
    counts = np.zeros(TOP + 1, dtype=np.int64)
    for sample in samples:
        counts += np.bincount(sample.raw[domain].reshape(-1), minlength=TOP + 1)
    values = np.arange(TOP + 1) / TOP
    total = max(counts.sum(), 1)
    saturated = float(counts[values > published].sum() / total)
    counts[0] = 0
    below = np.cumsum(counts)
    if below[-1] == 0:
        return {"ceiling": published, "origin": "published", "saturated": saturated}
    high = float(values[int(np.searchsorted(below, QUANTILE * below[-1]))])
    if saturated <= SATURATED and FLAT * published <= high <= most * published:
        return {"ceiling": published, "origin": "published", "saturated": saturated}
    return {"ceiling": high, "origin": "fitted", "saturated": saturated}


def fit_channels(samples: Iterable[Sample], *, domain: str, published: Published) -> Constants:
    """Mean and spread of each channel over valid pixels.

    The published ones are kept if no mean is further from theirs than one spread, and no spread
    is less than half or more than twice theirs.
    """
    count, total, square = 0, np.zeros(len(published.mean)), np.zeros(len(published.mean))
    for sample in samples:
        values = sample.raw[domain][sample.valid].astype(np.float64)  # (pixels, C)
        count += len(values)
        total += values.sum(axis=0)
        square += (values**2).sum(axis=0)
    mean = total / max(count, 1)
    scale = np.sqrt(np.maximum(square / max(count, 1) - mean**2, 0))
    near = np.abs(mean - published.mean) <= published.std
    alike = (scale >= 0.5 * np.array(published.std)) & (scale <= 2 * np.array(published.std))
    if count == 0 or (near.all() and alike.all()):
        return {
            "mean": list(published.mean),
            "std": list(published.std),
            "origin": "published",
        }
    return {"mean": mean.tolist(), "std": _or_one(scale).tolist(), "origin": "fitted"}


def fit_vector(samples: Iterable[Sample], *, make: Callable[[Sample], Made]) -> Constants:
    """Mean and spread of each number, after clipping it to its 1st and 99th percentile.

    A number that does not vary keeps a spread of 1.
    """
    parts: list[Floats] = []
    for sample in samples:
        values, counts = make(sample)
        parts.append(values[counts].astype(np.float64))
    values = np.concatenate(parts)
    if not len(values):
        return {"mean": 0.0, "std": 1.0, "origin": "fitted"}
    values = np.clip(values, *np.percentile(values, TAILS, axis=0))
    return {
        "mean": values.mean(axis=0).tolist(),
        "std": _or_one(values.std(axis=0)).tolist(),
        "origin": "fitted",
    }


def fit_frequencies(samples: Iterable[Sample], *, make: Callable[[Sample], Made]) -> Constants:
    """How often each class occurs (shares that sum to 1), for losses that balance them."""
    total: Floats = np.zeros(0)
    for sample in samples:
        target, counts = make(sample)
        if target.dtype.kind == "f":  # (B, C) or (B, C, H, W) probabilities
            found = np.moveaxis(target, 1, -1)[counts].sum(axis=0, dtype=np.float64)
        else:
            found = np.bincount(target[counts]).astype(np.float64)
        size = max(len(total), len(found))
        total = np.pad(total, (0, size - len(total))) + np.pad(found, (0, size - len(found)))
    return {"frequency": (total / max(float(total.sum()), 1e-12)).tolist(), "origin": "fitted"}


def _or_one(scale: Floats) -> Floats:
    return np.where(scale > 1e-6, scale, 1.0)
