"""Of several optimal taxonomies, always report the same: fewest supervised, then first names."""

from __future__ import annotations

import pulp

from taskgraph.program import Program
from taskgraph.solver.backends import Backend
from taskgraph.solver.choice import Choice, choose, tolerance, without_useless
from taskgraph.solver.clock import Clock, OutOfTime
from taskgraph.solver.model import Model, grouped_model


def break_ties(program: Program, choice: Choice, backend: Backend, clock: Clock) -> Choice:
    """Replace an optimal choice by the first of all that are worth the same.

    The order is: fewest supervised sources; then the alphabetically first list of their names.
    ``program`` must still admit every tied solution. Stops where the clock does, with the best
    choice so far.
    """
    choice = without_useless(program, choice)
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
    """Any solution worth ``least`` or more, from at most ``most`` sources.

    And some that are worth a little less, so that a solver's tolerances cut off no tie; what it
    finds is evaluated.
    """
    model = grouped_model(program, clock)
    model.require_value(least - 100 * tolerance(least))
    if most is not None:
        model.require_count(most)
    model.problem.setObjective(pulp.LpAffineExpression())
    return model


def _is_alone(
    program: Program, choice: Choice, least: float, backend: Backend, clock: Clock
) -> bool:
    """Whether no other tie has as few sources."""
    model = _tie_model(program, least, clock, float(choice.supervised.sum()))
    model.forbid(choice.supervised)
    return _first_tie(model, program, least, backend, clock) is None


def _fewest(
    program: Program, choice: Choice, least: float, backend: Backend, clock: Clock
) -> Choice:
    model = _tie_model(program, least, clock)
    model.problem.sense = pulp.LpMinimize
    model.problem.setObjective(model.count())
    found = _first_tie(model, program, least, backend, clock)
    fewer = found is not None and found.supervised.sum() < choice.supervised.sum()
    return found if found is not None and fewer else choice


def _first_by_name(
    program: Program, choice: Choice, least: float, backend: Backend, clock: Clock
) -> Choice:
    """Walk the names in order, and keep each one that some tie can still have."""
    model = _tie_model(program, least, clock, float(choice.supervised.sum()))
    for source, variable in enumerate(model.supervised):
        if choice.supervised[source]:
            variable.lowBound = 1
        elif not program.banned[source]:
            variable.lowBound = 1
            found = _first_tie(model, program, least, backend, clock)
            if found is None:
                variable.lowBound = variable.upBound = 0
            else:
                choice = found
    return choice


def _first_tie(
    model: Model, program: Program, least: float, backend: Backend, clock: Clock
) -> Choice | None:
    """A solution that ties by exact evaluation, not only within the solver's tolerance."""
    while not clock.over:
        verdict = backend.run(model.problem, clock)
        if verdict.status not in ("optimal", "feasible"):
            return None
        supervised = model.solution()
        found = choose(program, supervised)
        if found is not None and found.value >= least:
            return found
        model.forbid(supervised)
    return None
