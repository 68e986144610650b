"""The best networks to buy within a budget, proven; the next best ones; and several budgets."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np
import pandas as pd

from taskgraph.errors import InvalidProblemError, InvalidTableError
from taskgraph.frontiers.shortlist import next_best_sets
from taskgraph.grouping.choice import Grouping, ServedTask
from taskgraph.grouping.covering import covering_program
from taskgraph.grouping.networks import Networks
from taskgraph.grouping.settings import GroupingFields, GroupingProblem
from taskgraph.grouping.shortage import why_infeasible
from taskgraph.program import Program
from taskgraph.progress import Progress, no_progress, with_progress
from taskgraph.solver import find_solver, solve_program
from taskgraph.solver.clock import Clock, OutOfTime, SolverCallback
from taskgraph.solver.search import EdgeLimits, Solution

ONE_MODEL = EdgeLimits(branch=10**9)
"""Always one mixed-integer model: its relaxation is tight, as every edge has a single source."""


def solve_groups(
    networks: Networks,
    problem: GroupingProblem | None = None,
    *,
    solver: str = "highs",
    time_limit: float | None = None,
    callback: SolverCallback | None = None,
    clock: Clock | None = None,
    **fields: Unpack[GroupingFields],
) -> Grouping:
    """Choose which networks to buy, so that every task has the best network for the budget.

    Minimizes the sum over the tasks of importance times the loss of the task's best bought network
    (or maximizes that of its gain), while the costs of the bought networks stay within the budget
    (Standley et al., "Which tasks should be learned together in multi-task learning?", ICML 2020).
    Of several optima, the one with the fewest networks is returned, then the one with the first
    names.

    Parameters
    ----------
    networks : Networks
        The candidates, from `read_networks` or `Networks`.
    problem : GroupingProblem, optional
        Budget, tasks, importances and costs; ``fields`` override its fields.
    solver, time_limit, callback, clock
        As for `taskgraph.solve`.
    **fields
        Fields of `GroupingProblem`, such as ``budget=2.5, importance={"depth": 2}``.

    Returns
    -------
    Grouping
        Its ``status`` says whether it is proven optimal, or that there is no solution.

    Raises
    ------
    UnknownTaskError, InvalidProblemError
        If the problem does not fit the table.
    SolverError
        If there is no such solver, or it fails.
    """
    table, problem = _prepared(networks, problem, fields)
    clock = clock or Clock(time_limit, callback)
    program = covering_program(table, problem)
    solution = solve_program(program, find_solver(solver), clock, limits=ONE_MODEL)
    return _grouping(table, problem, program, solution, clock)


def alternative_groupings(
    networks: Networks,
    problem: GroupingProblem | None = None,
    *,
    k: int = 5,
    solver: str = "highs",
    time_limit: float | None = None,
    clock: Clock | None = None,
    **fields: Unpack[GroupingFields],
) -> tuple[Grouping, ...]:
    """Return the k best groupings that buy different sets of networks, best first.

    A set is left out if it contains a listed one, or if some of its networks can be removed
    without a loss. Parameters and errors are those of `solve_groups`.

    Parameters
    ----------
    k : int
        Number of groupings, at least 1.

    Returns
    -------
    tuple of Grouping
        Fewer than k if there are no more, or the time is over. If there is no solution, one
        grouping that says why.
    """
    if k < 1:
        raise InvalidProblemError(f"k is {k}, expected at least 1")
    table, problem = _prepared(networks, problem, fields)
    backend, clock = find_solver(solver), clock or Clock(time_limit)
    program = covering_program(table, replace(problem))
    best = solve_program(program, backend, clock, limits=ONE_MODEL)
    solutions = [best]
    if best.status == "optimal":
        with contextlib.suppress(OutOfTime):
            every = covering_program(table, problem, beaten=True)
            solutions += next_best_sets(every, best, k - 1, backend, clock)
    return tuple(_grouping(table, problem, program, each, clock) for each in solutions)


@dataclass(frozen=True)
class GroupingFrontier:
    """Optimal groupings, one for each budget, in the order of the budgets."""

    groupings: tuple[Grouping, ...]

    def __len__(self) -> int:
        return len(self.groupings)

    def __iter__(self) -> Any:
        return iter(self.groupings)

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each budget.

        Returns
        -------
        DataFrame
            ``budget, status, objective, gap, spent``, the number ``count`` of networks and their
            names in ``networks``; ``low, high`` and ``scored`` where there are some.
        """
        rows = [
            {
                "budget": each.budget,
                "status": each.status,
                "objective": each.objective,
                "low": each.low,
                "high": each.high,
                "scored": each.scored,
                "gap": each.gap,
                "spent": each.spent,
                "count": len(each.networks),
                "networks": ", ".join(network.name for network in each.networks),
            }
            for each in self.groupings
        ]
        optional = ["low", "high", "scored"]
        frame = pd.DataFrame(rows).astype(dict.fromkeys(["objective", "gap", *optional], float))
        return frame.drop(columns=[name for name in optional if frame[name].isna().all()])


