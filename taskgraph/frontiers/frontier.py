"""The frontier: optimal taxonomies over a grid of budgets and maximum orders."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Unpack

import pandas as pd

import taskgraph
from taskgraph.errors import InvalidProblemError
from taskgraph.frontiers.ladder import budget_ladder
from taskgraph.problem import Problem, ProblemFields, make_problem
from taskgraph.program import compile_program
from taskgraph.progress import Progress, no_progress, with_progress
from taskgraph.solver import find_solver, solve_program, taxonomy_from_solution
from taskgraph.solver.clock import Clock
from taskgraph.solver.presolve import undominated
from taskgraph.tasks import SELF, join_sources
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers


@dataclass(frozen=True)
class Frontier:
    """Optimal taxonomies, one for each maximum order and budget, sorted by both."""

    taxonomies: tuple[Taxonomy, ...]

    def __len__(self) -> int:
        return len(self.taxonomies)

    def __iter__(self) -> Any:
        return iter(self.taxonomies)

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each taxonomy.

        Returns
        -------
        DataFrame
            ``max_order, budget, status, objective, gap, marginal, spent``, the number
            ``supervised``, and the means of ``gain`` and ``quality`` over the targets for which
            they were measured. ``marginal`` is the increase of the objective since the previous
            budget, divided by the increase of the budget.
        """
        rows = []
        for taxonomy in self.taxonomies:
            means = taxonomy.to_frame().reindex(columns=["gain", "quality"]).mean()
            rows.append(
                {
                    "max_order": taxonomy.max_order,
                    "budget": taxonomy.budget,
                    "status": taxonomy.status,
                    "objective": taxonomy.objective_value,
                    "gap": taxonomy.gap,
                    "spent": taxonomy.spent,
                    "supervised": len(taxonomy.supervised),
                    "gain": means["gain"],
                    "quality": means["quality"],
                }
            )
        frame = pd.DataFrame(rows).astype({"objective": float, "gap": float})
        steps = frame.groupby("max_order")[["objective", "budget"]].diff()
        frame.insert(5, "marginal", steps["objective"] / steps["budget"])
        return frame

    def transfers_frame(self) -> pd.DataFrame:
        """Return the transfers that the frontier's taxonomies use, one row each.

        Returns
        -------
        DataFrame
            ``sources, target, affinity, optima, least_budget, most_budget``: the number of
            taxonomies that use the transfer, and their smallest and largest budget. Sorted by
            target, then sources. A target's own network is no transfer, and is left out.
        """
        rows = [
            {
                "sources": join_sources(each.sources),
                "target": each.target,
                "affinity": each.affinity,
                "budget": taxonomy.budget,
            }
            for taxonomy in self.taxonomies
            for each in taxonomy.transfers
            if each.sources != (SELF,)
        ]
        frame = pd.DataFrame(rows, columns=["sources", "target", "affinity", "budget"])
        used = frame.groupby(["target", "sources"], as_index=False).agg(
            affinity=("affinity", "first"),
            optima=("budget", "size"),
            least_budget=("budget", "min"),
            most_budget=("budget", "max"),
        )
        return used[["sources", "target", *used.columns[2:]]]

    def to_json(self, *, indent: int | None = 1) -> str:
        """Return a JSON list of taxonomies."""
        return json.dumps([t.to_dict() for t in self.taxonomies], indent=indent, allow_nan=False)

    def __repr__(self) -> str:
        return self.to_frame().round(4).to_string(index=False)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return taskgraph.notebook_bundle(self)

    def _repr_html_(self) -> str:
        return str(self.to_frame().round(4).to_html(index=False))


def frontier(
    transfers: Transfers,
    problem: Problem | None = None,
    *,
    budgets: Iterable[float] | None = None,
    max_orders: Iterable[int] = (1, 2, 3, 4),
    solver: str = "highs",
    time_limit: float | None = None,
    progress: Progress = no_progress,
    **fields: Unpack[ProblemFields],
) -> Frontier:
    """Solve the problem for each maximum order and budget.

    Parameters
    ----------
    budgets, max_orders : numbers
        The grid; the budget and maximum order of ``problem`` are not used. By default the budgets
        are those of `budget_ladder`.
    time_limit : float, optional
        Seconds for each taxonomy.
    progress : Progress
        Receives the number of taxonomies that are solved, of how many.

    Returns
    -------
    Frontier
        Where there is no solution, a taxonomy with the reason.
    """
    problem = make_problem(problem, fields, transfers)
    backend = find_solver(solver)
    orders = sorted(set(max_orders))
    if budgets is None and orders:
        wide = replace(problem, max_order=orders[-1])
        budgets = budget_ladder(transfers, wide, solver=solver, time_limit=time_limit)
    amounts = sorted(set(() if budgets is None else budgets))
    if not orders or not amounts:
        raise InvalidProblemError("a frontier needs at least one budget and one maximum order")
    cells = [replace(problem, budget=b, max_order=k) for k in orders for b in amounts]
    full = compile_program(transfers, replace(problem, budget=amounts[-1], max_order=orders[-1]))
    presolved = {k: undominated(full.with_edges(full.order <= k)) for k in orders}
    solved = []
    for cell in with_progress(cells, progress):
        clock = Clock(time_limit)
        program = replace(presolved[cell.max_order], budget=cell.budget)
        solution = solve_program(program, backend, clock)
        solved.append(taxonomy_from_solution(transfers, cell, solution, seconds=clock.seconds))
    return Frontier(tuple(solved))
