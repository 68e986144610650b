"""Ties: of several optimal solutions, the one with the fewest sources, then the first names."""

from __future__ import annotations

import pulp

from taskgraph.program import Program
from taskgraph.solver.backends import Backend
from taskgraph.solver.choice import Choice, choose_transfers, tolerance, without_redundant
from taskgraph.solver.clock import Clock, OutOfTime
from taskgraph.solver.model import Model, grouped_model

BATCH = 15
"""Names that one model puts in order; their weights reach 2 ** 14."""


def break_ties(program: Program, choice: Choice, backend: Backend, clock: Clock) -> Choice:
    """Return the first of all optimal choices: fewest sources, then the first list of names.

    ``program`` must still admit every tied choice. When the clock is over, the best choice so far
    is returned.
    """
    choice = without_redundant(program, choice)
    if (program.required | program.banned).all():
        return choice
    least = choice.value - tolerance(choice.value)
    try:
        if _is_alone(program, choice, least, backend, clock):
            return choice
        choice = _fewest(program, choice, least, backend, clock)
        return _first_by_name(program, choice, least, backend, clock)
    except OutOfTime:
        return choice


def _tie_model(program: Program, least: float, clock: Clock, most: float | None = None) -> Model:
    """Return a model of the solutions with a value of at least ``least`` and ``most`` sources.

    It also admits some of slightly smaller value, so that the tolerances of a solver cut off no
    tie. Its solutions are evaluated exactly by `_first_tie`.
    """
    model = grouped_model(program, clock)
    model.require_value(least - 100 * tolerance(least))
    if most is not None:
        model.limit_count(most)
    model.lp.setObjective(pulp.LpAffineExpression())
    return model


def _is_alone(
    program: Program, choice: Choice, least: float, backend: Backend, clock: Clock
) -> bool:
    """Return whether no other tied choice has as few sources."""
    model = _tie_model(program, least, clock, float(choice.supervised.sum()))
    model.forbid(choice.supervised)
    return _first_tie(model, program, least, backend, clock) is None


def _fewest(
    program: Program, choice: Choice, least: float, backend: Backend, clock: Clock
) -> Choice:
    """Return a tied choice with the fewest sources."""
    model = _tie_model(program, least, clock)
    model.lp.sense = pulp.LpMinimize
    model.lp.setObjective(model.count())
    tied = _first_tie(model, program, least, backend, clock)
    if tied is None or tied.supervised.sum() >= choice.supervised.sum():
        return choice
    return tied


def _first_by_name(
    program: Program, choice: Choice, least: float, backend: Backend, clock: Clock
) -> Choice:
    """Go through the names in order, `BATCH` at a time, and keep as early ones as possible.

    A source weighs more than all later ones of its batch together.
    """
    most = int(choice.supervised.sum())
    model = _tie_model(program, least, clock, float(most))
    model.lp.sense = pulp.LpMaximize
    names = (~program.banned).nonzero()[0].tolist()
    for batch in (names[k : k + BATCH] for k in range(0, len(names), BATCH)):
        variables = [model.supervised[source] for source in batch]
        weights = [1 << k for k in range(len(batch))][::-1]
        model.lp.setObjective(pulp.LpAffineExpression(zip(variables, weights, strict=True)))
        tied = _first_tie(model, program, least, backend, clock)
        if tied is None:
            return choice
        choice = tied
        if choice.supervised[: batch[-1] + 1].sum() == most:
            return choice
        for source, variable in zip(batch, variables, strict=True):
            variable.lowBound = variable.upBound = int(choice.supervised[source])
    return choice


def _first_tie(
    model: Model, program: Program, least: float, backend: Backend, clock: Clock
) -> Choice | None:
    """Return a solution of the model whose exact value is at least ``least``; None if none is."""
    while not clock.over:
        result = backend.run(model.lp, clock)
        if result.status not in ("optimal", "feasible"):
            return None
        supervised = model.solution()
        choice = choose_transfers(program, supervised)
        if choice is not None and choice.value >= least:
            return choice
        model.forbid(supervised)
    return None
