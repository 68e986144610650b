"""Figures of a table of transfers, drawn by `taskgraph.plot`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd
from matplotlib.figure import Figure

import taskgraph as tg
from taskgraph.plot import draw_frontier, draw_taxonomy, heatmap, tree
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers

BAND = tuple(
    f"{measure}_{end}"
    for measure in ("gain", "quality")
    for end in ("low", "high", "best_low", "best_high", "greedy")
)


def pictures(
    transfers: Transfers, taxonomies: Mapping[float, Taxonomy], frontier: pd.DataFrame
) -> dict[str, Figure]:
    """Return the figures: heat maps before and after AHP, tree, taxonomies by budget, frontier.

    Parameters
    ----------
    taxonomies : mapping of budgets to solved taxonomies
    frontier : DataFrame
        As `frontier_frame` returns it.

    Returns
    -------
    dict of figures by the stems of their files
    """
    drawn = {"heatmap": heatmap(transfers), "tree": tree(transfers)}
    for budget, taxonomy in taxonomies.items():
        drawn[f"taxonomy_{budget:g}"] = draw_taxonomy(taxonomy)
    return {**drawn, "frontier": draw_frontier(frontier)}


def frontier_frame(
    transfers: Transfers, budgets: Iterable[float], orders: Iterable[int], random: pd.DataFrame
) -> pd.DataFrame:
    """Return optima over budgets and maximum orders, with the bands of random sets and greedy.

    Parameters
    ----------
    random : DataFrame
        As `benchmarks.transfers.significance.against_random` returns it.
    """
    found = tg.frontier(transfers, budgets=budgets, max_orders=orders).to_frame()
    known = [name for name in BAND if name in random]
    return found.merge(random[["budget", *known]], on="budget", how="left")
