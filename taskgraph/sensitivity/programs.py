"""Programs that differ from a compiled one in their affinities alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from taskgraph.arrays import Floats, Integers
from taskgraph.problem import OBJECTIVES, Problem
from taskgraph.program import Program
from taskgraph.tasks import SELF
from taskgraph.transfers import Transfers


def programs_with(
    program: Program, transfers: Transfers, problem: Problem, affinities: Floats
) -> list[Program]:
    """Return one program for each row of affinities, with the same sources, targets and costs.

    Parameters
    ----------
    program : Program
        ``compile_program(transfers, problem)``, whose objective transforms the affinity.
    affinities : (R, rows) array
        Aligned with the rows of ``transfers``; a NaN removes the row from the program.
    """
    transform = OBJECTIVES[problem.objective].transform
    importance = np.array([problem.importance.get(t, 1.0) for t in program.targets])
    own = own_rows(program, transfers)
    owned = own >= 0
    programs = []
    for values in transform(affinities):
        self_value = np.where(owned, values[own] * importance, 0.0)
        edge_value = values[program.edge_row] * importance[program.edge_target]
        changed = replace(program, self_value=self_value, edge_value=edge_value)
        lost = np.isnan(edge_value)
        programs.append(changed.with_edges(~lost) if lost.any() else changed)
    return programs


def own_rows(program: Program, transfers: Transfers) -> Integers:
    """Return the row of each target's ``self``, (T,); -1 where supervision does not solve it."""
    rows = np.flatnonzero(transfers.frame["sources"] == SELF)
    place = dict(zip(transfers.frame["target"].iloc[rows], rows.tolist(), strict=True))
    known = [place.get(name, -1) for name in program.targets]
    return np.where(program.self_source >= 0, np.array(known, dtype=np.int64), -1)
