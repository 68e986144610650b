"""How often each task ends up supervised when the test images are drawn again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Unpack

import pandas as pd

from taskgraph.affinity import Affinities
from taskgraph.errors import InfeasibleError, InvalidProblemError
from taskgraph.problem import Problem, Settings, make_problem
from taskgraph.solver import solve
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers


@dataclass(frozen=True, eq=False)
class Stability:
    """Selection frequencies over bootstrap resamples of the images.

    Parameters
    ----------
    taxonomy : Taxonomy
        The optimum for all images.
    selection : DataFrame
        ``task, supervised`` (in that optimum) and ``share``, the fraction in [0, 1] of resamples
        whose optimum supervises the task; the most often selected first.
    resamples : int
        How many resamples had a solution.
    same : float
        Fraction of them whose optimum supervises exactly the same set.
    """

    taxonomy: Taxonomy
    selection: pd.DataFrame
    resamples: int
    same: float

    def to_frame(self) -> pd.DataFrame:
        """A copy of ``selection``."""
        return self.selection.copy()

    def to_dict(self) -> dict[str, Any]:
        """The content of the JSON: ``resamples, same``, one entry a task, and the taxonomy."""
        return {
            "resamples": self.resamples,
            "same": self.same,
            "tasks": self.selection.to_dict(orient="records"),
            "taxonomy": self.taxonomy.to_dict(),
        }

    def to_json(self, *, indent: int | None = 1) -> str:
        """As ``taskgraph stability --json`` prints it."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

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
    progress: Callable[[list[Transfers]], Iterable[Transfers]] = iter,
    **settings: Unpack[Settings],
) -> Stability:
    """Solve the program once for every bootstrap resample of the affinities.

    The whole chain is resampled: images, win rates, affinities, optimum (Efron & Tibshirani
    1993). Win rates enter only through the affinities, so the objective must be one of those.

    Parameters
    ----------
    affinities : Affinities
        From ``affinities(losses, bootstrap=200)``.

    Raises
    ------
    InvalidProblemError
        If there are no resamples, or the objective is ``gain`` or ``quality``.
    InfeasibleError
        If the program has no solution.
    """
    problem = make_problem(problem, settings, affinities.transfers)
    if problem.objective in ("gain", "quality"):
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
    for table in progress(list(affinities.resampled())):
        found = solve(table, problem, solver=solver)
        solved += found.solved
        same += found.supervised == best.supervised
        counts.update(found.supervised)
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
