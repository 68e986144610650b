"""Consistency of tournaments, and rank correlation of affinities with gain and quality."""

from __future__ import annotations

import pandas as pd

import taskgraph as tg
from benchmarks.transfers.published import mean_spearman
from benchmarks.transfers.significance import MEASURES
from taskgraph.losses import Losses


def consistency(losses: Losses) -> pd.DataFrame:
    """Return each target's consistency ratio, and the rank correlation of affinity and win rates.

    Affinity depends on a candidate's wins against *all* others; gain and quality on those against
    one network. The orders differ where wins are not transitive.

    Returns
    -------
    DataFrame
        A row a target, the least consistent first: ``target, candidates, images,
        consistency_ratio`` as in `taskgraph.Affinities.consistency`; ``gain, quality``,
        Spearman's correlation with the affinity over all transfers, from -1 to 1; empty where
        every transfer wins the same.
    """
    found = tg.affinities(losses)
    table = found.transfers
    edges = table.frame[table.is_edge]
    by = dict(iter(edges.groupby("target")))
    frame = found.consistency[["target", "candidates", "images", "consistency_ratio"]].copy()
    for measure in MEASURES:
        frame[measure] = [
            mean_spearman(by[name][["affinity"]].to_numpy(), by[name][[measure]].to_numpy())
            for name in frame["target"]
        ]
    return frame.sort_values("consistency_ratio", ascending=False, ignore_index=True)
