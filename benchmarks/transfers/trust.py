"""How far the taxonomies can be trusted: their stability, and gains against the best constant."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

import taskgraph as tg
from benchmarks.transfers.markdown import number, table
from benchmarks.transfers.tables import Tables
from taskgraph.affinity import affinities, tournament_of
from taskgraph.losses import Losses
from taskgraph.tasks import AVERAGE, join_sources
from taskgraph.taxonomy import Taxonomy

RESAMPLES = 200
"""Of the test buildings; each is solved anew at every budget that is shown."""


def stability(
    losses: Losses, budgets: list[float], *, max_order: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What `taskgraph stability` says at each budget.

    Returns
    -------
    tasks : DataFrame
        ``budget, task, supervised, share``, as `taskgraph.Stability.selection` has them.
    budgets : DataFrame
        ``budget, resamples, seed, same``: the share of resamples with exactly the same set.
    """
    found = affinities(losses, bootstrap=RESAMPLES, seed=seed)
    tasks, rows = [], []
    for budget in budgets:
        one = tg.stability(found, budget=budget, max_order=max_order)
        tasks.append(one.to_frame().assign(budget=budget))
        rows.append((budget, one.resamples, seed, one.same))
    columns = ["budget", "task", "supervised", "share"]
    return (
        pd.concat(tasks, ignore_index=True)[columns],
        pd.DataFrame(rows, columns=["budget", "resamples", "seed", "same"]),
    )
