"""The cost of a new task: its transfer, and what its own label would add to the objective."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from taskgraph.program import Program
from taskgraph.solver import solve_program
from taskgraph.solver.backends import Backend
from taskgraph.solver.clock import Clock
from taskgraph.taxonomy import Taxonomy

OPTIMAL, INFEASIBLE = "optimal", "infeasible"


@dataclass(frozen=True)
class Newcomer:
    """A task that the earlier taxonomy does not have.

    Attributes
    ----------
    task : str
    supervised : bool
        Whether the extended taxonomy buys its label.
    sources : names
        The sources of the transfer that solves it; ``("self",)`` for its own network, and none if
        it is no target.
    affinity : float or None
        Affinity of this transfer.
    label_cost : float or None
        Cost of its label; None if it cannot be supervised.
    label_worth : float or None
        What its label adds to the objective if it is bought on top: the optimum that supervises
        it, within the budget and its label cost, minus the optimum without its label within the
        budget. Larger is better; negative if its own network is worse than a transfer. None if it
        cannot be supervised, nothing solves all targets without its label, or ``proven`` is false.
    proven : bool
        False if a time limit left no proof of ``label_worth``.
    """

    task: str
    supervised: bool
    sources: tuple[str, ...]
    affinity: float | None
    label_cost: float | None
    label_worth: float | None
    proven: bool = True

    @property
    def worth_per_cost(self) -> float | None:
        """``label_worth`` divided by ``label_cost``: objective per unit of cost."""
        if self.label_worth is None or not self.label_cost:
            return None
        return self.label_worth / self.label_cost

    def to_dict(self) -> dict[str, Any]:
        """Return the fields and ``worth_per_cost``, without those that have no value."""
        content = asdict(self) | {"sources": list(self.sources)}
        content["worth_per_cost"] = self.worth_per_cost
        return {name: value for name, value in content.items() if value is not None}


def described_newcomers(
    names: Sequence[str],
    taxonomy: Taxonomy,
    program: Program,
    backend: Backend,
    clock: Clock | None = None,
) -> tuple[Newcomer, ...]:
    """Return what is known about each new task of an extended taxonomy.

    Parameters
    ----------
    names : names
        The new tasks.
    taxonomy : Taxonomy
        The optimum of ``program``.
    program : Program
        The program that was solved; two more solves a task compare with and without its label.
    clock : Clock, optional
        Ends these solves when its time is over.
    """
    solved = {each.target: each for each in taxonomy.transfers}
    clock, result = clock or Clock(), []
    for name in names:
        transfer = solved.get(name)
        cost, worth, proven = label_worth(program, name, taxonomy, backend, clock)
        result.append(
            Newcomer(
                name,
                name in taxonomy.supervised,
                () if transfer is None else transfer.sources,
                None if transfer is None else transfer.affinity,
                cost,
                worth,
                proven,
            )
        )
    return tuple(result)


def label_worth(
    program: Program, name: str, taxonomy: Taxonomy, backend: Backend, clock: Clock
) -> tuple[float | None, float | None, bool]:
    """Return ``label_cost``, ``label_worth`` and ``proven`` of `Newcomer`."""
    if name not in program.sources:
        return None, None, True
    alone = np.array([source == name for source in program.sources])
    cost = float(program.label_cost[alone][0])
    without, proven = taxonomy.objective, taxonomy.status == OPTIMAL
    if name in taxonomy.supervised:
        barred = replace(program, banned=program.banned | alone, required=program.required & ~alone)
        without, proven = _optimum(barred, backend, clock)
    if without is None or not proven:
        return cost, None, proven
    # The label is free here, which is the same as adding its cost to the budget.
    given = replace(
        program,
        required=program.required | alone,
        label_cost=np.where(alone, 0.0, program.label_cost),
    )
    value, proven = _optimum(given, backend, clock)
    return cost, None if value is None or not proven else value - without, proven


def _optimum(program: Program, backend: Backend, clock: Clock) -> tuple[float | None, bool]:
    """Return the optimum of a program, None if it has no solution, and whether it is proven."""
    if clock.over:
        return None, False
    solution = solve_program(program, backend, clock)
    value = None if solution.choice is None else solution.choice.value
    return value, solution.status in (OPTIMAL, INFEASIBLE)
