"""The solver: from a table and a problem to a taxonomy that is proven optimal."""

from __future__ import annotations

import math
from typing import Unpack

import numpy as np

from taskgraph.errors import SolverError
from taskgraph.problem import Problem, ProblemFields, make_problem
from taskgraph.program import compile_program, places_of
from taskgraph.solver.backends import SOLVERS, find_solver
from taskgraph.solver.clock import Clock, SolverCallback
from taskgraph.solver.search import Solution, solve_program
from taskgraph.tasks import SELF, split_sources
from taskgraph.taxonomy import Taxonomy, Transfer
from taskgraph.transfers import Transfers

__all__ = ["SOLVERS", "Clock", "find_solver", "solve", "solve_program", "taxonomy_from_solution"]


def solve(
    transfers: Transfers,
    problem: Problem | None = None,
    *,
    solver: str = "highs",
    time_limit: float | None = None,
    callback: SolverCallback | None = None,
    clock: Clock | None = None,
    **fields: Unpack[ProblemFields],
) -> Taxonomy:
    """Choose which tasks to supervise, and one transfer for every other target.

    Maximizes the sum of importance times objective over the targets, each solved by its own
    supervised network or by one transfer whose sources are all supervised, while label and
    transfer costs stay within the budget (Zamir et al., CVPR 2018, Sec. 3.4, with the budget on
    nodes and the square root of the affinity as the default objective). Of several optima, the
    one with the fewest supervised tasks is returned, then the one with the first names; where
    coarse affinities, such as grades, leave thousands of them, the first one that is found in 10
    seconds.

    Parameters
    ----------
    transfers : Transfers
        Measured transfers, from `read_transfers` or `Transfers`.
    problem : Problem, optional
        Budget, roles, costs and objective; ``fields`` override its fields.
    solver : str
        ``highs``, ``cbc``, or any other that PuLP finds by name.
    time_limit : float, optional
        Seconds after which the best solution so far is returned, with its gap.
    callback : function, optional
        Called as ``callback(value, bound, nodes)`` at the nodes of a long proof.
    clock : Clock, optional
        In place of ``time_limit`` and ``callback``: a `Clock` whose ``stop`` another thread or a
        signal handler may set; then the best solution so far is returned, as at a time limit.
    **fields
        Fields of `Problem`, such as ``budget=5, max_order=4, exclude=["random"]``.

    Returns
    -------
    Taxonomy
        Its ``status`` says whether it is proven optimal, or that the program has no solution.

    Raises
    ------
    UnknownTaskError, InvalidProblemError
        If the problem does not fit the table.
    SolverError
        If there is no such solver, or it fails.
    """
    problem = make_problem(problem, fields, transfers)
    backend = find_solver(solver)
    clock = clock or Clock(time_limit, callback)
    program = compile_program(transfers, problem)
    solution = solve_program(program, backend, clock)
    return taxonomy_from_solution(transfers, problem, solution, seconds=clock.seconds)


def taxonomy_from_solution(
    transfers: Transfers, problem: Problem, solution: Solution, *, seconds: float = 0.0
) -> Taxonomy:
    """Return a solution as a taxonomy, with the names and measurements of the table."""
    choice = solution.choice
    return Taxonomy(
        status=solution.status,
        objective_value=None if choice is None else choice.value,
        bound=solution.bound if math.isfinite(solution.bound) else None,
        budget=problem.budget,
        spent=0.0 if choice is None else choice.cost,
        max_order=problem.max_order,
        objective_transform=problem.objective,
        supervised=solution.supervised,
        transfers=_transfers(transfers, solution),
        reason=solution.reason,
        least_budget=solution.least_budget,
        enough_budget=solution.enough_budget,
        importance={t: w for t, w in problem.importance.items() if w != 1.0},
        nodes=solution.nodes,
        seconds=seconds,
    )


def _transfers(table: Transfers, solution: Solution) -> tuple[Transfer, ...]:
    if solution.choice is None:
        return ()
    program, edges = solution.program, solution.choice.edges
    own = table.own_row[places_of(program.targets, table.tasks)]
    rows = np.where(edges >= 0, np.append(program.edge_row, -1)[np.maximum(edges, -1)], own)
    if (rows < 0).any():
        lacking = program.targets[int(np.flatnonzero(rows < 0)[0])]
        raise SolverError(f'the table has no "{SELF}" row for the supervised "{lacking}"')
    names = ("affinity", "gain", "quality", "closed", "low", "high")
    columns = [name for name in names if name in table.frame]
    measured = [table.frame[c].to_numpy(dtype=float)[rows].tolist() for c in columns]
    sets = table.frame["sources"].to_numpy()[rows].tolist()
    return tuple(
        Transfer(
            target,
            split_sources(text),
            **{c: x for c, x in zip(columns, numbers, strict=True) if not math.isnan(x)},
        )
        for target, text, *numbers in zip(program.targets, sets, *measured, strict=True)
    )
