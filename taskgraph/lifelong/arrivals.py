"""Tasks that arrive one by one: the taxonomy that never takes a label back, and the optimum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Unpack

import numpy as np
import pandas as pd

from taskgraph.errors import InvalidProblemError
from taskgraph.lifelong.sunk import added_amounts, solved_taxonomy, sunk_program
from taskgraph.problem import Problem, ProblemFields, make_problem
from taskgraph.progress import Progress, no_progress, with_progress
from taskgraph.solver import find_solver, solve
from taskgraph.solver.backends import Backend
from taskgraph.tasks import require_known
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers

Budgets = Callable[[int], float]
"""From the number of tasks that have arrived to what may have been spent by then, in all."""


def one_label_every(count: int, *, cost: float = 1.0) -> Budgets:
    """Return budgets that rise by ``cost`` with the first of every ``count`` arrivals.

    Raises
    ------
    InvalidProblemError
        If ``count`` is below 1.
    """
    if count < 1:
        raise InvalidProblemError(f"{count} arrivals a label were asked for, expected at least 1")
    return lambda arrived: cost * -(-arrived // count)


@dataclass(frozen=True)
class Arrivals:
    """The taxonomies that were solved after each arrival.

    Attributes
    ----------
    order : names
        The tasks in the order in which they arrived.
    budgets : tuple of float
        What might be spent in all after each arrival.
    online : tuple of Taxonomy or None
        After each arrival, the taxonomy that keeps every label and transfer that was paid before;
        its ``spent`` counts everything. None while no target has arrived.
    offline : tuple of Taxonomy or None
        The optimum of the same tasks and budget.
    """

    order: tuple[str, ...]
    budgets: tuple[float, ...]
    online: tuple[Taxonomy | None, ...] = field(repr=False)
    offline: tuple[Taxonomy | None, ...] = field(repr=False)

    def to_frame(self) -> pd.DataFrame:
        """Return one row an arrival.

        Returns
        -------
        DataFrame
            ``arrived`` (the number of tasks so far), ``task``, ``budget``, ``spent`` and
            ``supervised`` (number of labels) of the online taxonomy, ``shared`` (how many of them
            the offline optimum supervises, too), ``online`` and ``offline`` (objectives), and
            ``ratio``, their quotient (the competitive ratio, at most 1; larger is better). NaN
            where there is no taxonomy, and a ratio of NaN where the optimum is not above 0.
        """
        rows = [
            {"arrived": place, "task": task, "budget": budget, **_compared(online, offline)}
            for place, (task, budget, online, offline) in enumerate(
                zip(self.order, self.budgets, self.online, self.offline, strict=True), 1
            )
        ]
        return pd.DataFrame(rows)


def _compared(online: Taxonomy | None, offline: Taxonomy | None) -> dict[str, Any]:
    """Return the columns of `Arrivals.to_frame` that compare two taxonomies."""
    reached = online.objective if online is not None else None
    best = offline.objective if offline is not None else None
    labels = () if online is None else online.supervised
    others = () if offline is None else offline.supervised
    ratio = np.nan
    if reached is not None and best is not None and best > 0:
        ratio = min(1.0, reached / best)
    return {
        "spent": np.nan if online is None else online.spent,
        "supervised": len(labels),
        "shared": len({*labels} & {*others}),
        "online": np.nan if reached is None else reached,
        "offline": np.nan if best is None else best,
        "ratio": ratio,
    }


def arrivals(
    transfers: Transfers,
    order: Sequence[str] | None = None,
    problem: Problem | None = None,
    *,
    budgets: Budgets | None = None,
    seed: int = 0,
    solver: str = "highs",
    progress: Progress = no_progress,
    **fields: Unpack[ProblemFields],
) -> Arrivals:
    """Let the tasks of a table arrive one by one, and extend the taxonomy after each arrival.

    A task arrives when its rows are switched on: it is a target from then on, and a source of the
    other tasks that have arrived. Affinities are those of the whole table throughout, so the
    objectives of one arrival can be compared. Each extension spends at once whatever improves the
    objective of the tasks that have arrived (it knows nothing of those to come), within the budget
    so far; what it leaves may be spent later.

    Parameters
    ----------
    transfers : Transfers
        The transfers between all tasks.
    order : names, optional
        The order of arrivals; by default a random order of all tasks, drawn with ``seed``. Tasks
        that are left out never arrive.
    problem, **fields
        As for `solve`; ``budget`` is not used. Roles and costs of tasks that have not arrived are
        ignored until they do.
    budgets : function of the number of arrivals, optional
        Budget so far; by default `one_label_every` four arrivals.
    progress : Progress
        Receives the number of arrivals that are solved, of how many.

    Raises
    ------
    InvalidProblemError
        If a task arrives twice, or the budget falls.
    UnknownTaskError
        If the table lacks a task of the order.
    """
    problem = make_problem(problem, fields, transfers)
    tasks = [name for name in transfers.tasks if name not in problem.exclude]
    if order is None:
        order = [tasks[k] for k in np.random.default_rng(seed).permutation(len(tasks))]
    _check_order(order, tasks)
    limits = [(budgets or one_label_every(4))(place) for place in range(1, len(order) + 1)]
    if any(later < sooner for sooner, later in pairwise(limits)):
        raise InvalidProblemError(f"the budget falls with an arrival ({limits}), expected a rise")
    backend = find_solver(solver)
    online: list[Taxonomy | None] = []
    offline: list[Taxonomy | None] = []
    earlier: Taxonomy | None = None
    for place in with_progress(range(len(order)), progress):
        present = _present(transfers, problem, order[: place + 1], limits[place])
        if present is None:
            online.append(None)
            offline.append(None)
            continue
        now = _extended(transfers, present, earlier, backend)
        earlier = now if now.solved else earlier
        online.append(now)
        offline.append(solve(transfers, present, solver=solver))
    return Arrivals(tuple(order), tuple(limits), tuple(online), tuple(offline))


def _check_order(order: Sequence[str], tasks: Sequence[str]) -> None:
    require_known(order, tasks, where="--order")
    repeated = [name for name in order if list(order).count(name) > 1]
    if repeated:
        raise InvalidProblemError(f'"{repeated[0]}" arrives twice; a task arrives once')


def _present(
    transfers: Transfers, problem: Problem, arrived: Sequence[str], budget: float
) -> Problem | None:
    """Return the problem of the tasks that have arrived; None if none of them is a target."""
    here = set(arrived)
    if not here & {*transfers.targets} - {*problem.source_only}:
        return None
    absent = [name for name in transfers.tasks if name not in here]
    lists = {
        name: tuple(task for task in getattr(problem, name) if task in here)
        for name in ("source_only", "target_only", "require")
    }
    return replace(problem, budget=budget, exclude=(*problem.exclude, *absent), **lists)  # type: ignore[arg-type]


def _extended(
    transfers: Transfers, problem: Problem, earlier: Taxonomy | None, backend: Backend
) -> Taxonomy:
    """Return the taxonomy that keeps what an earlier one paid for, within the budget in all."""
    if earlier is None:
        return solve(transfers, problem, solver=backend.name)
    left = max(0.0, added_amounts(problem.budget, -earlier.spent))
    now = replace(problem, budget=left)
    found = solved_taxonomy(transfers, now, sunk_program(transfers, now, earlier), backend)
    if not found.solved:
        return found
    return replace(found, budget=problem.budget, spent=added_amounts(earlier.spent, found.spent))
