"""Our taxonomies against random feasible ones, greedy and best single sources at each budget."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

import taskgraph as tg
from taskgraph.baselines import BAND, Evaluation, summary
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
    """Solve at each budget, and draw random feasible taxonomies (`taskgraph.evaluate`).

    Returns
    -------
    DataFrame
        A row a budget: ``status, supervised`` (names joined by ``+``), ``spent, objective``, the
        number ``random`` drawn; and for ``gain`` and ``quality``, means over all targets, larger is
        better: the optimum's, ``*_greedy``, ``*_single`` (every target from its best single
        source, which costs ``single_spent``), the random ones' mean ``*_random`` and 5th and 95th
        percentiles ``*_low, *_high``, and ``*_as_good``: the share of random ones that are as good,
        ours counted among them (the p-value of a Monte Carlo test).
    dict
        The optimum of each budget that has one.
    """
    rows, found = [], {}
    for budget in budgets:
        try:
            each = tg.evaluate(transfers, budget=budget, max_order=max_order, draws=draws,
                               seed=seed)  # fmt: skip
        except InfeasibleError:
            rows.append({"budget": budget, "status": "infeasible"})
            continue
        found[budget] = each.taxonomy
        rows.append({"budget": budget, **_row(each)})
    return pd.DataFrame(rows), found


def _row(each: Evaluation) -> dict[str, object]:
    ours, greedy, single = map(summary, (each.taxonomy, each.greedy, each.best_single))
    row: dict[str, object] = {
        "status": each.taxonomy.status,
        "supervised": join_sources(each.taxonomy.supervised),
        "spent": ours["spent"],
        "objective": ours["objective"],
        "single_spent": single["spent"],
        "random": len(each.random),
    }
    for name in MEASURES:
        drawn = each.random[name].to_numpy(dtype=float)
        low, high = np.percentile(drawn, BAND) if len(drawn) else (np.nan, np.nan)
        row |= {
            name: ours[name],
            f"{name}_greedy": greedy[name],
            f"{name}_single": single[name],
            f"{name}_random": drawn.mean() if len(drawn) else np.nan,
            f"{name}_low": low,
            f"{name}_high": high,
            f"{name}_as_good": as_good(ours[name], drawn),
        }
    return row


def as_good(ours: float, drawn: np.ndarray) -> float:
    """(1 + how many drawn values reach ours) / (1 + how many were drawn); NaN without a value."""
    if np.isnan(ours):
        return float("nan")
    return float((1 + (drawn >= ours - 1e-12).sum()) / (1 + len(drawn)))
