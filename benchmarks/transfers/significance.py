"""Comparison of the optimum with greedy, best single sources and random sets at each budget."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

import taskgraph as tg
from taskgraph.baselines.evaluation import GREEDY, RANDOM, SINGLE, Evaluation, taxonomy_summary
from taskgraph.baselines.random_sets import BAND
from taskgraph.errors import InfeasibleError
from taskgraph.tasks import join_sources
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers

MEASURES = ("gain", "quality")


def against_random(
    transfers: Transfers,
    budgets: Iterable[float],
    *,
    max_order: int,
    draws: int = 1_000,
    seed: int = 0,
) -> tuple[pd.DataFrame, dict[float, Taxonomy]]:
    """Solve at each budget, and evaluate other choices (`taskgraph.evaluate`).

    Returns
    -------
    DataFrame
        A row a budget: ``status, supervised`` (names joined by ``+``), ``spent, objective``, the
        number ``random`` of sets drawn; and for ``gain`` and ``quality``, means over all targets,
        larger is better: the optimum's; ``*_greedy``; ``*_single`` (the best single source of
        every target supervised); of random sets with random transfers the mean ``*_random``, the
        5th and 95th percentiles ``*_low, *_high``, and ``*_as_good``: the share of them that are as
        good, ours counted among them (the p-value of a Monte Carlo test); and of the same sets with
        their best transfers ``*_random_best, *_best_low, *_best_high, *_best_as_good``.
        ``greedy_spent, single_spent, random_spent`` (a mean) are their costs, and ``*_at_greedy,
        *_at_single, *_at_random`` the values of the optimum at these costs.
    dict
        The optimum of each budget that has one.
    """
    rows, found = [], {}
    for budget in budgets:
        try:
            each = tg.evaluate(
                transfers, budget=budget, max_order=max_order, draws=draws, seed=seed
            )
        except InfeasibleError:
            rows.append({"budget": budget, "status": "infeasible"})
            continue
        found[budget] = each.taxonomy
        rows.append({"budget": budget, **_row(each)})
    return pd.DataFrame(rows), found


def _row(each: Evaluation) -> dict[str, object]:
    ours, greedy, single = map(taxonomy_summary, (each.taxonomy, each.greedy, each.best_single))
    row: dict[str, object] = {
        "status": each.taxonomy.status,
        "supervised": join_sources(each.taxonomy.supervised),
        "spent": ours["spent"],
        "objective": ours["objective"],
        "greedy_spent": greedy["spent"],
        "single_spent": single["spent"],
        "random_spent": each.random["spent"].mean(),
        "random": len(each.random),
    }
    optima = {
        name: taxonomy_summary(each.at_cost[method]) if method in each.at_cost else {}
        for name, method in (("greedy", GREEDY), ("single", SINGLE), ("random", RANDOM))
    }
    for measure in MEASURES:
        row |= {
            measure: ours[measure],
            f"{measure}_greedy": greedy[measure],
            f"{measure}_single": single[measure],
        }
        row |= {f"{measure}_at_{name}": best.get(measure, np.nan) for name, best in optima.items()}
        for name, drawn in (("", each.random), ("_best", each.random_best)):
            row |= _drawn(measure, name, ours[measure], drawn[measure].to_numpy(dtype=float))
    return row


def _drawn(measure: str, name: str, ours: float, drawn: np.ndarray) -> dict[str, object]:
    low, high = np.percentile(drawn, BAND) if len(drawn) else (np.nan, np.nan)
    return {
        f"{measure}_random{name}": drawn.mean() if len(drawn) else np.nan,
        f"{measure}{name}_low": low,
        f"{measure}{name}_high": high,
        f"{measure}{name}_as_good": as_good(ours, drawn),
    }


def as_good(ours: float, drawn: np.ndarray) -> float:
    """Return (1 + number of drawn values that reach ours) / (1 + number drawn), or NaN."""
    if np.isnan(ours):
        return float("nan")
    return float((1 + (drawn >= ours - 1e-12).sum()) / (1 + len(drawn)))
