"""Fit, on the train split, the constants that targets are standardized with.

The paper's constants belong to the encodings of Taskonomy's files. Each fit checks whether they
are suitable for the data at hand. If so they are used, so that losses on the real data compare with
the paper's, and ``origin`` is "published". Otherwise constants are computed from the data
("fitted").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from encoders.tasks.curves import TOP
from encoders.tasks.sample import Sample, TargetsAndMask
from taskgraph.arrays import Floats

Constants = dict[str, Any]

QUANTILE = 0.99
"""The fitted ceiling is this quantile of the numbers above 0."""

SATURATED = 0.25
"""Largest share of pixels above the published ceiling for which it is kept."""

FLAT = 0.1
"""Smallest ratio of that quantile to the published ceiling for which the latter is kept."""

TAILS = (1.0, 99.0)
"""Percentiles to which numbers are clipped before their mean and deviation are computed."""


@dataclass(frozen=True)
class PublishedConstants:
    """Mean and standard deviation of each channel's stored numbers, from the authors' code."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


def fit_ceiling(
    samples: Iterable[Sample], *, domain: str, published: float, most: float = float("inf")
) -> Constants:
    """Find the ceiling, the value that is scaled to 1, as a share of 65535.

    The fitted ceiling is the 99th percentile of the values above 0. The published ceiling is used
    instead if that percentile lies between a tenth of it and ``most`` times it, and at most a
    quarter of all pixels are above it.

    Returns
    -------
    dict
        ``ceiling``, ``origin``, and ``saturated``, the share of pixels above the published ceiling.
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


def fit_channels(
    samples: Iterable[Sample], *, domain: str, published: PublishedConstants
) -> Constants:
    """Find the mean and standard deviation of each channel over the valid pixels.

    The published ones are used instead if no mean differs from the published mean by more than the
    published deviation, and no deviation is less than half or more than twice the published one.
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


def fit_vector(samples: Iterable[Sample], *, make: Callable[[Sample], TargetsAndMask]) -> Constants:
    """Find mean and standard deviation of each number, clipped to its 1st and 99th percentile.

    The deviation of a number that does not vary is set to 1.
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


def fit_frequencies(
    samples: Iterable[Sample], *, make: Callable[[Sample], TargetsAndMask]
) -> Constants:
    """Find each class's frequency (shares that sum to 1), by which losses weigh the classes."""
    total: Floats = np.zeros(0)
    for sample in samples:
        target, counts = make(sample)
        if target.dtype.kind == "f":  # (B, C) or (B, C, H, W) probabilities
            counted = np.moveaxis(target, 1, -1)[counts].sum(axis=0, dtype=np.float64)
        else:
            counted = np.bincount(target[counts]).astype(np.float64)
        size = max(len(total), len(counted))
        total = np.pad(total, (0, size - len(total))) + np.pad(counted, (0, size - len(counted)))
    return {"frequency": (total / max(float(total.sum()), 1e-12)).tolist(), "origin": "fitted"}


def _or_one(scale: Floats) -> Floats:
    """Return the deviations, with 1 in place of 0."""
    return np.where(scale > 1e-6, scale, 1.0)
