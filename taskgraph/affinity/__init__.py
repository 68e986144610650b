"""Affinities from losses, win rates or scores: the tournament and its Perron vector."""

from taskgraph.affinity.ahp import (
    Consistency,
    affinity_from_wins,
    consistency_ratio,
    random_index,
)
from taskgraph.affinity.bootstrap import (
    ResampledFactor,
    Resamples,
    bootstrap_affinities,
    draw_resamples,
)
from taskgraph.affinity.bradley_terry import bradley_terry
from taskgraph.affinity.closed import closed_shares
from taskgraph.affinity.estimate import Affinities, affinities
from taskgraph.affinity.methods import TOURNAMENT_METHODS, TournamentMethod, affinity_by_method
from taskgraph.affinity.scores import affinities_from_scores
from taskgraph.affinity.tournament import win_rates
from taskgraph.affinity.wins import Ties, image_wins, win_rate
from taskgraph.affinity.wins_table import affinities_from_wins_table

__all__ = [
    "TOURNAMENT_METHODS",
    "Affinities",
    "Consistency",
    "ResampledFactor",
    "Resamples",
    "Ties",
    "TournamentMethod",
    "affinities",
    "affinities_from_scores",
    "affinities_from_wins_table",
    "affinity_by_method",
    "affinity_from_wins",
    "bootstrap_affinities",
    "bradley_terry",
    "closed_shares",
    "consistency_ratio",
    "draw_resamples",
    "image_wins",
    "random_index",
    "win_rate",
    "win_rates",
]
