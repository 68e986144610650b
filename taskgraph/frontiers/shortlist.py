"""Rankings: the k best supervised sets, and the best transfers to one target."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Unpack

import numpy as np
import pandas as pd

from taskgraph.errors import InvalidProblemError
from taskgraph.problem import Problem, ProblemFields, make_problem
from taskgraph.program import Program, compile_program
from taskgraph.solver import find_solver, solve_program, taxonomy_from_solution
from taskgraph.solver.backends import Backend
from taskgraph.solver.choice import Choice, choose_transfers
from taskgraph.solver.clock import Clock, OutOfTime
from taskgraph.solver.nextbest import next_best
from taskgraph.solver.presolve import presolve
from taskgraph.solver.ranking import Ranking
from taskgraph.solver.scale import value_unit, with_values_in
from taskgraph.solver.search import Solution
from taskgraph.solver.ties import break_ties
from taskgraph.tasks import require_known, task_name
from taskgraph.tasks.aliases import name_in
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers


class Alternatives(tuple[Taxonomy, ...]):
    """The k best taxonomies, best first: a tuple that a notebook shows as a table."""

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each taxonomy: ``supervised, spent, objective, status``."""
        rows = [
            {
                "supervised": ", ".join(taxonomy.supervised),
                "spent": taxonomy.spent,
                "objective": taxonomy.objective_value,
                "status": taxonomy.status,
            }
            for taxonomy in self
        ]
        columns = ["supervised", "spent", "objective", "status"]
        return pd.DataFrame(rows, columns=columns).astype({"objective": float})

    def _repr_html_(self) -> str:
        return str(self.to_frame().round(5).to_html(index=False))


def alternatives(
    transfers: Transfers,
    problem: Problem | None = None,
    *,
    k: int = 5,
    solver: str = "highs",
    time_limit: float | None = None,
    clock: Clock | None = None,
    **fields: Unpack[ProblemFields],
) -> Alternatives:
    """Return the k best taxonomies that supervise different sets of tasks, best first.

    Near ties are common: two sets of the published 16k table at budget 7 differ by 0.016 %. So the
    next best sets say more about which sources matter than the optimum alone. A set is left out if
    some of its sources can be removed without a loss. Each taxonomy is optimal among the sets that
    are not listed before it.

    Parameters
    ----------
    k : int
        Number of taxonomies, at least 1.
    time_limit : float, optional
        Seconds for all of them together. Taxonomies that are proven in time are returned; if not
        even the first is, it is returned alone, with its gap.
    clock : Clock, optional
        In place of ``time_limit``: a clock that another thread or a signal handler may stop.

    Returns
    -------
    Alternatives, a tuple of Taxonomy
        Fewer than k if there are no more, or the time is over. If there is no solution, one
        taxonomy that says why.
    """
    if k < 1:
        raise InvalidProblemError(f"k is {k}, expected at least 1")
    problem = make_problem(problem, fields, transfers)
    backend = find_solver(solver)
    clock = clock or Clock(time_limit)
    program = compile_program(transfers, problem)
    best = solve_program(program, backend, clock)
    solutions = [best]
    if best.status == "optimal":
        with contextlib.suppress(OutOfTime):
            solutions += next_best_sets(program, best, k - 1, backend, clock)
    return Alternatives(taxonomy_from_solution(transfers, problem, each) for each in solutions)


def next_best_sets(
    program: Program, first: Solution, count: int, backend: Backend, clock: Clock
) -> Iterator[Solution]:
    """Yield the next best sets, at most ``count``, until there are no more or the time is over.

    No superset of a listed set has a larger value, as it would have been listed before. So all
    supersets are cut off together.
    """
    assert first.choice is not None
    unit = value_unit(program)
    reduced = presolve(with_values_in(program, unit))
    assert reduced is not None
    best = replace(first.choice, value=first.choice.value / unit)
    choices: Iterable[Choice] | None = next_best(reduced, best, count) if count else []
    if choices is None:
        choices = islice(_ranked(reduced, best, backend, clock), count)
    for choice in choices:
        value = choice.value * unit
        yield Solution("optimal", reduced, replace(choice, value=value), value)


def _ranked(program: Program, best: Choice, backend: Backend, clock: Clock) -> Iterator[Choice]:
    """Yield the next best sets from a mixed-integer model."""
    ranking, listed = Ranking(program, backend, clock), best.supervised
    while not clock.over:
        ranking.cut_supersets(listed)
        ranked = ranking.best()
        if ranked.status != "optimal" or ranked.choice is None:
            return
        choice = _smallest_equal_subset(program, ranked.choice, backend, clock)
        listed = choice.supervised
        yield choice


def _smallest_equal_subset(
    program: Program, choice: Choice, backend: Backend, clock: Clock
) -> Choice:
    """Return the smallest subset of the chosen sources with the same value."""
    outside = ~choice.supervised
    lost = np.append(outside, False)[program.edge_sources].any(axis=1)
    within = replace(program.with_edges(np.flatnonzero(~lost)), banned=program.banned | outside)
    part = break_ties(within, choose_transfers(within, choice.supervised) or choice, backend, clock)
    return choose_transfers(program, part.supervised) or choice


def recommend(
    transfers: Transfers,
    target: str,
    problem: Problem | None = None,
    *,
    most: int = 10,
    **fields: Unpack[ProblemFields],
) -> pd.DataFrame:
    """Rank the transfers to one (new) target (all-for-one), best first.

    For a single target-only task the optimum of the program is the best affordable transfer, so
    the ranking is exact.

    Parameters
    ----------
    target : str
        A task to which the table has transfers.
    problem, **fields
        ``budget`` limits the label costs of a transfer's sources plus its transfer cost,
        ``max_order`` the number of sources. ``exclude``, ``require`` and the costs are those of
        `solve`.

    Returns
    -------
    DataFrame
        ``sources, order, cost, affinity`` and the table's ``gain, quality, low, high``.
    """
    target = name_in(task_name(target), transfers.targets)
    require_known([target], transfers.targets, where="--target", role="target")
    chosen = make_problem(problem, fields, transfers)
    unwanted = {*chosen.exclude, target}
    others = [task for task in transfers.targets if task not in unwanted]
    sources = [*dict.fromkeys([*chosen.source_only, *others])]
    alone = make_problem(
        chosen,
        {
            "source_only": [s for s in sources if s not in chosen.target_only],
            "target_only": [*chosen.target_only, target],
        },
    )
    program = compile_program(transfers, alone)
    index = program.targets.index(target)
    program = program.with_edges(program.edge_target == index)
    costs = program.costs
    label = np.append(np.where(program.required, 0, costs.label), 0)
    units = label[program.edge_sources].sum(axis=1) + costs.label[program.required].sum()
    units = units + costs.transfer[index]
    order = np.lexsort((np.arange(len(units)), program.order, -program.edge_value))
    order = order[(units <= costs.budget)[order]][:most]
    frame = transfers.frame.iloc[program.edge_row[order]].drop(columns="target")
    frame.insert(1, "order", program.order[order])
    frame.insert(2, "cost", [costs.amount(number) for number in units[order].tolist()])
    ranked: pd.DataFrame = frame.reset_index(drop=True)
    return ranked
