"""Rank correlation of our first-order transfers with the published ones, target by target."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata

from benchmarks.results.measures import bootstrap_interval
from encoders.tasks import OTHER_NAMES
from encoders.transfer.agreement import Agreement, agreement
from taskgraph.arrays import Floats, Integers
from taskgraph.errors import InvalidTableError
from taskgraph.plot import first_order
from taskgraph.tasks import RESERVED, SELF, join_sources, split_sources
from taskgraph.transfers import Transfers

MEASURES = ("affinity", "gain", "quality")


def matrices(ours: Transfers, theirs: Transfers, measure: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one measure of both tables as matrices: common sources by common targets.

    Tasks have our names. Transfers of a task to itself are NaN.

    Raises
    ------
    InvalidTableError
        If they have no source or no target in common.
    """
    one, other = _matrix(ours, measure), _matrix(theirs, measure)
    sources = one.index.intersection(other.index).sort_values()
    targets = one.columns.intersection(other.columns).sort_values()
    if not len(sources) or not len(targets):
        raise InvalidTableError(
            f"the published table has {len(sources)} of our sources and {len(targets)} of our "
            "targets, expected at least one of each: are the tasks called otherwise?"
        )
    return one.loc[sources, targets], other.loc[sources, targets]


def _matrix(transfers: Transfers, measure: str) -> pd.DataFrame:
    if measure not in transfers.frame:
        raise InvalidTableError(f'a table of transfers has no column "{measure}"')
    found = first_order(transfers, column=measure).drop(index=SELF, errors="ignore")
    named = found.rename(index=OTHER_NAMES, columns=OTHER_NAMES)
    own = named.index.to_numpy()[:, None] == named.columns.to_numpy()[None]
    return named.mask(own)


def restricted(theirs: Transfers, ours: Transfers) -> Transfers:
    """Return the published table with our names of tasks, without tasks that our table lacks.

    Transfers of a task to itself are left out, too.

    Raises
    ------
    InvalidTableError
        If nothing is left.
    """
    known = {*ours.tasks, *RESERVED}
    frame = theirs.to_frame()
    named = {
        text: join_sources(OTHER_NAMES.get(name, name) for name in split_sources(text))
        for text in frame["sources"].unique()
    }
    frame["sources"] = frame["sources"].map(named)
    frame["target"] = frame["target"].replace(OTHER_NAMES)
    of_ours = frame["sources"].map(lambda text: set(split_sources(text)) <= known)
    own = frame["sources"] == frame["target"]
    return Transfers(frame[of_ours & ~own & frame["target"].isin(ours.targets)])


