"""Values and costs near 1, where the tolerances of a solver mean what they say."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from taskgraph.costs import ratio
from taskgraph.program import Program


def value_unit(program: Program) -> float:
    """The power of two at or below the largest absolute value; dividing by it is exact."""
    largest = max(
        float(np.abs(program.edge_value).max(initial=0.0)),
        float(np.abs(program.self_value).max(initial=0.0)),
    )
    return 2.0 ** (math.frexp(largest)[1] - 1) if largest else 1.0


def with_values_in(program: Program, unit: float) -> Program:
    """The same program with every value divided by ``unit``."""
    return replace(
        program, edge_value=program.edge_value / unit, self_value=program.self_value / unit
    )


def with_costs_as_shares(program: Program) -> Program:
    """The same program with costs as shares of what is left to decide about, and a budget of 1.

    What every solution pays (the required labels, and the transfers to targets that supervision
    cannot solve) is taken from the budget and from the costs. A cost above 1 is never paid; it is
    lowered to 2, which HiGHS represents. Floats: exact comparisons need the program itself.
    """
    costs, never = program.costs, ~program.solved_by_own(~program.banned)
    label = np.where(program.required | program.banned, 0, costs.label)
    transfer = np.where(never, 0, costs.transfer)
    left = costs.budget - int(costs.label[program.required].sum() + costs.transfer[never].sum())
    unit = abs(left) or int(max(label.max(initial=0), transfer.max(initial=0))) or 1
    return replace(
        program,
        label_cost=ratio(np.minimum(label, 2 * unit), unit),
        transfer_cost=ratio(np.minimum(transfer, 2 * unit), unit),
        budget=left / unit,
    )
