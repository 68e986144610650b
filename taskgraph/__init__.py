"""Measure which tasks help which, and prove which few to supervise.

>>> import taskgraph as tg
>>> transfers = tg.read_transfers("transfers.csv")          # doctest: +SKIP
>>> tg.solve(transfers, budget=5, max_order=4)              # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "errors": ("TaskgraphError",),
    "transfers": ("Transfers",),
    "losses": ("Losses",),
    "problem": ("OBJECTIVES", "Problem"),
    "taxonomy": ("Taxonomy", "Transfer"),
    "solver": ("SOLVERS", "solve"),
    "frontiers": ("Frontier", "frontier", "marginal_worth"),
    "shortlist": ("alternatives", "recommend"),
    "affinity": ("Affinities", "affinities"),
    "selection": ("Stability", "stability"),
    "tables": ("read_losses", "read_problem", "read_scores", "read_taxonomy", "read_transfers",
               "read_wins", "write_taxonomy", "write_transfers"),
    "baselines": ("Evaluation", "evaluate", "random_band"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted(_MODULE_OF)  # pyright: ignore[reportUnsupportedDunderAll]

if TYPE_CHECKING:
    from taskgraph.shortlist import alternatives, recommend
    from taskgraph.baselines import Evaluation, evaluate, random_band
    from taskgraph.errors import TaskgraphError
    from taskgraph.frontiers import Frontier, frontier, marginal_worth
    from taskgraph.losses import Losses
    from taskgraph.problem import OBJECTIVES, Problem
    from taskgraph.solver import SOLVERS, solve
    from taskgraph.taxonomy import Taxonomy, Transfer
    from taskgraph.transfers import Transfers


def __getattr__(name: str) -> Any:
    """Import on first use, so that ``import taskgraph`` and ``--help`` stay quick."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
