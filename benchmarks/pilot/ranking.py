"""Measure whether the ranking of transfers changes between the short and the long training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import kendalltau, spearmanr

from benchmarks.pilot.networks import LONG, SHORT, UNTRAINED
from taskgraph.affinity import affinity_from_wins, win_rates
from taskgraph.tasks import AVERAGE, SCRATCH, SELF

BEST = 5
"""Number of best transfers of which the share in common is measured."""

NONE: dict[str, Any] = {}


def affinities_of(losses: pd.DataFrame, training: str, target: str) -> pd.Series[float]:
    """Return the affinities of a target's transfers after one training, by their sources.

    The tournament is that of `taskgraph.affinity.affinities`, on the images that all candidates
    were tested on: ``self`` takes part and is left out of the result, ``scratch`` and ``average``
    take no part. Larger is better.

    Parameters
    ----------
    losses : DataFrame
        Columns ``target, sources, training, image, loss``.
    """
    chosen = losses[
        losses["training"].isin([training, UNTRAINED])
        & (losses["target"] == target)
        & ~losses["sources"].isin([SCRATCH, AVERAGE])
    ]
    wide = chosen.pivot_table(index="image", columns="sources", values="loss").dropna()
    wins = win_rates(wide.to_numpy(dtype=np.float64).T)
    values = pd.Series(affinity_from_wins(wins), index=list(wide.columns))
    return values.drop(SELF, errors="ignore")


def ranking_change(losses: pd.DataFrame, target: str) -> dict[str, Any]:
    """Return how well the ranking after the short training agrees with that after the long one.

    Returns
    -------
    dict
        ``transfers``, their number; ``spearman`` and ``kendall``, rank correlations of the
        affinities in [-1, 1]; ``kept``, how many of the `BEST` best transfers are the same, of
        ``of``; ``best_short`` and ``best_long``, the best transfer of each; and ``halves``, the
        Spearman correlation of the long training's affinities on two halves of the test buildings,
        which says how much of a change the images alone can explain. It is NaN for a
        single building. The dict is empty if fewer than three transfers have both trainings.
    """
    present = {
        training: set(
            losses[(losses["target"] == target) & (losses["training"] == training)].sources
        )
        for training in (SHORT, LONG)
    }
    common = (present[SHORT] & present[LONG]) - {SCRATCH, AVERAGE}
    if len(common) < 3:
        return NONE
    own = losses[losses["sources"].isin(common | {SELF})]
    short, long = (affinities_of(own, training, target) for training in (SHORT, LONG))
    short = short[long.index]
    count = min(BEST, len(long))
    best = [set(each.nlargest(count).index) for each in (short, long)]
    return {
        "transfers": len(long),
        "spearman": _correlation(spearmanr, short, long),
        "kendall": _correlation(kendalltau, short, long),
        "kept": len(best[0] & best[1]),
        "of": count,
        "best_short": str(short.idxmax()),
        "best_long": str(long.idxmax()),
        "halves": _halves(own, target),
    }


def _halves(losses: pd.DataFrame, target: str) -> float:
    """Return the rank correlation of affinities on every other test building and on the rest."""
    own = losses[losses["target"] == target]
    buildings = own["image"].str.split("/").str[0]
    names = sorted(buildings.unique())
    if len(names) < 2:
        return float("nan")
    inside = buildings.isin(names[::2])
    one, other = (affinities_of(own[part], LONG, target) for part in (inside, ~inside))
    return _correlation(spearmanr, one, other[one.index])


def _correlation(measure: Any, one: pd.Series[float], other: pd.Series[float]) -> float:
    """Return a rank correlation, or NaN if all values of one ranking are equal."""
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(measure(one, other).statistic)
