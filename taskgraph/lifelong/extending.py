"""The extension of a taxonomy by tasks that arrive later, and its distance to starting over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Unpack

from taskgraph.errors import InvalidProblemError
from taskgraph.lifelong.extension import Extension
from taskgraph.lifelong.newcomers import described_newcomers
from taskgraph.lifelong.sunk import added_amounts, check_roles, solved_taxonomy, sunk_program
from taskgraph.problem import Problem, ProblemFields, check_flag, make_problem
from taskgraph.program import compile_program
from taskgraph.solver import find_solver, solve
from taskgraph.solver.clock import Clock, SolverCallback
from taskgraph.tasks import require_known
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers


def extend(
    transfers: Transfers,
    earlier: Taxonomy,
    problem: Problem | None = None,
    *,
    newcomers: Iterable[str] = (),
    sunk: bool = True,
    solver: str = "highs",
    time_limit: float | None = None,
    callback: SolverCallback | None = None,
    clock: Clock | None = None,
    **fields: Unpack[ProblemFields],
) -> Extension:
    """Extend an earlier taxonomy by the tasks that a table has beyond it.

    With ``sunk`` the earlier supervised tasks stay supervised and their labels are free, as are
    the transfers of the earlier taxonomy; the program is solved for the rest within ``budget``,
    which counts from now on. Otherwise everything is paid again within ``budget``, which is
    `solve`. Either way the result is compared with the optimum that may choose anew with the same
    budget in all.

    Parameters
    ----------
    transfers : Transfers
        The transfers of all tasks, from `extend_losses`, `extend_transfers` or one table.
    earlier : Taxonomy
        The optimum of the earlier tasks, or an extended one.
    problem, **fields
        As for `solve`; ``budget`` as above. The costs should be those of the earlier taxonomy.
    newcomers : names
        New tasks that are no targets. New targets are found without it.
    sunk : bool
        Whether what was paid stays and is free.
    solver, time_limit, callback, clock
        As for `solve`. One limit holds for all: the extension is solved first, then the optimum
        that may choose anew, then the worth of each new label. Whatever is not proven in time says
        so: ``taxonomy.status``, ``restart.status`` and ``Newcomer.proven``.

    Raises
    ------
    UnknownTaskError, InvalidProblemError
        If the problem does not fit the table, or bars a task whose label is paid.
    """
    check_flag("sunk", sunk)
    problem = make_problem(problem, fields, transfers)
    if earlier.status != "optimal":
        raise InvalidProblemError(
            f'the earlier taxonomy has the status "{earlier.status}", expected "optimal"'
        )
    require_known(earlier.supervised, transfers.tasks, where="the earlier taxonomy")
    backend = find_solver(solver)
    total = added_amounts(earlier.spent, problem.budget) if sunk else problem.budget
    clock = clock or Clock(time_limit, callback)
    if sunk:
        check_roles(earlier, problem)
        program = sunk_program(transfers, problem, earlier)
        taxonomy = solved_taxonomy(transfers, problem, program, backend, clock)
        restart = solve(transfers, replace(problem, budget=total), solver=solver, clock=clock)
    else:
        program = compile_program(transfers, problem)
        restart = taxonomy = solve(transfers, problem, solver=solver, clock=clock)
    spent = taxonomy.spent
    if not taxonomy.solved:
        return Extension(taxonomy, earlier, restart, (), sunk, problem.budget, spent)
    known = {*earlier.supervised, *(each.target for each in earlier.transfers)}
    names = {*newcomers} | ({each.target for each in taxonomy.transfers} - known)
    named = sorted(names - {*problem.exclude})
    described = described_newcomers(named, taxonomy, program, backend, clock)
    if sunk:
        in_all = added_amounts(earlier.spent, spent)
        taxonomy = replace(taxonomy, budget=total, spent=in_all)
    return Extension(taxonomy, earlier, restart, described, sunk, problem.budget, spent)
