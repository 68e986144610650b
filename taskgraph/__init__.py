"""Measure which tasks help which, and prove which few to supervise.

>>> import taskgraph as tg
>>> transfers = tg.read_transfers("transfers.csv")          # doctest: +SKIP
>>> tg.solve(transfers, budget=5, max_order=4)              # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskgraph import plot as plot
    from taskgraph.affinity import Affinities, affinities
    from taskgraph.baselines.evaluation import Evaluation
    from taskgraph.baselines.methods import evaluate
    from taskgraph.baselines.random_sets import random_band
    from taskgraph.errors import TaskgraphError
    from taskgraph.frontiers.frontier import Frontier, frontier
    from taskgraph.frontiers.ladder import budget_ladder
    from taskgraph.frontiers.marginal import Marginal, marginal_worth
    from taskgraph.frontiers.needed import LabelsNeeded, labels_needed
    from taskgraph.frontiers.shortlist import alternatives, recommend
    from taskgraph.grouping.choice import Grouping
    from taskgraph.grouping.intervals import grouping_stability
    from taskgraph.grouping.networks import Network, Networks
    from taskgraph.grouping.settings import GroupingProblem
    from taskgraph.grouping.solve import alternative_groupings, grouping_frontier, solve_groups
    from taskgraph.lifelong.arrivals import Arrivals, arrivals, one_label_every
    from taskgraph.lifelong.doubts import Remeasurement
    from taskgraph.lifelong.extending import extend
    from taskgraph.lifelong.extension import Extension
    from taskgraph.lifelong.joining import extend_losses
    from taskgraph.lifelong.remeasure import remeasure
    from taskgraph.lifelong.scales import extend_transfers
    from taskgraph.losses import Losses
    from taskgraph.problem import OBJECTIVES, Problem
    from taskgraph.report.notebook import notebook_bundle
    from taskgraph.selection import Stability, stability
    from taskgraph.sensitivity.analysis import analyze_sensitivity
    from taskgraph.sensitivity.result import Sensitivity
    from taskgraph.sensitivity.robust import RobustTaxonomy, solve_robust
    from taskgraph.solver import SOLVERS, solve
    from taskgraph.tables import (
        NetworkReading,
        default_transfers,
        read_label_costs,
        read_losses,
        read_networks,
        read_problem,
        read_scores,
        read_taskonomy,
        read_taxonomy,
        read_transfers,
        read_wins,
        write_losses,
        write_problem,
        write_taxonomy,
        write_transfers,
    )
    from taskgraph.taxonomy import Taxonomy, Transfer
    from taskgraph.transfers import Transfers

__version__ = "0.1.0"

__all__ = [
    "OBJECTIVES",
    "SOLVERS",
    "Affinities",
    "Arrivals",
    "Evaluation",
    "Extension",
    "Frontier",
    "Grouping",
    "GroupingProblem",
    "LabelsNeeded",
    "Losses",
    "Marginal",
    "Network",
    "NetworkReading",
    "Networks",
    "Problem",
    "Remeasurement",
    "RobustTaxonomy",
    "Sensitivity",
    "Stability",
    "TaskgraphError",
    "Taxonomy",
    "Transfer",
    "Transfers",
    "affinities",
    "alternative_groupings",
    "alternatives",
    "analyze_sensitivity",
    "arrivals",
    "budget_ladder",
    "default_transfers",
    "evaluate",
    "extend",
    "extend_losses",
    "extend_transfers",
    "frontier",
    "grouping_frontier",
    "grouping_stability",
    "labels_needed",
    "marginal_worth",
    "notebook_bundle",
    "one_label_every",
    "random_band",
    "read_label_costs",
    "read_losses",
    "read_networks",
    "read_problem",
    "read_scores",
    "read_taskonomy",
    "read_taxonomy",
    "read_transfers",
    "read_wins",
    "recommend",
    "remeasure",
    "solve",
    "solve_groups",
    "solve_robust",
    "stability",
    "write_losses",
    "write_problem",
    "write_taxonomy",
    "write_transfers",
]

_MODULES = ("plot",)
"""Modules that are imported on first use, as they need matplotlib."""

_MODULE_OF = {
    "TaskgraphError": "errors",
    "Transfers": "transfers",
    "Losses": "losses",
    "Affinities": "affinity",
    "affinities": "affinity",
    "OBJECTIVES": "problem",
    "Problem": "problem",
    "Taxonomy": "taxonomy",
    "Transfer": "taxonomy",
    "SOLVERS": "solver",
    "solve": "solver",
    "Frontier": "frontiers.frontier",
    "frontier": "frontiers.frontier",
    "budget_ladder": "frontiers.ladder",
    "Marginal": "frontiers.marginal",
    "marginal_worth": "frontiers.marginal",
    "LabelsNeeded": "frontiers.needed",
    "labels_needed": "frontiers.needed",
    "alternatives": "frontiers.shortlist",
    "recommend": "frontiers.shortlist",
    "Network": "grouping.networks",
    "Networks": "grouping.networks",
    "GroupingProblem": "grouping.settings",
    "Grouping": "grouping.choice",
    "solve_groups": "grouping.solve",
    "alternative_groupings": "grouping.solve",
    "grouping_frontier": "grouping.solve",
    "grouping_stability": "grouping.intervals",
    "Evaluation": "baselines.evaluation",
    "evaluate": "baselines.methods",
    "random_band": "baselines.random_sets",
    "Stability": "selection",
    "stability": "selection",
    "Sensitivity": "sensitivity.result",
    "analyze_sensitivity": "sensitivity.analysis",
    "RobustTaxonomy": "sensitivity.robust",
    "solve_robust": "sensitivity.robust",
    "NetworkReading": "tables",
    "Extension": "lifelong.extension",
    "extend": "lifelong.extending",
    "extend_losses": "lifelong.joining",
    "extend_transfers": "lifelong.scales",
    "Arrivals": "lifelong.arrivals",
    "arrivals": "lifelong.arrivals",
    "one_label_every": "lifelong.arrivals",
    "Remeasurement": "lifelong.doubts",
    "remeasure": "lifelong.remeasure",
    "default_transfers": "tables",
    "read_label_costs": "tables",
    "read_losses": "tables",
    "read_networks": "tables",
    "read_problem": "tables",
    "read_scores": "tables",
    "read_taskonomy": "tables",
    "read_taxonomy": "tables",
    "read_transfers": "tables",
    "read_wins": "tables",
    "write_losses": "tables",
    "write_problem": "tables",
    "write_taxonomy": "tables",
    "write_transfers": "tables",
    "notebook_bundle": "report.notebook",
}


def __getattr__(name: str) -> Any:
    """Import a name on first use, so that ``import taskgraph`` and ``--help`` stay fast."""
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