def grouping_frontier(
    networks: Networks,
    problem: GroupingProblem | None = None,
    *,
    budgets: Iterable[float],
    solver: str = "highs",
    time_limit: float | None = None,
    progress: Progress = no_progress,
    **fields: Unpack[GroupingFields],
) -> GroupingFrontier:
    """Solve `solve_groups` at every budget; ``time_limit`` is in seconds for each of them."""
    amounts = sorted({float(budget) for budget in budgets})
    if not amounts:
        raise InvalidProblemError("there is no budget to solve at; give at least one")
    start: GroupingFields = {**fields, "budget": amounts[0]}
    table, problem = _prepared(networks, problem, start)
    groupings = [
        solve_groups(table, replace(problem, budget=budget), solver=solver, time_limit=time_limit)
        for budget in with_progress(amounts, progress)
    ]
    return GroupingFrontier(tuple(groupings))


def _prepared(
    networks: Networks, problem: GroupingProblem | None, fields: GroupingFields
) -> tuple[Networks, GroupingProblem]:
    """Return the table with the problem's costs, and the problem with the table's names."""
    if not isinstance(networks, Networks):
        kind = type(networks).__name__
        raise InvalidTableError(
            f"the table is a {kind}, expected Networks; read a file with `tg.read_networks(path)`"
        )
    if problem is None and "budget" not in fields:
        raise InvalidProblemError("there is no budget; give one, such as budget=2.5")
    made = GroupingProblem(**fields) if problem is None else replace(problem, **fields)  # type: ignore[arg-type]
    made = made.with_table_names(networks)
    return networks.with_costs(made.cost), replace(made, cost={})


def _grouping(
    table: Networks, problem: GroupingProblem, program: Program, solution: Solution, clock: Clock
) -> Grouping:
    """Return a solution of the program as a grouping, with the names and values of the table."""
    sign = 1.0 if table.higher_is_better else -1.0
    bound = sign * solution.bound if math.isfinite(solution.bound) else None
    grouping = Grouping(
        status=solution.status,
        objective=None,
        bound=bound,
        budget=float(problem.budget),
        spent=0.0,
        measure=table.measure,
        higher_is_better=table.higher_is_better,
        disjoint=problem.disjoint,
        importance={t: w for t, w in problem.importance.items() if w != 1.0},
        estimate=table.estimate,
        reason=None,
        nodes=solution.nodes,
        seconds=clock.seconds,
    )
    if solution.choice is None:
        reason = why_infeasible(table, problem, program, solution, clock)
        return replace(grouping, reason=reason, least_budget=solution.least_budget)
    bought = np.array(table.names)[solution.choice.supervised].tolist()
    served = _served(table, problem, bought)
    objective = math.fsum(problem.importance.get(s.task, 1.0) * s.value for s in served)
    return replace(
        grouping,
        objective=objective,
        bound=objective if solution.status == "optimal" else bound,
        spent=solution.choice.cost,
        networks=tuple(table[name] for name in bought),
        served=served,
    )


def _served(table: Networks, problem: GroupingProblem, bought: list[str]) -> tuple[ServedTask, ...]:
    """Return the best bought network of each task; the first of equal ones."""
    best = max if table.higher_is_better else min
    served = []
    for task in sorted(problem.tasks):
        able = [name for name in bought if not math.isnan(table.value(name, task))]
        name = best(able, key=lambda each, task=task: table.value(each, task))  # type: ignore[misc]
        served.append(ServedTask(task, name, table.value(name, task)))
    return tuple(served)