def compared(
    ours: Transfers, theirs: Transfers, *, permutations: int = 999, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the agreement of the published ranking of single sources with ours.

    Returns
    -------
    targets : DataFrame
        A row a (``measure``, ``target``): ``n`` sources, ``spearman`` with the 95 % interval
        ``low, high`` (`spearman_interval`), ``top1, top5``, and the best source of either,
        ``best`` (ours) and ``chosen`` (theirs).
    summary : DataFrame
        A row a measure: the mean of ``spearman`` with its bootstrap interval over targets, those
        of ``top1`` and ``top5`` with that of chance, and ``p``, the share of permutations of
        the published sources, the same for all targets, whose mean is as high.

    Raises
    ------
    InvalidTableError
        If the tables have no source or no target in common.
    """
    parts, rows = [], []
    for measure in MEASURES:
        one, other = matrices(ours, theirs, measure)
        found = agreement(
            other,
            one,
            sources=list(one.index),
            targets=list(one.columns),
            predicted_better="larger",
            trained_better="larger",
            seed=seed,
        )
        table = found.table.drop(columns=["weighted_tau", "regret_ratio"])
        low, high = spearman_interval(table["spearman"].to_numpy(), table["n"].to_numpy())
        table.insert(0, "measure", measure)
        parts.append(table.assign(low=low, high=high))
        rows.append({"measure": measure, **_summary(found, one, other, permutations, seed)})
    return pd.concat(parts, ignore_index=True), pd.DataFrame(rows)


def agreement_of_tables(
    tables: Mapping[str, Transfers], *, resamples: int = 2_000, seed: int = 0
) -> pd.DataFrame:
    """Return how well each two tables agree on single sources: Spearman, mean over targets.

    All pairs are compared on the same cells: sources and targets that every table has, without
    transfers of a task to itself. So the agreement of two published tables with each other is a
    ceiling for that of another one with either.

    Parameters
    ----------
    tables : mapping of names to Transfers
        With our names of tasks (`restricted`), or those of the published tables.

    Returns
    -------
    DataFrame
        A row a measure and pair: ``measure, one, other, targets, sources``; ``spearman``, the mean
        over targets, and its 95 % percentile bootstrap interval over targets ``low, high``.
    """
    rows = []
    for measure in MEASURES:
        known = {
            name: _matrix(table, measure)
            for name, table in tables.items()
            if measure in table.frame
        }
        common = [measured_cells(frame) for frame in known.values()]
        if len(common) < 2:
            continue
        cells = sorted(set.intersection(*common))
        for one, other in itertools.combinations(known, 2):
            values = by_target(known[one], known[other], cells)
            rows.append(
                {
                    "measure": measure,
                    "one": one,
                    "other": other,
                    **_mean_over(values, resamples, seed),
                }
            )
    return pd.DataFrame(rows)


def measured_cells(frame: pd.DataFrame) -> set[tuple[str, str]]:
    """Return (target, source) of the cells that are no NaN."""
    return {
        (str(target), str(source))
        for target in frame
        for source in frame.index[frame[target].notna()]
    }


def by_target(
    one: pd.DataFrame, other: pd.DataFrame, cells: Sequence[tuple[str, str]]
) -> pd.DataFrame:
    """Return each target's number of sources and Spearman correlation over (target, source)."""
    rows = []
    for target in sorted({name for name, _ in cells}):
        sources = [source for name, source in cells if name == target]
        pair = [frame.loc[sources, [target]].to_numpy(dtype=float) for frame in (one, other)]
        rows.append((target, len(sources), mean_spearman(*pair)))
    return pd.DataFrame(rows, columns=["target", "sources", "spearman"])


def _mean_over(frame: pd.DataFrame, resamples: int, seed: int) -> dict[str, float]:
    """Return the mean over targets that have a correlation, with its bootstrap interval."""
    values = frame["spearman"].dropna().to_numpy()
    found: dict[str, float] = {"targets": len(values), "sources": int(frame["sources"].max())}
    if not len(values):
        return {**found, "spearman": np.nan, "low": np.nan, "high": np.nan}
    estimate = bootstrap_interval(values, resamples=resamples, seed=seed)
    return {**found, "spearman": estimate.mean, "low": estimate.low, "high": estimate.high}


def _summary(
    found: Agreement, ours: pd.DataFrame, theirs: pd.DataFrame, permutations: int, seed: int
) -> dict[str, float]:
    of: Any = found.summary.set_index("measure").to_dict("index")
    one, other = ours.to_numpy(dtype=float), theirs.to_numpy(dtype=float)
    mean = mean_spearman(one, other)
    rng = np.random.default_rng(seed)
    drawn = [mean_spearman(one, other[rng.permutation(len(other))]) for _ in range(permutations)]
    reached = sum(value >= mean - 1e-12 for value in drawn)
    row: dict[str, float] = {
        name: of["spearman"][name] for name in ("targets", "mean", "low", "high")
    }
    for name in ("top1", "top5"):
        row |= {name: of[name]["mean"], f"{name}_chance": of[name]["chance"]}
    return {**row, "p": (1 + reached) / (1 + permutations)}


def mean_spearman(one: Floats, other: Floats) -> float:
    """Return the mean over columns of the rank correlation of two (S, T) arrays, ties averaged.

    Pairs with a NaN do not count, nor columns that are constant or have fewer than two.
    """
    found = []
    for column in range(one.shape[1]):
        there = ~(np.isnan(one[:, column]) | np.isnan(other[:, column]))
        ranks = rankdata(np.stack([one[there, column], other[there, column]]), axis=1)
        if ranks.shape[1] > 1 and (np.ptp(ranks, axis=1) > 0).all():
            found.append(np.corrcoef(ranks)[0, 1])
    return float(np.mean(found)) if found else float("nan")


def spearman_interval(
    rho: Floats, count: Integers, *, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Return the interval of a rank correlation of ``count`` pairs; NaN for fewer than four.

    Fisher's z with the variance (1 + rho^2 / 2) / (n - 3).

    Source: Bonett & Wright, *Sample size requirements for estimating Pearson, Kendall and Spearman
    correlations*, Psychometrika 2000.
    """
    free = np.where(count > 3, count - 3.0, np.nan)
    half = norm.ppf((1 + level) / 2) * np.sqrt((1 + rho**2 / 2) / free)
    middle = np.arctanh(np.clip(rho, -1 + 1e-12, 1 - 1e-12))
    return np.tanh(middle - half), np.tanh(middle + half)
