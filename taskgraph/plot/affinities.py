"""First-order transfers as matrices, sources by targets, for the heat map and the tree."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from taskgraph.plot.errors import PlotError
from taskgraph.tasks import REFERENCES, SELF, require_known, split_sources, task_name
from taskgraph.transfers import Transfers

BETA = 20.0
"""Steepness of the display distance exp(-β P) of the paper's Fig. 7."""


def first_order(transfers: Transfers, *, column: str = "affinity") -> pd.DataFrame:
    """Return one column of the first-order transfers as a matrix, sources (rows) by targets.

    Both are sorted by name; the row ``self``, if it was measured, comes last. Cells that were not
    measured are NaN, the diagonal among them.

    Raises
    ------
    PlotError
        If no first-order transfer has a value in the column.
    """
    frame = transfers.frame
    singles = frame[(transfers.order == 1) & ~frame["sources"].isin(REFERENCES)]
    singles = singles[singles[column].notna()]
    if not (singles["sources"] != SELF).any():
        raise PlotError(f'the table has no first-order transfer whose "{column}" is known')
    singles = singles.assign(sources=singles["sources"].map(task_name))  # without quotes
    matrix = pd.pivot(singles, index="sources", columns="target", values=column)  # noqa: PD010
    rows = [*matrix.index.drop(SELF, errors="ignore"), *matrix.index.intersection([SELF])]
    ordered: pd.DataFrame = matrix.loc[rows].rename_axis(index="source", columns="target")
    return ordered


def without_tasks(transfers: Transfers, exclude: Iterable[str]) -> Transfers:
    """Return the table without the rows that name a task of ``exclude``, as source or as target.

    Raises
    ------
    UnknownTaskError
        If ``exclude`` names a task that the table does not have.
    PlotError
        If no row is left.
    """
    unwanted = set(exclude)
    if not unwanted:
        return transfers
    require_known(sorted(unwanted), transfers.tasks, where="--exclude")
    frame = transfers.frame
    allowed = frame["sources"].map(lambda text: unwanted.isdisjoint(split_sources(text)))
    kept = frame[allowed & ~frame["target"].isin(unwanted)]
    if kept.empty:
        raise PlotError("no transfer is left to draw; give fewer tasks to --exclude")
    return Transfers(kept.reset_index(drop=True))


def transfer_distance(transfers: Transfers, *, beta: float = BETA) -> pd.DataFrame:
    """Return exp(-β P), where P are first-order affinities scaled to sum to 1 over each target.

    Returns
    -------
    DataFrame, sources by targets, in (0, 1]
        Smaller is a better transfer. For display and clustering only: the program never sees it.
        P is scaled over all first-order candidates of the target, ``self`` included. Source:
        the paper's Fig. 7 (right).
    """
    affinity = first_order(transfers)
    total = affinity.sum()
    share = affinity / total.where(total > 0, 1.0)
    distance: pd.DataFrame = share.apply(lambda column: np.exp(-beta * column))
    return distance
