"""Stability: how often each task is supervised in the optima of resampled test images."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any, Unpack

import pandas as pd

import taskgraph
from taskgraph.affinity import Affinities
from taskgraph.errors import InfeasibleError, InvalidProblemError
from taskgraph.problem import OBJECTIVES, Problem, ProblemFields, make_problem
from taskgraph.program import compile_program
from taskgraph.progress import Progress, no_progress, with_progress
from taskgraph.solver import find_solver, solve, solve_program
from taskgraph.taxonomy import Taxonomy


@dataclass(frozen=True, eq=False)
class Stability:
    """Share of bootstrap resamples of the images in which each task is supervised.

    Attributes
    ----------
    taxonomy : Taxonomy
        The optimum for all images.
    selection : DataFrame
        ``task``; ``supervised``, whether that optimum supervises it; and ``share``, the fraction
        in [0, 1] of resamples whose optimum supervises it. Sorted by ``share``, largest first.
    resamples : int
        Number of resamples with a solution.
    same : float
        Fraction of these resamples whose optimum supervises exactly the same tasks.
    """

    taxonomy: Taxonomy
    selection: pd.DataFrame
    resamples: int
    same: float

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of ``selection``."""
        return self.selection.copy()

    def to_dict(self) -> dict[str, Any]:
        """Return the content of the JSON: ``resamples, same``, the tasks and the taxonomy."""
        return {
            "resamples": self.resamples,
            "same": self.same,
            "tasks": self.selection.to_dict(orient="records"),
            "taxonomy": self.taxonomy.to_dict(),
        }

    def to_json(self, *, indent: int | None = 1) -> str:
        """Return the JSON of ``taskgraph stability --json``."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return taskgraph.notebook_bundle(self)

    def __repr__(self) -> str:
        table = self.selection.round(3).to_string(index=False)
        return (
            f"{table}\n({self.resamples} resamples; {self.same:.1%} supervise exactly the tasks "
            "of the optimum for all images)"
        )


def stability(
    affinities: Affinities,
    problem: Problem | None = None,
    *,
    solver: str = "highs",
    progress: Progress = no_progress,
    **fields: Unpack[ProblemFields],
) -> Stability:
    """Solve the program once for every bootstrap resample of the affinities.

    Each resample of the images has its own win rates, affinities and optimum (Efron & Tibshirani
    1993). Only affinities are resampled, so the objective must be a transform of the affinity.

    Parameters
    ----------
    affinities : Affinities
        From ``affinities(losses, bootstrap=200)``.
    progress : Progress
        Receives the number of resamples that are solved, of how many.

    Raises
    ------
    InvalidProblemError
        If there are no resamples, or the objective is no transform of the affinity.
    InfeasibleError
        If the program has no solution.
    """
    problem = make_problem(problem, fields, affinities.transfers)
    if OBJECTIVES[problem.objective].column != "affinity":
        raise InvalidProblemError(
            f'the objective "{problem.objective}" is not resampled; try sqrt, linear or log'
        )
    if not len(affinities.resamples):
        raise InvalidProblemError("there are no resamples; make affinities with bootstrap=200")
    best = solve(affinities.transfers, problem, solver=solver)
    if not best.solved:
        raise InfeasibleError(f"there is no taxonomy whose stability to measure: {best.reason}")
    counts: Counter[str] = Counter()
    solved = same = 0
    backend = find_solver(solver)
    for resample in with_progress(list(affinities.resamples), progress):
        program = compile_program(affinities.transfers, problem, affinity=resample)
        optimum = solve_program(program, backend)
        solved += optimum.choice is not None
        supervised = optimum.supervised
        same += supervised == best.supervised
        counts.update(supervised)
    return Stability(
        best, _selection(affinities, problem, best, counts, solved), solved, same / max(1, solved)
    )


def _selection(
    affinities: Affinities, problem: Problem, best: Taxonomy, counts: Counter[str], solved: int
) -> pd.DataFrame:
    barred = {*problem.exclude, *problem.target_only}
    rows: list[dict[str, Any]] = [
        {"task": t, "supervised": t in best.supervised, "share": counts[t] / max(1, solved)}
        for t in affinities.transfers.tasks
        if t not in barred
    ]
    frame = pd.DataFrame(rows)
    return frame.sort_values(["share", "task"], ascending=[False, True], ignore_index=True)
