"""Which budgets to look at: from the least that solves every target to the cost of everything."""

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
"""Rungs of a ladder whose costs differ: one a task, within these limits."""


def budget_ladder(
    transfers: Transfers,
    problem: Problem | None = None,
    *,
    most: int | None = None,
    solver: str = "highs",
    time_limit: float | None = None,
    **fields: Unpack[ProblemFields],
) -> tuple[float, ...]:
    """Budgets from the least that solves every target to the cost of everything, ascending.

    Where every label costs the same amount c and transfers cost nothing: c, 2c, ... up to the
    number of tasks that may be supervised. Otherwise the least budget, round multiples of the
    largest unit that all costs are multiples of, and the cost of everything; beyond that no budget
    buys more. Multiplying all costs by a power of ten multiplies the budgets by it.

    Parameters
    ----------
    most : int, optional
        About how many budgets to list; by default one for each task that may be supervised,
        within 8 and 30 where costs differ.
    time_limit : float, optional
        Seconds to find the least budget in; without it the ladder begins at its first step.

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
    least = _least(program, solver, Clock(time_limit))
    rungs = most or min(max(len(names), FEWEST), MOST)
    return _rungs(program, least, rungs)


def exact_multiples(cost: float, number: int) -> tuple[float, ...]:
    """``cost``, 2 ``cost``, ..., as the decimal numbers that they are: 3 times 0.1 is 0.3."""
    return tuple(float(f"{times * cost:.15g}") for times in range(1, number + 1))


def common_unit(program: Program) -> int:
    """The largest unit that all costs of a program are whole multiples of; 0: nothing costs."""
    costs = program.costs
    return math.gcd(*(int(number) for number in (*costs.label, *costs.transfer)))


def cost_of_everything(program: Program) -> int:
    """What the dearest choice spends, in the unit of `Program.costs`: no budget buys more."""
    costs = program.costs
    open_targets = (program.self_source < 0) | program.may_transfer
    return int(costs.label.sum() + costs.transfer[open_targets].sum())


def _least(program: Program, solver: str, clock: Clock) -> int:
    """The least budget that solves every target, in the unit of the costs; 0 if it is unknown."""
    found = solve_program(program, find_solver(solver), clock)
    return 0 if found.least_budget is None else program.costs.units(found.least_budget)


def _rungs(program: Program, least: int, most: int) -> tuple[float, ...]:
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
    """About ``most`` of them, the last among them."""
    step = math.ceil(len(budgets) / most)
    return budgets[::-1][::step][::-1]
