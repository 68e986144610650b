"""The report: one self-contained HTML page about a table and a problem."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Unpack

import pandas as pd

import taskgraph
from taskgraph.baselines.methods import evaluate
from taskgraph.baselines.random_sets import random_band
from taskgraph.frontiers.frontier import Frontier, frontier
from taskgraph.frontiers.ladder import budget_ladder
from taskgraph.frontiers.shortlist import alternatives
from taskgraph.problem import Problem, ProblemFields, make_problem
from taskgraph.progress import Progress, no_progress
from taskgraph.report.measured import MeasuredRows, taxonomy_content
from taskgraph.report.page import page_html
from taskgraph.report.pictures import frontier_content, stability_content
from taskgraph.report.results import (
    best_sets_section,
    comparison_section,
    frontier_section,
    optimum_frame,
    sensitivity_section,
    stability_section,
    table_sections,
    targets_section,
)
from taskgraph.report.section import Section
from taskgraph.report.tables import settings_line, table_content
from taskgraph.selection import Stability
from taskgraph.sensitivity.result import Sensitivity
from taskgraph.solver import solve
from taskgraph.transfers import Transfers

__all__ = ["Section", "report", "settings_line", "table_content"]

MOST_ORDERS = 5
"""Largest maximum order of the page's slider."""


def report(
    transfers: Transfers,
    problem: Problem | None = None,
    *,
    draws: int = 200,
    seed: int = 0,
    solver: str = "highs",
    title: str = "Task taxonomy",
    stable: Stability | None = None,
    sensitive: Sensitivity | None = None,
    sections: Iterable[Section] = (),
    command: str = "",
    date: str | None = None,
    progress: Progress = no_progress,
    **fields: Unpack[ProblemFields],
) -> str:
    """Return an HTML page with the results of a table, which works without an internet connection.

    It shows the optimum of every budget of `budget_ladder` and every maximum order, between which
    the reader moves; gain and quality by target; the frontier beside ``draws`` random sets; the
    five best different supervised sets; greedy and best single sources; stability; and the table
    as a heat map and a tree. For an infeasible program it says why.

    Parameters
    ----------
    transfers, problem, **fields
        As for `taskgraph.solve`. The page opens at this budget and maximum order.
    draws : int
        Number of random sets.
    seed : int
        Seed of the random sets.
    solver : str
    title : str
        Title of the page.
    stable : Stability, optional
        `taskgraph.stability` of the losses that the table was made from; the page then says how
        stable the supervised set is.
    sensitive : Sensitivity, optional
        `taskgraph.analyze_sensitivity` of these losses or of the table; the page then has a section
        on methods, objectives, dropped sources and resamples.
    sections : iterable of Section
        Results of other modules, shown after the page's own.
    command : str
        The command that makes this page; shown at its end.
    date : str, optional
        Date to show; today by default.
    progress
        Receives the progress of the frontier and of the random sets.
    """
    problem = make_problem(problem, fields, transfers)
    taxonomy = solve(transfers, problem, solver=solver)
    content, own = table_content(transfers, problem), []
    rows = MeasuredRows(transfers.tasks)
    optima = [taxonomy]
    known = (taxonomy.least_budget, taxonomy.enough_budget)
    if taxonomy.solved or any(budget is not None for budget in known):
        curves = _optima(transfers, problem, solver, progress)
        optima, own = [*curves], [targets_section(), frontier_section()]
        content["frontier"] = _frontier(transfers, problem, curves, draws, seed, progress)
    if taxonomy.solved:
        best = alternatives(transfers, problem, k=5, solver=solver)
        evaluation = evaluate(transfers, problem, draws=draws, seed=seed, solver=solver)
        own += [stability_section(taxonomy, stable)]
        own += [] if sensitive is None else [sensitivity_section(sensitive)]
        own += [best_sets_section(best)]
        own += [comparison_section(evaluation, seed)]
    if stable is not None:
        content["stability"] = stability_content(stable)
    content["optima"] = [taxonomy_content(each, rows) for each in optima]
    rows.add_best(transfers)
    content |= {"rows": rows.rows, "command": command}
    return page_html(
        title=title,
        content=content,
        sections=[*own, *table_sections(), *sections],
        settings=settings_line(transfers, problem),
        headline=taxonomy.headline(),
        supervised=taxonomy.supervised,
        optimum=optimum_frame(taxonomy) if taxonomy.solved else None,
        command=command,
        version=taskgraph.__version__,
        date=datetime.date.today().isoformat() if date is None else date,
    )


def _orders(transfers: Transfers, problem: Problem) -> Sequence[int]:
    """Return the maximum orders of the slider; the last is that of the problem."""
    most = min(problem.max_order, int(transfers.order.max(initial=1)))
    return sorted({*range(1, min(MOST_ORDERS, most) + 1), most})


def _optima(transfers: Transfers, problem: Problem, solver: str, progress: Progress) -> Frontier:
    """Return the optimum of every budget and maximum order of the sliders."""
    orders = _orders(transfers, problem)
    ladder = budget_ladder(transfers, replace(problem, max_order=max(orders)), solver=solver)
    budgets = sorted({*ladder, problem.budget})
    return frontier(
        transfers, problem, budgets=budgets, max_orders=orders, solver=solver, progress=progress
    )


def _frontier(
    transfers: Transfers,
    problem: Problem,
    curves: Frontier,
    draws: int,
    seed: int,
    progress: Progress,
) -> dict[str, Any]:
    """Return the curves of gain and quality, and the band of random sets at the largest order."""
    frame: pd.DataFrame = curves.to_frame()
    band = random_band(
        transfers,
        problem,
        budgets=frame["budget"].unique().tolist(),
        max_order=max(_orders(transfers, problem)),
        draws=draws,
        seed=seed,
        progress=progress,
    )
    return frontier_content(frame, band)
