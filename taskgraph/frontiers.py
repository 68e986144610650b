"""What budget buys: optima over budgets and maximum orders, from one compiled program."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Unpack

import pandas as pd

from taskgraph.errors import InvalidProblemError
from taskgraph.problem import Problem, Settings, make_problem
from taskgraph.program import compile_program
from taskgraph.solver import find_solver, solve, solve_program, taxonomy_from_solution
from taskgraph.solver.clock import Clock
from taskgraph.solver.presolve import undominated
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers

Progress = Callable[[Sequence[Any]], Iterable[Any]]


@dataclass(frozen=True)
class Frontier:
    """Optimal taxonomies, one a (maximum order, budget), ordered by both."""

    taxonomies: tuple[Taxonomy, ...]

    def __len__(self) -> int:
        return len(self.taxonomies)

    def __iter__(self) -> Any:
        return iter(self.taxonomies)

    def to_frame(self) -> pd.DataFrame:
        """One row a taxonomy.

        Returns
        -------
        DataFrame
            ``max_order, budget, status, objective, gap, marginal, spent, supervised`` (a number),
            and the means ``gain, quality`` over all targets that they were measured for.
            ``marginal`` is the objective gained a unit of budget since the budget before.
        """
        rows = []
        for taxonomy in self.taxonomies:
            means = taxonomy.to_frame().reindex(columns=["gain", "quality"]).mean()
            rows.append(
                {
                    "max_order": taxonomy.max_order,
                    "budget": taxonomy.budget,
                    "status": taxonomy.status,
                    "objective": taxonomy.objective,
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

    def to_json(self, *, indent: int | None = 1) -> str:
        """A JSON list of taxonomies."""
        return json.dumps([t.to_dict() for t in self.taxonomies], indent=indent, allow_nan=False)

    def __repr__(self) -> str:
        return self.to_frame().round(4).to_string(index=False)

    def _repr_html_(self) -> str:
        return str(self.to_frame().round(4).to_html(index=False))


def frontier(
    transfers: Transfers,
    problem: Problem | None = None,
    *,
    budgets: Iterable[float],
    max_orders: Iterable[int] = (1, 2, 3, 4),
    solver: str = "highs",
    time_limit: float | None = None,
    progress: Progress = iter,
    **settings: Unpack[Settings],
) -> Frontier:
    """Solve for every maximum order and budget; the table is compiled and presolved once.

    Parameters
    ----------
    budgets, max_orders : numbers
        The grid; ``problem``'s own budget and maximum order are not used.
    time_limit : float, optional
        Seconds for each of the taxonomies.
    progress : callable
        Wraps the list of cells to iterate over, as ``tqdm`` does.

    Returns
    -------
    Frontier
        Infeasible cells are in it, with their reasons.
    """
    orders, amounts = sorted(set(max_orders)), sorted(set(budgets))
    if not orders or not amounts:
        raise InvalidProblemError("a frontier needs at least one budget and one maximum order")
    problem = make_problem(problem, settings, transfers)
    backend = find_solver(solver)
    cells = [replace(problem, budget=b, max_order=k) for k in orders for b in amounts]
    full = compile_program(transfers, replace(problem, budget=amounts[-1], max_order=orders[-1]))
    lean = {k: undominated(full.within(budget=full.budget, max_order=k)) for k in orders}
    solved = []
    for cell in progress(cells):
        clock = Clock(time_limit)
        program = replace(lean[cell.max_order], budget=cell.budget)
        solution = solve_program(program, backend, clock)
        solved.append(taxonomy_from_solution(transfers, cell, solution, seconds=clock.seconds))
    return Frontier(tuple(solved))


def all_budgets(transfers: Transfers, problem: Problem) -> tuple[float, ...]:
    """1, 2, ... up to the number of tasks that may be supervised: the frontier's usual axis."""
    barred = {*problem.exclude, *problem.target_only}
    return tuple(float(count + 1) for count in range(len(set(transfers.tasks) - barred)))


@dataclass(frozen=True)
class Marginal:
    """What more budget is worth: the objective, and which tasks it adds and drops."""

    budget: float
    step: float
    worth: float
    added: tuple[str, ...]
    dropped: tuple[str, ...]
    before: Taxonomy
    after: Taxonomy

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
    step: float = 1.0,
    solver: str = "highs",
    time_limit: float | None = None,
    clock: Clock | None = None,
    **settings: Unpack[Settings],
) -> Marginal:
    """The marginal worth of budget: optimum(budget + ``step``) − optimum(budget).

    At least 0. It is exact, from two proven optima, where the dual price of the relaxation would
    be a bound only. Infinite where only the larger budget has a solution, NaN where neither has.
    Within a ``time_limit`` in seconds, for both together (or a ``clock`` that may be stopped), it
    may be the difference of two that are not proven: see `Marginal.proven`, `Marginal.limits`.
    """
    problem = make_problem(problem, settings, transfers)
    if not (math.isfinite(step) and step > 0):
        raise InvalidProblemError(f"step is {step}, expected a number above 0")
    clock = clock or Clock(time_limit)
    before = solve(transfers, problem, solver=solver, clock=clock.share(1 / 2))
    larger = replace(problem, budget=problem.budget + step)
    after = solve(transfers, larger, solver=solver, clock=clock)
    if after.objective is None:
        worth = math.nan
    elif before.objective is None:
        worth = math.inf
    else:
        worth = after.objective - before.objective
    had, has = set(before.supervised), set(after.supervised)
    return Marginal(
        budget=problem.budget,
        step=step,
        worth=worth,
        added=tuple(sorted(has - had)),
        dropped=tuple(sorted(had - has)),
        before=before,
        after=after,
    )
