"""What more budget is worth: the next budget at which the optimum is worth more."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Unpack

from taskgraph.costs import COMPUTED
from taskgraph.errors import InvalidProblemError
from taskgraph.ladder import common_unit, cost_of_everything
from taskgraph.problem import Problem, ProblemFields, make_problem
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
    """What more budget is worth: the objective, and which tasks it adds and drops.

    Parameters
    ----------
    budget, step : float
        The optimum within ``budget`` + ``step`` is compared with that within ``budget``. ``step``
        is infinite where no larger budget is worth more.
    worth : float
        Difference of the two objectives, at least 0.
    added, dropped : names, sorted
        Tasks that only the larger budget supervises, and only the smaller one.
    before, after : Taxonomy
    next_step : bool
        It is proven that no smaller step is worth anything. False for a step that was given, and
        where the time did not suffice.
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
        """Whether ``worth`` is exact: no time limit kept either optimum from its proof."""
        return {self.before.status, self.after.status} <= {"optimal", "infeasible"}

    @property
    def limits(self) -> tuple[float, float]:
        """The least and the most that the step can be worth, given what is proven; NaN: unknown."""
        before, after = self.before, self.after
        if not (before.solved and after.solved) or before.bound is None or after.bound is None:
            return math.nan, math.nan
        assert before.objective is not None
        assert after.objective is not None
        return max(0.0, after.objective - before.bound), max(0.0, after.bound - before.objective)


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
    """The marginal worth of budget: by how much the next budget that is worth more beats this one.

    It is exact, from proven optima, where the dual price of the relaxation would be a bound only.
    The worth is infinite where only the larger budget has a solution, NaN where no budget has one,
    and 0 with an infinite step where no budget is worth more.

    Parameters
    ----------
    step : float, optional
        Compare with optimum(budget + ``step``) instead.
    before : Taxonomy, optional
        The optimum within the budget, where it is known already.
    time_limit : float, optional
        Seconds for everything together (or a ``clock`` that may be stopped). Where they pass,
        `Marginal.proven`, `Marginal.limits` and `Marginal.next_step` say what is known.

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
    search = _Search(transfers, problem, find_solver(solver), clock, before)
    after, proven = search.next_optimum()
    if after is before:
        return _compared(before, before, math.inf, next_step=proven)
    return _compared(before, after, after.budget - problem.budget, next_step=proven)


def _compared(
    before: Taxonomy, after: Taxonomy, step: float, *, next_step: bool = False
) -> Marginal:
    if after.objective is None:
        worth = math.nan
    elif before.objective is None:
        worth = math.inf
    else:
        worth = after.objective - before.objective
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
class _Search:
    """Looks for the least budget whose optimum is worth more than ``before``.

    Whatever is bought, it costs a multiple of the largest common unit of all costs, so that only
    such budgets can change the optimum. What an optimum is worth never falls with the budget,
    so the first multiple at which it has risen is found by doubling the step and then bisecting.
    Every second time the multiple just below the least known one is tried: where that is worth no
    more, the search is over.
    """

    transfers: Transfers
    problem: Problem
    backend: Backend
    clock: Clock
    before: Taxonomy

    @cached_property
    def program(self) -> Program:
        """The program, whose budget is replaced."""
        return undominated(compile_program(self.transfers, self.problem), self.clock)

    def next_optimum(self) -> tuple[Taxonomy, bool]:
        """The next optimum, or ``before`` if there is none, and whether this is proven."""
        if self.before.status == "infeasible":
            if self.before.least_budget is None:
                return self.before, not self.clock.over
            return self.solved(self.before.least_budget), True
        program = self.program
        costs, unit = program.costs, common_unit(program)
        total = cost_of_everything(program)
        if not unit or costs.budget >= total:
            return self.before, self.before.status == "optimal"
        low, high = costs.budget // unit, -(-total // unit)
        best = self.at(high * unit)
        if not self.is_more(best):
            return self.before, self.before.status == best.status == "optimal"
        high = min(high, costs.units(best.spent) // unit)
        least = max(1, 2 * (high // COMPUTED))  # a computed budget may be exceeded by half of it
        known, probe = self.before.status == "optimal", False
        reach = max(1, (high - low) // len(program.sources))
        while high - low > least and known:
            middle = high - least if probe else low + min(reach, (high - low) // 2)
            found = self.at(middle * unit)
            if self.is_more(found):
                best, high = found, min(middle, costs.units(found.spent) // unit)
            else:  # where it is not proven to be worth no more, a smaller step may be
                low, reach, known = middle, 2 * reach, found.status == "optimal"
            probe = not probe
        # It spends no more than this, so that it is the optimum of this budget too.
        return replace(best, budget=costs.amount(high * unit)), known

    def at(self, units: int) -> Taxonomy:
        """The optimum within a number of units of the costs."""
        return self.solved(self.program.costs.amount(units))

    def solved(self, budget: float) -> Taxonomy:
        """The optimum within a budget."""
        found = solve_program(replace(self.program, budget=budget), self.backend, self.clock)
        cell = replace(self.problem, budget=budget)
        return taxonomy_from_solution(self.transfers, cell, found)

    def is_more(self, taxonomy: Taxonomy) -> bool:
        """Whether a taxonomy is worth more than the optimum within the budget."""
        if taxonomy.objective is None or self.before.objective is None:
            return taxonomy.objective is not None
        return taxonomy.objective > self.before.objective + tolerance(self.before.objective)
