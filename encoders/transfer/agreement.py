"""Measure how well one ranking of sources predicts another, target by target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import spearmanr, weightedtau

from encoders.transfer.scores.ranks import Better
from taskgraph.arrays import Floats
from taskgraph.errors import InvalidProblemError, InvalidTableError


@dataclass(frozen=True, eq=False)
class Agreement:
    """The agreement between predicted and trained values of transfers.

    Ties in either ranking are broken at random, and each measure is the expectation. So a
    prediction that is the same for all sources has the agreement of a random choice.

    Attributes
    ----------
    table : DataFrame
        One row for each target, in the given order:

        ================ ====================================================================
        column           content
        ================ ====================================================================
        ``target``       name of the target
        ``n``            number of sources with both values; measures are NaN if it is below 2
        ``best``         the best source by the trained measure (the first of equal ones)
        ``chosen``       the best source by the prediction (the first of equal ones)
        ``spearman``     rank correlation, ties averaged, in [-1, 1]; larger is better
        ``weighted_tau`` Kendall's tau that weighs the best ranks most (Vigna 2015: hyperbolic,
                         additive, averaged over both rankings), in [-1, 1]; larger is better
        ``top1``         probability that the chosen source is the best, in [0, 1]
        ``top5``         share of the five best sources in common, in [0, 1]; NaN if ``n`` is at
                         most five; the column's name has the number ``top``
        ``regret_ratio`` trained value of the chosen source divided by that of the best source, or
                         the inverse if larger values are better: at least 1, and smaller is
                         better (1.1 means 10 % worse); NaN unless all trained values are positive
        ================ ====================================================================
    summary : DataFrame
        One row for each measure, with the columns ``measure, mean, low, high, targets, chance``:
        the mean over the targets that have a value, its percentile bootstrap interval over targets
        (NaN for fewer than two), the number of these targets, and the mean of a random choice.
    """

    table: pd.DataFrame
    summary: pd.DataFrame

    def __repr__(self) -> str:
        return str(self.summary.round(3).to_string(index=False))


def agreement(
    predicted: ArrayLike,
    trained: ArrayLike,
    *,
    sources: Sequence[str],
    targets: Sequence[str],
    predicted_better: Better,
    trained_better: Better,
    top: int = 5,
    resamples: int = 2_000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Agreement:
    """Compare two measures of the same transfers.

    Parameters
    ----------
    predicted, trained : (S, T) arrays
        Values of the same transfers; NaN for missing values, such as those of a task to itself. A
        transfer counts if it has both values. Rows may also be sets of several sources.
    sources, targets : sequences of str
        Names of the S rows and of the T columns.
    predicted_better, trained_better : "larger" or "smaller"
        Which values are better: "smaller" for losses, "larger" for scores and affinities.
    top : int, at least 2
        The number of best sources of which the share in common is computed.
    resamples, confidence, seed
        Number of resamples of the bootstrap over targets, coverage of its interval, and its seed.

    Raises
    ------
    InvalidTableError
        If the shapes of the arrays do not fit the names, or a number is infinite.
    InvalidProblemError
        If a direction, ``top``, ``resamples`` or ``confidence`` is invalid.

    Source: Spearman and top-k as in Zamir et al. 2018, weighted tau as in You et al. 2021, and
    the interval as in Efron & Tibshirani (1993), ch. 13.
    """
    _require_settings(predicted_better, trained_better, top, resamples, confidence)
    guess, truth = _checked(predicted, trained, sources, targets)
    sign = 1.0 if predicted_better == "larger" else -1.0
    rows, chance = [], []
    for column, target in enumerate(targets):
        both = np.flatnonzero(~(np.isnan(guess[:, column]) | np.isnan(truth[:, column])))
        guesses, truths = sign * guess[both, column], truth[both, column]
        row: dict[str, Any] = {"target": target, "n": len(both), "best": None, "chosen": None}
        if len(both):
            upward = truths if trained_better == "larger" else -truths
            row["best"] = sources[both[upward.argmax()]]
            row["chosen"] = sources[both[guesses.argmax()]]
        rows.append({**row, **_measures(guesses, truths, trained_better, top)})
        chance.append(_measures(np.zeros(len(both)), truths, trained_better, top))
    table = pd.DataFrame(rows)
    rng = np.random.default_rng(seed)
    summary = [
        _summarized(name, table[name], [row[name] for row in chance], resamples, confidence, rng)
        for name in chance[0]
    ]
    return Agreement(table, pd.DataFrame(summary))


def _measures(predicted: Floats, trained: Floats, better: Better, top: int) -> dict[str, float]:
    """Return all measures for one target; ``predicted`` must be larger for better sources."""
    names = ("spearman", "weighted_tau", "top1", f"top{top}", "regret_ratio")
    if len(trained) < 2:
        return dict.fromkeys(names, np.nan)
    upward = trained if better == "larger" else -trained
    values = (
        *_correlations(predicted, upward),
        _in_common(predicted, upward, 1),
        _in_common(predicted, upward, top) if len(trained) > top else np.nan,
        _regret_ratio(predicted, trained, better),
    )
    return dict(zip(names, values, strict=True))


def _correlations(predicted: Floats, trained: Floats) -> tuple[float, float]:
    """Return Spearman's and the weighted tau.

    Both are 0 for constant predictions, and NaN for constant trained values.
    """
    if np.ptp(trained) == 0:
        return np.nan, np.nan
    if np.ptp(predicted) == 0:
        return 0.0, 0.0
    rho = spearmanr(predicted, trained).statistic
    return float(rho), float(weightedtau(predicted, trained).statistic)


def _among_best(values: Floats, count: int) -> Floats:
    """Return the probability that each entry is among the ``count`` largest; random ties."""
    limit = np.partition(values, -count)[-count]
    above, tied = values > limit, values == limit
    chances: Floats = above + tied * ((count - above.sum()) / tied.sum())
    return chances


def _in_common(predicted: Floats, trained: Floats, count: int) -> float:
    """Return the expected share of the ``count`` best entries that both rankings have in common."""
    both = _among_best(predicted, count) @ _among_best(trained, count)
    return float(both / count)


def _regret_ratio(predicted: Floats, trained: Floats, better: Better) -> float:
    """Return the expected ratio, at least 1, of the chosen source's value to the best one's."""
    if trained.min() <= 0:
        return np.nan
    chance = _among_best(predicted, 1)
    if better == "smaller":
        return float(chance @ trained / trained.min())
    return float(chance @ (trained.max() / trained))


def _summarized(
    name: str,
    column: pd.Series[float],
    chance: Sequence[float],
    resamples: int,
    confidence: float,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Return a row of the summary: a measure's mean over targets, its interval, and chance."""
    values = column.to_numpy(dtype=np.float64)
    present = ~np.isnan(values)
    values, random = values[present], np.asarray(chance)[present]
    low = high = np.nan
    if len(values) > 1:
        drawn = values[rng.integers(len(values), size=(resamples, len(values)))].mean(axis=1)
        low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    mean, mean_of_chance = (each.mean() if len(each) else np.nan for each in (values, random))
    return {
        "measure": name,
        "mean": mean,
        "low": low,
        "high": high,
        "targets": len(values),
        "chance": mean_of_chance,
    }


