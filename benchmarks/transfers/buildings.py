"""Uncertainty of a taxonomy's gain and quality: bootstrap over buildings, and cross-fitting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

import taskgraph as tg
from benchmarks.results.head_to_head import choice_win_rate, draw_two_way, percentile_ends
from benchmarks.transfers.significance import MEASURES
from taskgraph.errors import InfeasibleError, InvalidTableError
from taskgraph.losses import Losses
from taskgraph.tasks import SCRATCH, SELF, join_sources
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers

NOTHING = np.full(2, np.nan)
"""Win rates against a reference that no target has."""


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
    replacement, for all targets at once, and so are the seeds of what was trained with several
    (`benchmarks.results.head_to_head`). The taxonomies are fixed, so the intervals do not include
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
    draws = draw_two_way(losses, resamples=resamples, seed=seed)
    rows = []
    for budget, taxonomy in taxonomies.items():
        chosen = {each.target: join_sources(each.sources) for each in taxonomy.transfers}
        row: dict[str, float] = {"budget": budget}
        for measure, reference in (("gain", SCRATCH), ("quality", SELF)):
            known = {t: name for t, name in chosen.items() if draws.has(t, reference)}
            drawn = (
                choice_win_rate(draws, known, dict.fromkeys(known, reference)) if known else NOTHING
            )
            low, high = percentile_ends(drawn, level)
            row |= {f"{measure}_own_low": low, f"{measure}_own_high": high}
        rows.append(row)
    return pd.DataFrame(rows)


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
        losses.on_images({name for name in images if unit[name] in first}),
        losses.on_images({name for name in images if unit[name] not in first}),
    )


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
