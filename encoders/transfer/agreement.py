"""How well one ranking of sources predicts another, target by target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import spearmanr, weightedtau

from taskgraph.arrays import Floats
from taskgraph.errors import InvalidProblemError, InvalidTableError

Better = Literal["larger", "smaller"]
"""Which values of a measure are better."""


@dataclass(frozen=True, eq=False)
class Agreement:
    """How well predictions rank what was trained.

    Ties, in either ranking, are broken at random and the expectation is given; a prediction that
    does not tell sources apart therefore has exactly the agreement of chance.

    Attributes
    ----------
    table : DataFrame
        A row a target, in the order given:

        ================ ====================================================================
        ``target``
        ``n``            sources with both values; all below is NaN where they are fewer than 2
        ``best``         the best by the trained measure (the first of equals)
        ``chosen``       the best by the prediction (the first of equals)
        ``spearman``     rank correlation, ties averaged, in [-1, 1]; larger is better
        ``weighted_tau`` Kendall's tau that weighs the best ranks most (Vigna 2015: hyperbolic,
                         additive, averaged over both rankings), in [-1, 1]; larger is better
        ``top1``         whether the chosen source is the best, in [0, 1]
        ``top5``         share of the five best in common, in [0, 1]; NaN where ``n`` is at most
                         five; named by the number asked for
        ``regret_ratio`` trained value of the chosen source over that of the best, or its inverse
                         where larger is better: at least 1, smaller is better, and 1.1 says that
                         the choice is 10 % worse; NaN unless trained values are positive
        ================ ====================================================================
    summary : DataFrame
        A row a measure: ``measure, mean, low, high, targets, chance``; the mean over the targets
        that have a value, the percentile bootstrap interval of that mean over targets (NaN for
        fewer than two), their number, and the mean that a choice at random has for them.
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
        Aligned; NaN for what is not there, such as a task to itself. A pair counts where both
        values are there. Rows may as well be sets of sources of a higher order.
    sources, targets : sequences of str
        Names of the S rows and of the T columns.
    predicted_better, trained_better : "larger" or "smaller"
        Which values are better: "smaller" for losses, "larger" for scores and affinities.
    top : int, at least 2
        Of how many best sources the share in common is told.
    resamples, confidence, seed
        Of the bootstrap over targets: draws, width of the interval, random numbers.

    Raises
    ------
    InvalidTableError
        If the arrays do not fit each other or the names, or hold infinite numbers.
    InvalidProblemError
        If a direction or a number is none that is known.

    Source: Spearman and top-k as in Zamir et al. 2018, weighted tau as in You et al. 2021, and
    the interval as in Efron & Tibshirani (1993), ch. 13.
    """
    _require_settings(predicted_better, trained_better, top, resamples, confidence)
    guess, truth = _checked(predicted, trained, sources, targets)
    sign = 1.0 if predicted_better == "larger" else -1.0
    rows, chance = [], []
    for column, target in enumerate(targets):
        there = np.flatnonzero(~(np.isnan(guess[:, column]) | np.isnan(truth[:, column])))
        ours, theirs = sign * guess[there, column], truth[there, column]
        named: dict[str, Any] = {"target": target, "n": len(there), "best": None, "chosen": None}
        if len(there):
            upward = theirs if trained_better == "larger" else -theirs
            named["best"] = sources[there[upward.argmax()]]
            named["chosen"] = sources[there[ours.argmax()]]
        rows.append({**named, **_measures(ours, theirs, trained_better, top)})
        chance.append(_measures(np.zeros(len(there)), theirs, trained_better, top))
    table = pd.DataFrame(rows)
    rng = np.random.default_rng(seed)
    summary = [
        _summarized(name, table[name], [row[name] for row in chance], resamples, confidence, rng)
        for name in chance[0]
    ]
    return Agreement(table, pd.DataFrame(summary))


def _measures(predicted: Floats, trained: Floats, better: Better, top: int) -> dict[str, float]:
    """All measures for one target; ``predicted`` is larger for better sources."""
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
    """Spearman and weighted tau; 0 for a constant prediction, NaN where all sources do alike."""
    if np.ptp(trained) == 0:
        return np.nan, np.nan
    if np.ptp(predicted) == 0:
        return 0.0, 0.0
    rho = spearmanr(predicted, trained).statistic
    return float(rho), float(weightedtau(predicted, trained).statistic)


def _among_best(values: Floats, count: int) -> Floats:
    """Chance of each entry to be one of the ``count`` largest, ties broken at random."""
    limit = np.partition(values, -count)[-count]
    above, tied = values > limit, values == limit
    found: Floats = above + tied * ((count - above.sum()) / tied.sum())
    return found


def _in_common(predicted: Floats, trained: Floats, count: int) -> float:
    both = _among_best(predicted, count) @ _among_best(trained, count)
    return float(both / count)


def _regret_ratio(predicted: Floats, trained: Floats, better: Better) -> float:
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
    values = column.to_numpy(dtype=np.float64)
    there = ~np.isnan(values)
    values, random = values[there], np.asarray(chance)[there]
    low = high = np.nan
    if len(values) > 1:
        drawn = values[rng.integers(len(values), size=(resamples, len(values)))].mean(axis=1)
        low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    mean, lucky = (each.mean() if len(each) else np.nan for each in (values, random))
    shares = {"mean": mean, "low": low, "high": high, "targets": len(values), "chance": lucky}
    return {"measure": name, **shares}


def _checked(
    predicted: ArrayLike, trained: ArrayLike, sources: Sequence[str], targets: Sequence[str]
) -> tuple[Floats, Floats]:
    arrays = []
    for name, given in (("predicted", predicted), ("trained", trained)):
        array = np.asarray(given, dtype=np.float64)
        if array.shape != (len(sources), len(targets)) or not array.size:
            raise InvalidTableError(
                f"`{name}` has shape {array.shape}, expected (sources, targets) = "
                f"({len(sources)}, {len(targets)}), both at least 1"
            )
        if np.isinf(array).any():
            row, column = (int(k) for k in np.argwhere(np.isinf(array))[0])
            raise InvalidTableError(
                f'`{name}` is infinite for "{sources[row]}" to "{targets[column]}"; '
                "write NaN for what is not there"
            )
        arrays.append(array)
    return arrays[0], arrays[1]


def _require_settings(
    predicted_better: str, trained_better: str, top: int, resamples: int, confidence: float
) -> None:
    for name, given in (("predicted", predicted_better), ("trained", trained_better)):
        if given not in ("larger", "smaller"):
            raise InvalidProblemError(f'{name}_better is "{given}", expected "larger" or "smaller"')
    if top < 2:
        raise InvalidProblemError(f"top is {top}, expected at least 2; top1 is always told")
    if resamples < 1:
        raise InvalidProblemError(f"{resamples} resamples were asked for, expected at least 1")
    if not 0 < confidence < 1:
        raise InvalidProblemError(f"confidence is {confidence:g}, expected a share such as 0.95")
