"""How many labeled real views a drawn one is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from taskgraph.arrays import Floats

RESAMPLES, LEVEL = 2000, 0.95
Curve = Mapping[int, float]
"""The measure by the number of labeled real views."""


@dataclass(frozen=True)
class ViewWorth:
    """The worth of a drawn view in labeled real views.

    Attributes
    ----------
    value, low, high : float
        Of the mean over seeds, and its bootstrap interval over seeds.
    below, above : bool
        Whether ``low`` (``high``) is only a bound, since the measure lies beyond those of the
        real views alone.
    """

    value: float
    low: float
    high: float
    below: bool
    above: bool


def equivalent_views(counts: ArrayLike, values: ArrayLike, reached: float) -> float:
    """Return how many labeled real views alone reach a measure.

    The curve of the real views is made monotone by its running maximum, and interpolated linearly
    in the logarithm of the count. A measure below (above) the curve gives its first (last) count.

    Parameters
    ----------
    counts, values : (K,) arrays
        Increasing counts, and the measures; larger is better.
    reached : float
    """
    rising = np.maximum.accumulate(np.asarray(values, np.float64))
    logs = np.log(np.asarray(counts, np.float64))
    if reached <= rising[0]:
        return float(np.exp(logs[0]))
    if reached >= rising[-1]:
        return float(np.exp(logs[int(np.argmax(rising >= rising[-1]))]))
    place = int(np.searchsorted(rising, reached, side="left"))
    part = (reached - rising[place - 1]) / (rising[place] - rising[place - 1])
    return float(np.exp(logs[place - 1] + part * (logs[place] - logs[place - 1])))


def view_worth(
    real: Mapping[int, Curve],
    other: Mapping[int, float],
    *,
    labels: int,
    synthetic: int,
    larger_is_better: bool = True,
    seed: int = 0,
) -> ViewWorth:
    """Return (n' − n) / N: n labeled real and N drawn views are as good as n' real ones alone.

    The measures are averaged over seeds before n' is found, and the interval is that of resampled
    seeds, which are the same ones for both sides.

    Parameters
    ----------
    real : measures of real views alone, by seed and number of labels
    other : measures with drawn views, by seed
    labels, synthetic : int
        n and N.
    """
    sign = 1 if larger_is_better else -1
    seeds = sorted(real.keys() & other.keys())
    counts = sorted(set.intersection(*(set(real[k]) for k in seeds)))
    curves = sign * np.array([[real[k][n] for n in counts] for k in seeds])
    reached = sign * np.array([other[k] for k in seeds])
    drawn = np.random.default_rng(seed).integers(len(seeds), size=(RESAMPLES, len(seeds)))
    rows = np.concatenate([np.arange(len(seeds))[None], drawn])
    worths: Floats = np.empty(len(rows))
    for place, chosen in enumerate(rows):
        equal = equivalent_views(counts, curves[chosen].mean(axis=0), reached[chosen].mean())
        worths[place] = (equal - labels) / synthetic
    low, high = np.quantile(worths[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    least, most = ((n - labels) / synthetic for n in (counts[0], counts[-1]))
    close = 1e-9 + 1e-6 * abs(most - least)
    return ViewWorth(
        float(worths[0]), float(low), float(high), low <= least + close, high >= most - close
    )
