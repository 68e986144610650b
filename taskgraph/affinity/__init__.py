"""Affinities from losses, win rates or scores: the tournament and its Perron vector."""

from taskgraph.affinity.ahp import (
    Consistency,
    affinity_from_wins,
    consistency_ratio,
    random_index,
)
from taskgraph.affinity.bootstrap import Resamples, bootstrap_affinities, draw_resamples
from taskgraph.affinity.estimate import Affinities, affinities
from taskgraph.affinity.scores import affinities_from_scores
from taskgraph.affinity.tournament import win_rates
from taskgraph.affinity.wins import Ties, image_wins, win_rate
from taskgraph.affinity.wins_table import affinities_from_wins_table

__all__ = [
    "Affinities",
    "Consistency",
    "Resamples",
    "Ties",
    "affinities",
    "affinities_from_scores",
    "affinities_from_wins_table",
    "affinity_from_wins",
    "bootstrap_affinities",
    "consistency_ratio",
    "draw_resamples",
    "image_wins",
    "random_index",
    "win_rate",
    "win_rates",
]
