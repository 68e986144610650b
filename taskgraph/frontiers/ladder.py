"""Budgets worth solving for: from the least that solves every target to the cost of everything."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import count
from typing import Unpack

from taskgraph.problem import Problem, ProblemFields, make_problem
from taskgraph.program import Program, compile_program
from taskgraph.solver import find_solver, solve_program
from taskgraph.solver.clock import Clock
from taskgraph.transfers import Transfers

FEWEST, MOST = 8, 30
"""Limits of the default number of budgets where costs differ."""


def budget_ladder(
    transfers: Transfers,
    problem: Problem | None = None,
    *,
    most: int | None = None,
    solver: str = "highs",
    time_limit: float | None = None,
    **fields: Unpack[ProblemFields],
) -> tuple[float, ...]:
    """Return budgets from the least that solves every target to the cost of everything, ascending.

    If all labels cost the same amount c and transfers cost nothing, the budgets are c, 2c, ... up
    to c times the number of tasks that may be supervised. Otherwise they are the least budget,
    round multiples of the common unit of all costs, and the cost of everything, beyond which more
    budget has no effect. If all costs are multiplied by a power of ten, so are the budgets.

    Parameters
    ----------
    most : int, optional
        Approximate number of budgets. By default one for each task that may be supervised; where
        costs differ, at least 8 and at most 30.
    time_limit : float, optional
        Seconds for finding the least budget; if it is not found, the budgets begin at the first
        round multiple.

    Returns
    -------
    tuple of floats
    """
    problem = make_problem(problem, fields, transfers)
    names = problem.supervisable(transfers)
    costs = {problem.label_cost_of(name) for name in names}
    if len(costs) == 1 and not any(problem.transfer_cost.values()) and 0.0 not in costs:
        cost = exact_multiples(costs.pop(), len(names))
        return cost if most is None else _thinned(cost, most)
    program = replace(compile_program(transfers, problem), budget=0.0)
    least = _least_budget(program, solver, Clock(time_limit))
    return _round_budgets(program, least, most or min(max(len(names), FEWEST), MOST))


def exact_multiples(cost: float, number: int) -> tuple[float, ...]:
    """Return ``cost``, 2 ``cost``, ... as exact decimal numbers: 3 times 0.1 is 0.3."""
    return tuple(float(f"{times * cost:.15g}") for times in range(1, number + 1))


def common_unit(program: Program) -> int:
    """Return the greatest common divisor of all costs of a program; 0 if all costs are 0."""
    costs = program.costs
    return math.gcd(*(int(number) for number in (*costs.label, *costs.transfer)))


def cost_of_everything(program: Program) -> int:
    """Return the cost of the most expensive choice, in the unit of `Program.costs`."""
    costs = program.costs
    open_targets = (program.self_source < 0) | program.may_transfer
    return int(costs.label.sum() + costs.transfer[open_targets].sum())


def _least_budget(program: Program, solver: str, clock: Clock) -> int:
    """Return the least budget that solves every target, in the unit of the costs; 0 if unknown."""
    budget = solve_program(program, find_solver(solver), clock).least_budget
    return 0 if budget is None else program.costs.units(budget)


def _round_budgets(program: Program, least: int, most: int) -> tuple[float, ...]:
    """Return ``least``, round multiples of the common unit, and the cost of everything."""
    costs, total, unit = program.costs, cost_of_everything(program), common_unit(program)
    if total <= least or not unit:
        return (costs.amount(max(total, least)),)
    step = next(
        unit * digit * 10**power
        for power in count()
        for digit in (1, 2, 5)
        if total - least <= unit * digit * 10**power * (most - 1)
    )
    between = range((least // step + 1) * step, total, step)
    units = [*([least] if least else []), *between, total]
    return tuple(costs.amount(number) for number in units)


def _thinned(budgets: tuple[float, ...], most: int) -> tuple[float, ...]:
    """Return about ``most`` of the budgets, the last one among them."""
    step = math.ceil(len(budgets) / most)
    return budgets[::-1][::step][::-1]
