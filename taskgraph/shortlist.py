"""Other answers: the k best different supervised sets, and the best transfers to one target."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Unpack

import numpy as np
import pandas as pd

from taskgraph.aliases import name_in
from taskgraph.errors import InvalidProblemError
from taskgraph.problem import Problem, Settings, make_problem
from taskgraph.program import Program, compile_program
from taskgraph.solver import find_solver, solve_program, taxonomy_from_solution
from taskgraph.solver.backends import Backend
from taskgraph.solver.choice import Choice, choose
from taskgraph.solver.clock import Clock, OutOfTime
from taskgraph.solver.presolve import presolve
from taskgraph.solver.ranking import Ranking
from taskgraph.solver.scale import value_unit, with_values_in
from taskgraph.solver.search import Solution
from taskgraph.solver.ties import break_ties
from taskgraph.tasks import require_known, task_name
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers


def alternatives(
    transfers: Transfers,
    problem: Problem | None = None,
    *,
    k: int = 5,
    solver: str = "highs",
    time_limit: float | None = None,
    clock: Clock | None = None,
    **settings: Unpack[Settings],
) -> tuple[Taxonomy, ...]:
    """The k best taxonomies that supervise different sets of tasks, best first.

    Near ties are common (two sets of the published 16k table at budget 7 differ by 0.016 %), so
    one optimum says little about which sources matter; the next ones say more. A set is left out
    if some of its sources can go without a loss: it is no answer of its own. Each listed one is
    optimal among the sets not listed before it.

    Parameters
    ----------
    k : int
        How many to list, at least 1.
    time_limit : float, optional
        Seconds for all of them together. What was proven until then is listed; where not even
        the first was, it is listed alone with its gap.
    clock : Clock, optional
        In place of ``time_limit``: a clock that another thread or a signal may stop.

    Returns
    -------
    tuple of Taxonomy
        Fewer than k if there are no more, or no time; one that says why if there is none at all.
    """
    if k < 1:
        raise InvalidProblemError(f"k is {k}, expected at least 1")
    problem = make_problem(problem, settings, transfers)
    backend = find_solver(solver)
    clock = clock or Clock(time_limit)
    program = compile_program(transfers, problem)
    best = solve_program(program, backend, clock)
    found = [best]
    if best.status == "optimal":
        with contextlib.suppress(OutOfTime):
            found += islice(_later(program, best, backend, clock), k - 1)
    return tuple(taxonomy_from_solution(transfers, problem, each) for each in found)


def _later(program: Program, first: Solution, backend: Backend, clock: Clock) -> Iterator[Solution]:
    """The next best sets, until there are no more or no time.

    Once a set is listed, no superset of it is worth more (it would have been listed before), so
    that all of them are left out together.
    """
    assert first.choice is not None
    unit = value_unit(program)
    reduced = presolve(with_values_in(program, unit))
    assert reduced is not None
    ranking, listed = Ranking(reduced, backend, clock), first.choice.supervised
    while not clock.over:
        ranking.cut_supersets(listed)
        ranked = ranking.best()
        if ranked.status != "optimal" or ranked.choice is None:
            return
        lean = _smallest_part(reduced, ranked.choice, backend, clock)
        listed = lean.supervised
        value = lean.value * unit
        yield Solution("optimal", reduced, replace(lean, value=value), value)


def _smallest_part(program: Program, choice: Choice, backend: Backend, clock: Clock) -> Choice:
    """The smallest set of the chosen sources that is worth as much."""
    outside = ~choice.supervised
    lost = np.append(outside, False)[program.edge_sources].any(axis=1)
    within = replace(program.keep(np.flatnonzero(~lost)), banned=program.banned | outside)
    part = break_ties(within, choose(within, choice.supervised) or choice, backend, clock)
    return choose(program, part.supervised) or choice


def recommend(
    transfers: Transfers,
    target: str,
    problem: Problem | None = None,
    *,
    most: int = 10,
    **settings: Unpack[Settings],
) -> pd.DataFrame:
    """All-for-one: the best transfers to one (new) target, best first.

    With a single target-only task the program's optimum is its best affordable transfer, so
    ranking them is exact.

    Parameters
    ----------
    target : str
        A task that the table measures transfers to.
    problem, **settings
        ``budget`` bounds the label costs of a transfer's sources (and its transfer cost),
        ``max_order`` their number; ``exclude``, ``require`` and the costs work as in `solve`.

    Returns
    -------
    DataFrame
        ``sources, order, cost, affinity`` and the table's ``gain, quality, low, high``.
    """
    target = name_in(task_name(target), transfers.targets)
    require_known([target], transfers.targets, where="--target")
    chosen = make_problem(problem, settings, transfers)
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
    mine = np.flatnonzero(program.edge_target == program.targets.index(target))
    program = program.keep(mine)
    costs = program.costs
    beside = np.append(np.where(program.required, 0, costs.label), 0)
    units = beside[program.edge_sources].sum(axis=1) + costs.label[program.required].sum()
    units = units + costs.transfer[program.targets.index(target)]
    order = np.lexsort((np.arange(len(units)), program.order, -program.edge_value))
    order = order[(units <= costs.budget)[order]][:most]
    frame = transfers.frame.iloc[program.edge_row[order]].drop(columns="target")
    frame.insert(1, "order", program.order[order])
    frame.insert(2, "cost", [costs.amount(number) for number in units[order].tolist()])
    ranked: pd.DataFrame = frame.reset_index(drop=True)
    return ranked
