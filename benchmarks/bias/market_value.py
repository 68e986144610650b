"""Market value of a sample: how many samples of one data set are worth one of another."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t

from benchmarks.results.measures import LEVEL, Estimate
from taskgraph.arrays import Floats
from taskgraph.errors import InvalidTableError


def market_value(sizes: ArrayLike, own: ArrayLike, other: ArrayLike) -> float:
    """Return α, with which AP_j^i(n) = AP_j^j(n / α): i-samples that one j-sample is worth.

    AP_j^i(n) is the score on the test samples of set j after training on n samples of set i. The
    own curve AP_j^j is made nondecreasing by its running maximum, and interpolated linearly in
    log n. Every n whose AP_j^i(n) lies within the own curve gives one α; their geometric mean is
    returned.

    Parameters
    ----------
    sizes : (S,) array
        Numbers of training samples n, growing.
    own, other : (S,) arrays
        AP_j^j and AP_j^i at these sizes; larger is better.

    Returns
    -------
    float
        Above 1 where a sample of the set's own is worth more. Infinity where all scores of the
        other set are below the own curve: then α > n_max / n_min. 0 where all are above it. NaN
        where some are below and the others above, or the own curve is flat.

    Raises
    ------
    InvalidTableError
        If the sizes do not grow, or the curves have another length or are not finite.

    Source: Torralba, Efros, CVPR 2011, section 4.
    """
    n, first, second = _checked(sizes, own, other)
    rising = np.maximum.accumulate(first)
    inside = (second >= rising[0]) & (second <= rising[-1])
    if rising[0] == rising[-1] or not inside.any():
        below, above = (second < rising[0]).all(), (second > rising[-1]).all()
        return float("inf") if below else 0.0 if above else float("nan")
    # Each level of the running maximum is reached at its first size.
    levels, places = np.unique(rising, return_index=True)
    equal = np.interp(second[inside], levels, np.log(n)[places])
    return float(np.exp(np.mean(np.log(n)[inside] - equal)))


def geometric_interval(values: ArrayLike, *, level: float = LEVEL) -> Estimate:
    """Return the geometric mean of positive values with Student's interval of their logarithms.

    NaN, 0 and infinity are left out: ``n`` counts the others. With fewer than two, the bounds are
    NaN.
    """
    found = np.asarray(values, dtype=np.float64)
    logs = np.log(found[np.isfinite(found) & (found > 0)])
    if not len(logs):
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    mean = logs.mean()
    if len(logs) == 1:
        return Estimate(float(np.exp(mean)), float("nan"), float("nan"), 1)
    half = t.ppf((1 + level) / 2, len(logs) - 1) * logs.std(ddof=1) / np.sqrt(len(logs))
    low, high = np.exp([mean - half, mean + half])
    return Estimate(float(np.exp(mean)), float(low), float(high), len(logs))


def _checked(sizes: ArrayLike, own: ArrayLike, other: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return the three arrays; raise InvalidTableError if they are no curves."""
    n, first, second = (np.asarray(each, dtype=np.float64) for each in (sizes, own, other))
    if n.ndim != 1 or first.shape != n.shape or second.shape != n.shape:
        raise InvalidTableError(
            f"got {n.size} sizes and curves of {first.size} and {second.size} scores, expected as "
            "many scores as sizes"
        )
    if not (len(n) and n[0] > 0 and (np.diff(n) > 0).all()):
        raise InvalidTableError(f"the sizes are {n.tolist()}, expected growing positive numbers")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise InvalidTableError("a curve has a score that is not finite")
    return n, first, second
