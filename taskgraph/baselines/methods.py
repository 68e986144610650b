"""Baselines of a taxonomy: greedy additions, best single sources and random sets."""

from __future__ import annotations

from dataclasses import replace
from typing import Unpack

import numpy as np

from taskgraph.baselines.evaluation import GREEDY, RANDOM, RANDOM_BEST, SINGLE, Evaluation
from taskgraph.baselines.random_sets import RandomSets, draw_random_sets
from taskgraph.errors import InfeasibleError
from taskgraph.problem import Problem, ProblemFields, make_problem
from taskgraph.program import Program, compile_program
from taskgraph.solver import find_solver, solve_program, taxonomy_from_solution
from taskgraph.solver.backends import Backend
from taskgraph.solver.choice import SUPERVISED, UNCOVERED, Choice, best_edges, choose_transfers
from taskgraph.solver.local import greedy_choice
from taskgraph.solver.search import Solution
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers

GREEDY_FAILED = "greedy additions leave a target unsolved within the budget"


def evaluate(
    transfers: Transfers,
    problem: Problem | None = None,
    *,
    draws: int = 500,
    seed: int = 0,
    solver: str = "highs",
    **fields: Unpack[ProblemFields],
) -> Evaluation:
    """Solve the problem, and compare with greedy, best single sources and random supervised sets.

    A random set takes sources in a random order, each if it fits the rest of the budget. Sets that
    leave a target unsolved are drawn again, until there are ``draws`` sets or 20 times as many
    were drawn. Each set is evaluated with the best transfers that it allows, and with random ones
    (the significance test of Zamir et al., CVPR 2018, Fig. 11).

    Raises
    ------
    InfeasibleError
        If the program has no solution.
    """
    problem = make_problem(problem, fields, transfers)
    backend = find_solver(solver)
    program = compile_program(transfers, problem)
    best = solve_program(program, backend)
    if best.choice is None:
        raise InfeasibleError(f"there is no taxonomy to evaluate: {best.reason}")
    taxonomy = taxonomy_from_solution(transfers, problem, best)
    greedy = _taxonomy_of(greedy_choice(program) or GREEDY_FAILED, transfers, problem, program)
    single = _taxonomy_of(best_single_choice(program), transfers, problem, program)
    sets = draw_random_sets(transfers, program, draws=draws, seed=seed)
    costs = _costs(greedy, single, sets)
    # Methods often spend the same amount, for which the program is solved only once.
    optima = {
        cost: optimum_at(cost, transfers, problem, program, taxonomy, backend)
        for cost in set(costs.values())
    }
    return Evaluation(
        taxonomy=taxonomy,
        greedy=greedy,
        best_single=single,
        random_best=sets.best,
        random=sets.random,
        draws=sets.tried,
        at_cost={method: optima[cost] for method, cost in costs.items()},
    )


def _costs(greedy: Taxonomy, single: Taxonomy, sets: RandomSets) -> dict[str, float]:
    """Return what each method with a solution spends."""
    costs = {
        name: taxonomy.spent
        for name, taxonomy in ((GREEDY, greedy), (SINGLE, single))
        if taxonomy.solved
    }
    for name, drawn in ((RANDOM_BEST, sets.best), (RANDOM, sets.random)):
        if len(drawn):
            costs[name] = float(drawn["spent"].mean())
    return costs


def optimum_at(
    cost: float,
    transfers: Transfers,
    problem: Problem,
    program: Program,
    taxonomy: Taxonomy,
    backend: Backend,
) -> Taxonomy:
    """Return the optimum within ``cost``, which is ``taxonomy`` if that spends no more."""
    if taxonomy.status == "optimal" and taxonomy.spent <= cost <= program.budget:
        return taxonomy
    solution = solve_program(replace(program, budget=cost), backend)
    return taxonomy_from_solution(transfers, replace(problem, budget=cost), solution)


def _taxonomy_of(
    choice: Choice | str, transfers: Transfers, problem: Problem, program: Program
) -> Taxonomy:
    """Return a choice as a taxonomy; text says why there is none."""
    if isinstance(choice, str):
        solution = Solution("unknown", program, reason=choice)
    else:
        solution = Solution("feasible", program, choice)
    return taxonomy_from_solution(transfers, problem, solution)


def best_single_choice(program: Program) -> Choice | str:
    """Supervise the best single source of each target at any cost, and all required tasks.

    A supervised target is solved by its own network, and no transfer is paid for it; with
    ``may_transfer`` it keeps its best single source if that is better. The other targets are
    solved by their best single source.

    Returns
    -------
    Choice or str
        Text if there is no such choice: some target has neither a first-order transfer nor its own
        network.
    """
    singles = np.flatnonzero(program.order == 1)
    # Without a limit each better transfer can be kept, whatever it costs.
    unlimited = replace(
        program.with_edges(singles),
        budget=float(program.label_cost.sum()),
        transfer_cost=np.zeros(len(program.targets)),
    )
    named, _ = best_edges(unlimited, ~program.banned)
    supervised = program.required.copy()
    supervised[unlimited.edge_sources[named[named != UNCOVERED], 0]] = True
    choice = choose_transfers(unlimited, supervised)
    if choice is None:
        unnamed = np.flatnonzero((named == UNCOVERED) & ~program.solved_by_own(supervised))
        return f'"{program.targets[unnamed[0]]}" has no transfer from a single source'
    moved = choice.edges != SUPERVISED
    edges = choice.edges.copy()
    edges[moved] = singles[choice.edges[moved]]
    spent = program.costs.amount(program.units_spent(supervised, ~moved))
    return replace(choice, edges=edges, cost=spent)
