"""Weights in place of affinities, where a transfer has a single score and no losses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

import numpy as np
import pandas as pd

from taskgraph.affinity.aggregated import SCORE_COLUMNS, read_aggregated
from taskgraph.errors import InvalidTableError
from taskgraph.frames.columns import check_unique
from taskgraph.frames.direction import CHECK_FLAGS, COLUMN, Direction, signs, warn_of_worst_selves
from taskgraph.frames.names import read_targets
from taskgraph.tasks import AVERAGE, SCRATCH
from taskgraph.transfers import Transfers

Method = Literal["rank", "softmax"]
METHODS: tuple[str, ...] = get_args(Method)


def affinities_from_scores(
    frame: pd.DataFrame,
    *,
    higher_is_better: bool | None = None,
    higher_is_better_for: Iterable[str] = (),
    method: Method = "rank",
    temperature: float = 1.0,
    exact_names: bool = False,
) -> Transfers:
    """Turn one score a transfer into weights that sum to one over a target's candidates.

    The weights take the place of affinities, but they do not come from a tournament: one score
    cannot say how often a candidate wins. They hold the order of the scores (``rank``) or their
    distances (``softmax``), and nothing about their noise.

    ``rank``: the best of n candidates weighs n, the worst 1, each divided by n (n + 1) / 2; tied
    candidates share the mean of their ranks. ``softmax``: exp(z / temperature), divided by its
    sum, where z is the score minus the mean of the target's scores, divided by their standard
    deviation.

    Parameters
    ----------
    frame : DataFrame with the columns ``sources, target, score``
        Other columns are kept. Scores are compared within one target only. A row of ``scratch``
        gets no weight: it becomes a reference row with a gain of 0.5. A row of ``average``, the
        best constant answer, is left out.
    higher_is_better : bool, optional
        True for scores, False for losses and error rates. Needed unless ``higher_is_better_for``
        or a column ``higher_is_better`` (true or false, the same within a target) says it.
    higher_is_better_for : names
        Targets whose values are scores; the values of the others are losses.
    method : "rank" or "softmax"
    temperature : float, above 0
        Temperature of the softmax; a smaller one gives the best candidate more weight.
    exact_names : bool
        As for `Transfers`.

    Returns
    -------
    Transfers
        Affinities in [0, 1]; larger is better. The column ``score`` is kept; the column
        ``higher_is_better`` says how it was read.

    Raises
    ------
    InvalidTableError
        If a column is missing, a score is not a finite number, a row is repeated, the direction
        is unknown or contradicted, or an argument is out of range; rows are counted from 1.
    """
    direction = Direction.said(higher_is_better, higher_is_better_for)
    if method not in METHODS:
        raise InvalidTableError(f'method is "{method}", expected one of {", ".join(METHODS)}')
    if not 0 < temperature < np.inf:
        raise InvalidTableError(f"temperature is {temperature}, expected a finite number above 0")
    frame = read_aggregated(frame, SCORE_COLUMNS, exact_names)
    check_unique(frame, ["target", "sources"])
    frame = frame[frame["sources"] != AVERAGE]
    if frame.empty:
        raise InvalidTableError(f'the table of scores has no row but those of "{AVERAGE}"')
    targets = read_targets(frame["target"])
    higher = direction.by_target(targets, frame.get(COLUMN), header="score")
    scratch = frame["sources"] == SCRATCH
    # pandas leaves NaN out of ranks, means and sums.
    better = (signs(higher, targets) * frame["score"]).mask(scratch)
    weight = _weights(better, frame["target"], method, temperature)
    frame["affinity"] = weight / weight.groupby(frame["target"]).transform("sum")
    if scratch.any():
        gain = frame["gain"] if "gain" in frame.columns else pd.Series(np.nan, index=frame.index)
        frame["gain"] = gain.mask(scratch, 0.5)
    frame[COLUMN] = frame["target"].map(higher)
    warn_of_worst_selves(frame, CHECK_FLAGS)
    return Transfers(frame, exact_names=True)


def _weights(better: pd.Series, target: pd.Series, method: Method, temperature: float) -> pd.Series:
    """Return weights, not yet normalized, from scores of which larger is better."""
    groups = better.groupby(target)
    if method == "rank":
        return groups.rank(method="average")
    spread = groups.transform("std", ddof=0)
    z = (better - groups.transform("mean")) / spread.where(spread > 0, 1.0)
    # The largest exponent is 0, so that a low temperature cannot overflow.
    weights: pd.Series = np.exp((z - z.groupby(target).transform("max")) / temperature)
    return weights


def check_scores(frame: pd.DataFrame, exact_names: bool) -> None:
    """Raise `InvalidTableError` if a table of scores cannot be read, or a row is repeated."""
    check_unique(read_aggregated(frame, SCORE_COLUMNS, exact_names), ["target", "sources"])
