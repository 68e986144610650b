"""Other answers: the k best different supervised sets, and the best transfers to one target."""

from __future__ import annotations

from typing import Unpack

import numpy as np
import pandas as pd

from taskgraph.errors import InvalidProblemError
from taskgraph.problem import Problem, Settings, make_problem
from taskgraph.program import Program, compile_program
from taskgraph.solver import find_solver, solve_program, taxonomy_from_solution
from taskgraph.solver.backends import Backend
from taskgraph.solver.choice import Choice, choose, without_useless
from taskgraph.solver.model import grouped_model
from taskgraph.solver.presolve import presolve
from taskgraph.solver.search import Solution
from taskgraph.tasks import require_known, task_name
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers


def alternatives(
    transfers: Transfers,
    problem: Problem | None = None,
    *,
    k: int = 5,
    solver: str = "highs",
    **settings: Unpack[Settings],
) -> tuple[Taxonomy, ...]:
    """The k best taxonomies that supervise different sets of tasks, best first.

    Near ties are common (two sets of the published 16k table at budget 7 differ by 0.016 %), so
    one optimum says little about which sources matter; the next ones say more. Sets that hold a
    useless source, one that can go without a loss, are passed over. Each one is optimal among the
    sets not listed before it.

    Returns
    -------
    tuple of Taxonomy
        Fewer than k if there are no more; one that says why if there is none at all.
    """
    if k < 1:
        raise InvalidProblemError(f"k is {k}, expected at least 1")
    problem = make_problem(problem, settings)
    backend = find_solver(solver)
    program = compile_program(transfers, problem)
    best = solve_program(program, backend)
    if best.choice is None:
        return (taxonomy_from_solution(transfers, problem, best),)
    reduced = presolve(program)
    choices = [best.choice, *_next_best(reduced, best.choice, k - 1, backend)]
    return tuple(
        taxonomy_from_solution(
            transfers,
            problem,
            Solution("optimal", reduced, choose(reduced, choice.supervised), choice.value),
        )
        for choice in choices
    )


def _next_best(program: Program, first: Choice, count: int, backend: Backend) -> list[Choice]:
    """Cut each set off once it is listed, and solve again."""
    model = grouped_model(program)
    model.forbid(first.supervised)
    listed = {first.supervised.tobytes()}
    found: list[Choice] = []
    while len(found) < count:
        verdict = backend.run(model.problem)
        if verdict.status != "optimal":
            break
        supervised = model.solution()
        model.forbid(supervised)
        choice = choose(program, supervised)
        if choice is None:
            continue
        lean = without_useless(program, choice)
        if lean.supervised.tobytes() not in listed:
            listed.add(lean.supervised.tobytes())
            found.append(lean)
    return sorted(found, key=lambda choice: -choice.value)


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
    target = task_name(target)
    require_known([target], transfers.targets, where="--target")
    chosen = make_problem(problem, settings)
    unwanted = {*chosen.exclude, target}
    others = [task for task in transfers.targets if task not in unwanted]
    sources = [*dict.fromkeys([*chosen.source_only, *others])]
    alone = make_problem(
        chosen,
        {"source_only": [s for s in sources if s not in chosen.target_only],
         "target_only": [*chosen.target_only, target]},
    )  # fmt: skip
    program = compile_program(transfers, alone)
    mine = np.flatnonzero(program.edge_target == program.targets.index(target))
    program = program.keep(mine)
    cost = np.append(np.where(program.required, 0.0, program.label_cost), 0.0)
    cost = cost[program.edge_sources].sum(axis=1) + program.label_cost[program.required].sum()
    cost = cost + program.transfer_cost[program.targets.index(target)]
    order = np.lexsort((np.arange(len(cost)), program.order, -program.edge_value))
    order = order[cost[order] <= program.budget + program.slack][:most]
    frame = transfers.frame.iloc[program.edge_row[order]].drop(columns="target")
    frame.insert(1, "order", program.order[order])
    frame.insert(2, "cost", cost[order])
    ranked: pd.DataFrame = frame.reset_index(drop=True)
    return ranked