def _checked(
    predicted: ArrayLike, trained: ArrayLike, sources: Sequence[str], targets: Sequence[str]
) -> tuple[Floats, Floats]:
    """Return both arrays in double precision, after a check of their shapes and numbers."""
    arrays = []
    for name, values in (("predicted", predicted), ("trained", trained)):
        array = np.asarray(values, dtype=np.float64)
        if array.shape != (len(sources), len(targets)) or not array.size:
            raise InvalidTableError(
                f"`{name}` has shape {array.shape}, expected (sources, targets) = "
                f"({len(sources)}, {len(targets)}), both at least 1"
            )
        if np.isinf(array).any():
            row, column = (int(k) for k in np.argwhere(np.isinf(array))[0])
            raise InvalidTableError(
                f'`{name}` is infinite for "{sources[row]}" to "{targets[column]}"; '
                "write NaN for missing values"
            )
        arrays.append(array)
    return arrays[0], arrays[1]


def _require_settings(
    predicted_better: str, trained_better: str, top: int, resamples: int, confidence: float
) -> None:
    """Raise if a setting is invalid."""
    for name, better in (("predicted", predicted_better), ("trained", trained_better)):
        if better not in ("larger", "smaller"):
            raise InvalidProblemError(
                f'{name}_better is "{better}", expected "larger" or "smaller"'
            )
    if top < 2:
        raise InvalidProblemError(f"top is {top}, expected at least 2; top1 is always computed")
    if resamples < 1:
        raise InvalidProblemError(f"{resamples} resamples were asked for, expected at least 1")
    if not 0 < confidence < 1:
        raise InvalidProblemError(f"confidence is {confidence:g}, expected a share such as 0.95")
