"""The marginal worth of budget: the next larger budget with a better optimum."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Unpack

from taskgraph.errors import InvalidProblemError
from taskgraph.frontiers.ladder import common_unit, cost_of_everything
from taskgraph.problem import Problem, ProblemFields, make_problem
from taskgraph.problem.costs import COMPUTED
from taskgraph.program import Program, compile_program
from taskgraph.solver import find_solver, solve, solve_program, taxonomy_from_solution
from taskgraph.solver.backends import Backend
from taskgraph.solver.choice import tolerance
from taskgraph.solver.clock import Clock
from taskgraph.solver.presolve import undominated
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers


@dataclass(frozen=True)
class Marginal:
    """The least larger budgets at which the optimum changes.

    Attributes
    ----------
    budget, step : float
        The optima within ``budget`` and ``budget + step`` are compared. ``step`` is infinite if no
        larger budget has a better optimum.
    worth : float
        Difference of the two objective values, at least 0.
    added, dropped : names, sorted
        Tasks that are supervised only with the larger budget, and only with the smaller one.
    before, after : Taxonomy
        The optimum within the smaller budget, and within the larger one.
    next_step : bool
        Whether no smaller step has a better optimum, by proof. False for a step that was given,
        or if the time limit was reached.
    """

    budget: float
    step: float
    worth: float
    added: tuple[str, ...]
    dropped: tuple[str, ...]
    before: Taxonomy
    after: Taxonomy
    next_step: bool = False

    @property
    def proven(self) -> bool:
        """Return whether ``worth`` is exact: both optima are proven."""
        return {self.before.status, self.after.status} <= {"optimal", "infeasible"}

    @property
    def limits(self) -> tuple[float, float]:
        """Return proven bounds of the worth of the step; NaN if they are unknown."""
        before, after = self.before, self.after
        if not (before.solved and after.solved) or before.bound is None or after.bound is None:
            return math.nan, math.nan
        assert before.objective_value is not None
        assert after.objective_value is not None
        return max(0.0, after.objective_value - before.bound), max(
            0.0, after.bound - before.objective_value
        )


def marginal_worth(
    transfers: Transfers,
    problem: Problem | None = None,
    *,
    step: float | None = None,
    before: Taxonomy | None = None,
    solver: str = "highs",
    time_limit: float | None = None,
    clock: Clock | None = None,
    **fields: Unpack[ProblemFields],
) -> Marginal:
    """Find the next larger budget with a better optimum, and compare the two optima.

    The result is exact, from proven optima; the dual price of the relaxation would only be a bound.
    The worth is infinite if only the larger budget has a solution, NaN if no budget has one, and 0
    with an infinite step if no larger budget has a better optimum.

    Parameters
    ----------
    step : float, optional
        Compare with the budget plus ``step`` instead of the next better one.
    before : Taxonomy, optional
        The optimum within the budget, if it is known.
    time_limit : float, optional
        Seconds for everything together; or give a ``clock`` that may be stopped. When the time is
        over, `Marginal.proven`, `Marginal.limits` and `Marginal.next_step` say what is known.

    Raises
    ------
    InvalidProblemError
        If ``step`` is not above 0.
    """
    problem = make_problem(problem, fields, transfers)
    if step is not None and not (math.isfinite(step) and step > 0):
        raise InvalidProblemError(f"step is {step}, expected a number above 0")
    clock = clock or Clock(time_limit)
    if before is None:
        before = solve(transfers, problem, solver=solver, clock=clock.share(1 / 2))
    if step is not None:
        larger = replace(problem, budget=problem.budget + step)
        after = solve(transfers, larger, solver=solver, clock=clock)
        return _compared(before, after, step)
    search = _BudgetSearch(transfers, problem, find_solver(solver), clock, before)
    after, proven = search.next_optimum()
    if after is before:
        return _compared(before, before, math.inf, next_step=proven)
    return _compared(before, after, after.budget - problem.budget, next_step=proven)


def _compared(
    before: Taxonomy, after: Taxonomy, step: float, *, next_step: bool = False
) -> Marginal:
    if after.objective_value is None:
        worth = math.nan
    elif before.objective_value is None:
        worth = math.inf
    else:
        worth = after.objective_value - before.objective_value
    had, has = set(before.supervised), set(after.supervised)
    return Marginal(
        budget=before.budget,
        step=step,
        worth=worth,
        added=tuple(sorted(has - had)),
        dropped=tuple(sorted(had - has)),
        before=before,
        after=after,
        next_step=next_step,
    )


@dataclass(frozen=True, eq=False)
class _BudgetSearch:
    """Search for the least budget whose optimum is better than ``before``.

    All spending is a multiple of the common unit of the costs, so only multiples of it are tried.
    The optimum never becomes worse with a larger budget, so the step is doubled until the optimum
    is better, and then bisected. Every second time the multiple just below the least known one is
    tried: if its optimum is not better, the search is over.
    """

    transfers: Transfers
    problem: Problem
    backend: Backend
    clock: Clock
    before: Taxonomy

    @cached_property
    def program(self) -> Program:
        """Return the program at the smaller budget."""
        return undominated(compile_program(self.transfers, self.problem), self.clock)

    def next_optimum(self) -> tuple[Taxonomy, bool]:
        """Return the next better optimum (``before`` if there is none), and if this is proven."""
        if self.before.status == "infeasible":
            if self.before.least_budget is not None:
                return self.optimum_within(self.before.least_budget), True
            if self.before.enough_budget is None:
                return self.before, not self.clock.over
            return self.optimum_within(self.before.enough_budget), False
        program = self.program
        costs, unit = program.costs, common_unit(program)
        total = cost_of_everything(program)
        if not unit or costs.budget >= total:
            return self.before, self.before.status == "optimal"
        low, high = costs.budget // unit, -(-total // unit)
        best = self.optimum_at_units(high * unit)
        if not self.is_better(best):
            return self.before, self.before.status == best.status == "optimal"
        high = min(high, costs.units(best.spent) // unit)
        least = max(1, 2 * (high // COMPUTED))  # see `COMPUTED`
        known, probe = self.before.status == "optimal", False
        reach = max(1, (high - low) // len(program.sources))
        while high - low > least and known:
            middle = high - least if probe else low + min(reach, (high - low) // 2)
            optimum = self.optimum_at_units(middle * unit)
            if self.is_better(optimum):
                best, high = optimum, min(middle, costs.units(optimum.spent) // unit)
            else:  # unless this is a proven optimum, a smaller step may be better
                low, reach, known = middle, 2 * reach, optimum.status == "optimal"
            probe = not probe
        # The optimum spends at most this budget, so it is also the optimum within this budget.
        return replace(best, budget=costs.amount(high * unit)), known

    def optimum_at_units(self, units: int) -> Taxonomy:
        """Return the optimum within a number of units of the costs."""
        return self.optimum_within(self.program.costs.amount(units))

    def optimum_within(self, budget: float) -> Taxonomy:
        """Return the optimum within a budget."""
        solution = solve_program(replace(self.program, budget=budget), self.backend, self.clock)
        problem = replace(self.problem, budget=budget)
        return taxonomy_from_solution(self.transfers, problem, solution)

    def is_better(self, taxonomy: Taxonomy) -> bool:
        """Return whether a taxonomy has a larger objective value than ``before``."""
        if taxonomy.objective_value is None or self.before.objective_value is None:
            return taxonomy.objective_value is not None
        return taxonomy.objective_value > self.before.objective_value + tolerance(
            self.before.objective_value
        )
