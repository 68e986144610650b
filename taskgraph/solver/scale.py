"""Scaling of values and costs to numbers near 1, which suits the tolerances of solvers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from taskgraph.problem.costs import as_shares
from taskgraph.program import Program


def value_unit(program: Program) -> float:
    """Return the power of two at or below the largest absolute value; dividing by it is exact."""
    largest = max(
        float(np.abs(program.edge_value).max(initial=0.0)),
        float(np.abs(program.self_value).max(initial=0.0)),
    )
    return 2.0 ** (math.frexp(largest)[1] - 1) if largest else 1.0


def with_values_in(program: Program, unit: float) -> Program:
    """Return the same program with every value divided by ``unit``."""
    return replace(
        program, edge_value=program.edge_value / unit, self_value=program.self_value / unit
    )


def with_costs_as_shares(program: Program) -> Program:
    """Return the same program with costs as shares of the remaining budget.

    Some costs are part of every solution: the labels of required sources, and the transfers to
    targets that supervision cannot solve. They are subtracted from the budget and set to 0; the
    remaining budget becomes 1. A cost above 1 can never be paid; it is lowered to 2, so that
    HiGHS can represent it. The new costs are rounded: exact comparisons need the original program.
    """
    costs, never = program.costs, ~program.solved_by_own(~program.banned)
    label = np.where(program.required | program.banned, 0, costs.label)
    transfer = np.where(never, 0, costs.transfer)
    left = costs.budget - int(costs.label[program.required].sum() + costs.transfer[never].sum())
    unit = abs(left) or int(max(label.max(initial=0), transfer.max(initial=0))) or 1
    return replace(
        program,
        label_cost=as_shares(np.minimum(label, 2 * unit), unit),
        transfer_cost=as_shares(np.minimum(transfer, 2 * unit), unit),
        budget=left / unit,
    )
