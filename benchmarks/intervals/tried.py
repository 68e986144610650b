"""The methods that were tried for intervals of affinities; each returns a pair of bounds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm, t

from taskgraph.affinity import affinity_from_wins, win_rates
from taskgraph.affinity.ahp import affinities_of_wins
from taskgraph.affinity.interval import affinity_interval
from taskgraph.arrays import Floats, Integers

Bounds = tuple[Floats, Floats]
ENDS = (0.025, 0.975)


def tried_intervals(
    losses: Floats, units: Integers, rng: np.random.Generator, resamples: int
) -> Iterator[tuple[str, Bounds]]:
    """Yield the name and the 95 % bounds of each method, for a tournament of (E, B) losses."""
    count = int(units.max()) + 1
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=resamples)
    wins = win_rates(losses)
    again = win_rates(losses, weights=drawn[:, units])  # (R, E, E)
    yield "percentile (before)", _percentile(affinities_of_wins(again))
    for name, weight in (("images", losses.shape[1]), ("units", count)):
        if name == "units" and count == losses.shape[1]:
            continue
        center = affinity_from_wins(_smoothed(wins, weight))
        sampled = affinities_of_wins(_smoothed(again, weight))
        yield f"smoothed by {name}, percentile", _percentile(sampled)
        yield f"smoothed by {name}, bias-corrected percentile", _corrected(center, sampled)
        yield f"smoothed by {name}, basic, log-odds", _basic(center, sampled)
        yield f"smoothed by {name}, normal, log-odds", _spread(center, sampled, norm.ppf(0.975))
        student = t.ppf(0.975, count - 1) * np.sqrt(count / (count - 1))
        yield f"smoothed by {name}, t, log-odds", _spread(center, sampled, student)
    yield "with an imaginary image (chosen)", affinity_interval(losses, units)


def _smoothed(wins: Floats, weight: float) -> Floats:
    return (wins * weight + 0.5) / (weight + 1.0)


def _percentile(sampled: Floats) -> Bounds:
    low, high = np.quantile(sampled, ENDS, axis=0)
    return low, high


def _corrected(center: Floats, sampled: Floats) -> Bounds:
    """Return Efron's bias-corrected percentile interval, without acceleration."""
    share = (sampled < center).mean(axis=0) + 0.5 * (sampled == center).mean(axis=0)
    shift = norm.ppf(np.clip(share, 1 / len(sampled), 1 - 1 / len(sampled)))
    levels = [norm.cdf(2 * shift + norm.ppf(end)) for end in ENDS]
    columns = range(len(center))
    low, high = (
        np.array([np.quantile(sampled[:, k], level[k]) for k in columns]) for level in levels
    )
    return low, high


def _basic(center: Floats, sampled: Floats) -> Bounds:
    low, high = np.quantile(logit(sampled), ENDS, axis=0)
    return expit(2 * logit(center) - high), expit(2 * logit(center) - low)


def _spread(center: Floats, sampled: Floats, factor: float) -> Bounds:
    half = factor * logit(sampled).std(axis=0, ddof=1)
    return expit(logit(center) - half), expit(logit(center) + half)
