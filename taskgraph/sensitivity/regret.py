"""The regret of a set of supervised tasks: what it loses against the optimum of a program."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from taskgraph.arrays import Booleans, Floats
from taskgraph.program import Program
from taskgraph.solver.choice import choose_transfers

CRITERIA = ("max", "mean")
"""How the regrets over resamples become one number: the largest one, or their mean."""


def values_of(sets: Sequence[Booleans], programs: Sequence[Program]) -> Floats:
    """Return the objective of each set with its best transfers in each program, (sets, programs).

    NaN where a set does not solve every target, or exceeds the budget.
    """
    values = np.full((len(sets), len(programs)), np.nan)
    for row, supervised in enumerate(sets):
        for column, program in enumerate(programs):
            choice = choose_transfers(program, supervised)
            if choice is not None:
                values[row, column] = choice.value
    return values


def relative_regrets(values: Floats, optima: Floats) -> Floats:
    """Return (optimum − value) / |optimum| of each set and program; 0 is best.

    Parameters
    ----------
    values : (sets, programs) array
        See `values_of`.
    optima : (programs,) array
        Objective of each program's optimum.

    Returns
    -------
    (sets, programs) array
        At least 0; a share of the optimum, so that programs with different objectives can be
        compared. NaN where a value is, and the plain difference where an optimum is 0.
    """
    scale = np.where(optima == 0, 1.0, np.abs(optima))
    return np.maximum(0.0, optima - values) / scale


def summarized(regrets: Floats, criterion: str) -> float:
    """Return the largest regret or the mean one, by a name of `CRITERIA`."""
    return float(regrets.max() if criterion == "max" else regrets.mean())
