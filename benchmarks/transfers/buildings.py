"""Uncertainty of a taxonomy's gain and quality: bootstrap over buildings, and cross-fitting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

import taskgraph as tg
from benchmarks.transfers.significance import MEASURES
from taskgraph.affinity import image_wins
from taskgraph.affinity.bootstrap import draw_resamples
from taskgraph.affinity.tournament import Tournament, tournament_of
from taskgraph.arrays import Floats
from taskgraph.errors import InfeasibleError, InvalidTableError
from taskgraph.losses import Losses, TargetLosses
from taskgraph.tasks import AVERAGE, SCRATCH, SELF, join_sources
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers

MIN_IMAGES = 10


def intervals(
    losses: Losses,
    taxonomies: Mapping[float, Taxonomy],
    *,
    resamples: int = 1_000,
    seed: int = 0,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return percentile intervals of the mean gain and quality of taxonomies.

    Whole clusters of test images (buildings, where the losses name them) are drawn with
    replacement, for all targets at once. The taxonomies are fixed, so the intervals do not include
    the error of choosing them on these images; `cross_fitted` measures it.

    Returns
    -------
    DataFrame
        A row a taxonomy: ``budget``, and for both measures ``*_own_low, *_own_high``.

    Raises
    ------
    InvalidTableError
        If a target has a single building.
    """
    names = sorted({t.target for taxonomy in taxonomies.values() for t in taxonomy.transfers})
    met = {name: tournament_of(name, losses.by_target[name], MIN_IMAGES) for name in names}
    draws = draw_resamples(
        {name: each.images for name, each in met.items()},
        repeats=resamples,
        seed=seed,
        clusters=losses.clusters,
    )
    total = {(b, m): np.zeros(resamples) for b in taxonomies for m in MEASURES}
    count = dict.fromkeys(total, 0)
    for name, tournament in met.items():
        weights = draws.weights(name).astype(np.float64)  # (R, B)
        weights /= weights.sum(axis=1, keepdims=True)
        for budget, taxonomy in taxonomies.items():
            chosen = join_sources(taxonomy[name].sources)
            for measure in MEASURES:
                wins = wins_of(tournament, chosen, measure)
                if wins is not None:
                    total[budget, measure] += weights @ wins
                    count[budget, measure] += 1
    rows = []
    for budget in taxonomies:
        row: dict[str, float] = {"budget": budget}
        for measure in MEASURES:
            drawn = total[budget, measure] / (count[budget, measure] or np.nan)
            low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
            row |= {f"{measure}_own_low": low, f"{measure}_own_high": high}
        rows.append(row)
    return pd.DataFrame(rows)


def wins_of(tournament: Tournament, sources: str, measure: str) -> Floats | None:
    """Return a (B,) array: 1 where a transfer beats the measure's reference, 0.5 for a tie, else 0.

    The reference is ``scratch`` for the gain, ``self`` for the quality, and ``average`` for
    ``average``; None where it was not measured.
    """
    if measure == "quality" and SELF not in tournament.candidates:
        return None
    versus = (
        tournament.losses[tournament.candidates.index(SELF)]
        if measure == "quality"
        else tournament.references.get(SCRATCH if measure == "gain" else AVERAGE)
    )
    if versus is None:
        return None
    return image_wins(tournament.losses[tournament.candidates.index(sources)], versus)


def halves(losses: Losses, *, seed: int = 0) -> tuple[Losses, Losses]:
    """Split the test images in two halves; all images of a building are in the same half.

    Raises
    ------
    InvalidTableError
        If there is a single building.
    """
    images = sorted({name for each in losses.by_target.values() for name in each.images})
    unit = {name: losses.clusters.get(name, name) for name in images}
    units = sorted(set(unit.values()))
    if len(units) < 2:
        raise InvalidTableError(f"the test images are of {len(units)} building, expected 2 or more")
    shuffled = np.random.default_rng(seed).permutation(len(units))
    first = {units[place] for place in shuffled[: len(units) // 2]}
    return (
        _only(losses, {name for name in images if unit[name] in first}),
        _only(losses, {name for name in images if unit[name] not in first}),
    )


def _only(losses: Losses, images: set[str]) -> Losses:
    kept = {}
    for target, each in losses.by_target.items():
        there = np.array([name in images for name in each.images])
        names = tuple(name for name in each.images if name in images)
        kept[target] = TargetLosses(each.sources, names, each.values[:, there])
    clusters = {name: group for name, group in losses.clusters.items() if name in images}
    return Losses(kept, clusters, losses.higher_is_better)


def cross_fitted(
    losses: Losses, budgets: Iterable[float], *, max_order: int, seed: int = 0
) -> pd.DataFrame:
    """Choose taxonomies on half of the test buildings, and measure them on the others.

    Each half is used once for the choice, and the results are averaged. So they hold for images
    that had no part in the choice.

    Returns
    -------
    DataFrame
        ``budget``, the mean ``gain, quality`` over targets on the other half, those on the images
        it was chosen on, ``gain_chosen, quality_chosen``, and greedy's on the other half,
        ``gain_greedy, quality_greedy``. Budgets that either half has no solution for are left out.

    Raises
    ------
    InvalidTableError
        If there is a single building, or a half has too few images.
    """
    tables = [tg.affinities(half).transfers for half in halves(losses, seed=seed)]
    rows = []
    for budget in budgets:
        try:
            found = [tg.evaluate(t, budget=budget, max_order=max_order, draws=0) for t in tables]
        except InfeasibleError:
            continue
        row: dict[str, float] = {"budget": budget}
        for measure in MEASURES:
            row[measure] = _both_ways(tables[::-1], [f.taxonomy for f in found], measure)
            row[f"{measure}_chosen"] = _both_ways(tables, [f.taxonomy for f in found], measure)
            greedy = [f.greedy for f in found]
            row[f"{measure}_greedy"] = _both_ways(tables[::-1], greedy, measure)
        rows.append(row)
    columns = ["budget", *(f"{m}{end}" for m in MEASURES for end in ("", "_chosen", "_greedy"))]
    return pd.DataFrame(rows, columns=columns)


def _both_ways(tables: list[Transfers], taxonomies: list[Taxonomy], measure: str) -> float:
    pairs = zip(tables, taxonomies, strict=True)
    return float(np.mean([mean_of(table, taxonomy, measure) for table, taxonomy in pairs]))


def mean_of(table: Transfers, taxonomy: Taxonomy, measure: str) -> float:
    """Return a taxonomy's mean gain or quality over its targets, by the values of ``table``."""
    values = []
    for transfer in taxonomy.transfers:
        row = table.row_of(transfer.target, transfer.sources)
        values.append(np.nan if row is None else float(row.get(measure, np.nan)))
    known = np.array(values)[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
