"""Compare ``scratch``, the reference of gains, with ``average``, the best constant answer."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from taskgraph.affinity.seeds import mean_interval, runs_of
from taskgraph.affinity.tournament import Tournament
from taskgraph.affinity.wins import image_wins
from taskgraph.arrays import Floats, Integers
from taskgraph.tasks import AVERAGE, SCRATCH

logger = logging.getLogger("taskgraph")


class ScratchWins(NamedTuple):
    """The share of a target's images on which ``scratch`` beats ``average``, and its interval.

    A tie counts half; ``low`` and ``high`` are NaN where no interval is known.
    """

    target: str
    wins: float
    low: float = math.nan
    high: float = math.nan


def scratch_wins_table(rows: Iterable[ScratchWins]) -> pd.DataFrame:
    """Return the rows as a table with the columns ``target, wins, low, high``."""
    return pd.DataFrame(list(rows), columns=list(ScratchWins._fields))


def scratch_wins(
    tournament: Tournament, clusters: Mapping[str, str], *, level: float = 0.95
) -> list[ScratchWins]:
    """Measure how often ``scratch`` beats ``average`` on the images of one target.

    Parameters
    ----------
    tournament : Tournament
    clusters : mapping of images to clusters
        Images of one cluster vary together; an image without a cluster is independent. If
        ``scratch`` has several seeds, the share is the mean over them, and the interval holds them.
    level : float in (0, 1)
        Confidence level of the interval.

    Returns
    -------
    list of ScratchWins
        One entry; none if ``scratch`` or ``average`` was not measured.
    """
    if not {SCRATCH, AVERAGE} <= set(tournament.references):
        return []
    trained = runs_of(tournament, SCRATCH, tournament.references[SCRATCH])  # (S, B)
    wins = image_wins(trained, tournament.references[AVERAGE])
    names = [clusters.get(image, f"\0{image}") for image in tournament.images]
    low, high = mean_interval(wins, np.unique(names, return_inverse=True)[1], level)
    return [ScratchWins(tournament.target, float(wins.mean()), low, high)]


def share_interval(wins: Floats, cluster: Integers, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a mean over images in clusters; NaN, NaN for a single cluster.

    The mean is the ratio of two sums over clusters. The interval is Student's t with one degree
    of freedom less than there are clusters. Source: Cochran, Sampling Techniques (1977), Sec. 6.3.

    Parameters
    ----------
    wins : (B,) array, in [0, 1]
    cluster : (B,) ints from 0
        The number of each image's cluster.
    level : float in (0, 1)
        Confidence level of the interval.
    """
    return mean_interval(wins[None], cluster, level)


def warn_of_weak_scratch(rows: Iterable[ScratchWins]) -> None:
    """Log a warning that names every target whose ``scratch`` does not beat ``average``."""
    measured = list(rows)
    weak = [row for row in measured if row.wins <= 0.5]
    if not weak:
        return
    doubtful = [row.target for row in measured if row.low <= 0.5 < row.wins]
    more = f", and its interval holds one half at {len(doubtful)} more" if doubtful else ""
    listed = ", ".join(
        f"{row.target} {row.wins:.2f}"
        + ("" if math.isnan(row.low) else f" [{row.low:.2f}, {row.high:.2f}]")
        for row in weak
    )
    logger.warning(
        f'"{SCRATCH}" does not beat "{AVERAGE}", the best constant answer, at {len(weak)} of '
        f"{len(measured)} targets, where gains are against a network no better than a "
        f"constant{more}. Its win rates there: {listed}. Train it longer or on more images, or "
        "judge these targets by quality"
    )
