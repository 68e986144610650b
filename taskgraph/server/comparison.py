"""What stands beside an optimum: the frontier with random sets, the next best sets, stability."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from taskgraph.affinity import affinities
from taskgraph.baselines.random_sets import random_band
from taskgraph.errors import TaskgraphError
from taskgraph.frontiers.frontier import frontier
from taskgraph.frontiers.ladder import budget_ladder
from taskgraph.frontiers.shortlist import alternatives
from taskgraph.losses import Losses
from taskgraph.problem import OBJECTIVES, Problem
from taskgraph.report.pictures import frontier_content, stability_content
from taskgraph.selection import stability
from taskgraph.server.refusals import RefusedRequestError
from taskgraph.solver import Clock, solve
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers

BUDGETS, DRAWS, SETS, RESAMPLES = 12, 50, 5, 50
"""Budgets of the frontier, random sets, best sets, and resamples of the images."""


def compare(
    transfers: Transfers,
    problem: Problem,
    losses: Losses | None,
    *,
    solver: str,
    clock: Clock,
) -> dict[str, Any]:
    """Return what the live page shows beside an optimum, as a JSON document.

    Returns
    -------
    dict
        ``frontier`` as `taskgraph.report.pictures.frontier_content` has it, for the maximum orders
        1 and that of the problem; ``best_sets``, a list of ``supervised``, ``objective`` and
        ``behind``, the share of the best objective that a set loses; and ``stability`` if there are
        losses. Without a solution ``best_sets`` is empty and ``stability`` is None.

    Raises
    ------
    RefusedRequestError
        With status 422 if the time of ``clock`` does not suffice.
    """
    tick = partial(_check, clock)
    taxonomy = solve(transfers, problem, solver=solver, clock=Clock(clock.left, stop=clock.stop))
    tick(0, 1)
    document: dict[str, Any] = {
        "frontier": _frontier(transfers, problem, solver, clock),
        "best_sets": [],
        "stability": None,
    }
    if not taxonomy.solved:
        return document
    sets = alternatives(transfers, problem, k=SETS, solver=solver, time_limit=clock.left)
    tick(0, 1)
    document["best_sets"] = [_best_set(each, sets[0]) for each in sets]
    if losses is not None and OBJECTIVES[problem.objective].column == "affinity":
        measured = affinities(losses, bootstrap=RESAMPLES, progress=tick)
        document["stability"] = stability_content(
            stability(measured, problem, solver=solver, progress=tick)
        )
    return document


def _frontier(
    transfers: Transfers, problem: Problem, solver: str, clock: Clock
) -> dict[str, Any] | None:
    """Return the curves and the band of random sets; None if no budget has a solution."""
    tick = partial(_check, clock)
    most = min(problem.max_order, int(transfers.order.max(initial=1)))
    try:
        ladder = budget_ladder(
            transfers, problem, most=BUDGETS, solver=solver, time_limit=clock.left
        )
        curves = frontier(
            transfers,
            replace(problem, max_order=most),
            budgets=sorted({*ladder, problem.budget}),
            max_orders=sorted({1, most}),
            solver=solver,
            time_limit=clock.left,
            progress=tick,
        ).to_frame()
        budgets = curves["budget"].unique().tolist()
        band = random_band(
            transfers, problem, budgets=budgets, max_order=most, draws=DRAWS, progress=tick
        )
    except RefusedRequestError:
        raise
    except TaskgraphError:
        return None
    return frontier_content(curves, band)


def _best_set(taxonomy: Taxonomy, first: Taxonomy) -> dict[str, Any]:
    """Return a set of the list, with what it loses against the first one."""
    best, value = first.objective_value or 0.0, taxonomy.objective_value or 0.0
    return {
        "supervised": list(taxonomy.supervised),
        "objective": value,
        "behind": (best - value) / abs(best) if best else 0.0,
    }


def _check(clock: Clock, done: int, total: int, label: str = "") -> None:
    """Raise an error if the time of a comparison is over; it has the form of a `Progress`."""
    if clock.over:
        raise RefusedRequestError(
            "the comparison takes longer than this server allows; `taskgraph report` takes the "
            "time that it needs, and `taskgraph serve --time-limit` allows more",
            422,
        )
