"""Robust optima: the set of supervised tasks with the least regret over resamples."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np

from taskgraph.affinity.estimate import Affinities
from taskgraph.arrays import Booleans
from taskgraph.errors import InvalidProblemError
from taskgraph.problem import OBJECTIVES, Problem, ProblemFields, make_problem
from taskgraph.program import Program, compile_program
from taskgraph.progress import Progress, no_progress
from taskgraph.sensitivity.programs import programs_with
from taskgraph.sensitivity.regret import CRITERIA, summarized, values_of
from taskgraph.sensitivity.robust_program import LeastRegret, least_regret
from taskgraph.solver import Clock, find_solver, solve_program, taxonomy_from_solution
from taskgraph.solver.choice import choose_transfers
from taskgraph.solver.search import Solution
from taskgraph.tasks import REFERENCES
from taskgraph.taxonomy import Taxonomy
from taskgraph.taxonomy.file import ROBUST
from taskgraph.transfers import Transfers

WORDS = {"max": "maximal", "mean": "mean"}


@dataclass(frozen=True)
class RobustTaxonomy:
    """The taxonomy of the set with the least maximal or mean regret over resamples.

    In each resample, the regret of a set of supervised tasks is the objective value of this
    resample's optimum minus that of the set with its best transfers.

    Attributes
    ----------
    taxonomy : Taxonomy
        The set with its best transfers for all images. Its ``gap`` is what it loses there against
        the plain optimum.
    plain : Taxonomy
        The plain optimum for all images.
    criterion : str
        ``max`` or ``mean``.
    resamples : int
    regret, plain_regret : float
        The criterion's value of the set and of the plain optimum, in units of the objective; at
        least 0, smaller is better. ``plain_regret`` is None if the plain optimum is not known.
    bound : float
        No set has a smaller regret than this.
    proven : bool
        Whether the regret is proven to be the least.
    with_seeds : bool
        Whether the resamples draw seeds of training too, as some transfer has several.
    """

    taxonomy: Taxonomy
    plain: Taxonomy
    criterion: str
    resamples: int
    regret: float | None = None
    plain_regret: float | None = None
    bound: float = 0.0
    proven: bool = False
    with_seeds: bool = False

    @property
    def solved(self) -> bool:
        """Return whether there is a set."""
        return self.regret is not None

    def to_dict(self) -> dict[str, Any]:
        """Return the content of the JSON: the taxonomy, and under ``robust`` what is proven."""
        content = self.taxonomy.to_dict()
        if self.solved:
            content[ROBUST] = {
                "criterion": self.criterion,
                "resamples": self.resamples,
                "with_seeds": self.with_seeds,
                "regret": self.regret,
                "bound": self.bound,
                "proven": self.proven,
                "plain_regret": self.plain_regret,
                "plain_supervised": list(self.plain.supervised),
                "plain_objective": self.plain.objective_value,
            }
        return content

    def to_json(self, *, indent: int | None = 1) -> str:
        """Return the JSON of ``taskgraph solve --robust … --json``."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    def sentence(self) -> str:
        """Return what is minimized over what, what is proven, and the plain optimum's regret."""
        if self.regret is None:
            return f"no robust set was found over {self.resamples} resamples"
        proof = (
            "proven least"
            if self.proven
            else f"no set is proven to have less than {self.bound:.4g}"
        )
        text = (
            f"minimized: the {WORDS[self.criterion]} regret over {self.resamples} resamples of the "
            f"test images{' and of seeds of training' if self.with_seeds else ''}, "
            f"{self.regret:.4g} in units of the {self.taxonomy.objective_transform} objective "
            f"({proof})"
        )
        if self.plain.supervised == self.taxonomy.supervised:
            return f"{text}; the plain optimum is the same set"
        names = ", ".join(self.plain.supervised) or "none"
        return f"{text}; that of the plain optimum, {names}, is {self.plain_regret:.4g}"

    def __repr__(self) -> str:
        return f"{self.taxonomy!r}\n\n{self.sentence()}"


def solve_robust(
    affinities: Affinities,
    problem: Problem | None = None,
    *,
    criterion: str = "max",
    solver: str = "highs",
    clock: Clock | None = None,
    progress: Progress = no_progress,
    **fields: Unpack[ProblemFields],
) -> RobustTaxonomy:
    """Choose the tasks to supervise so that the regret over resamples is least.

    The regret of a set in a resample is the objective value of the resample's optimum minus that of
    the set, whose transfers are chosen anew in each resample. The largest regret (``max``) or the
    mean one is minimized by one integer program; see `taskgraph.sensitivity.robust_program`.

    Parameters
    ----------
    affinities : Affinities
        From ``affinities(losses, bootstrap=200)``.
    criterion : "max" or "mean"
    clock : Clock, optional
        A limit or stop for all steps; the best set so far is returned then.
    progress : Progress
        Receives the number of resamples whose optimum is known, of how many.

    Returns
    -------
    RobustTaxonomy
        If the program has no solution, ``taxonomy`` says why.

    Raises
    ------
    InvalidProblemError
        If there are no resamples, the objective is no transform of the affinity, or the criterion
        is unknown.
    """
    problem = make_problem(problem, fields, affinities.transfers)
    if criterion not in CRITERIA:
        raise InvalidProblemError(f'the criterion is "{criterion}", expected one of max, mean')
    if OBJECTIVES[problem.objective].column != "affinity":
        raise InvalidProblemError(
            f'the objective "{problem.objective}" is not resampled; try sqrt, linear or log'
        )
    if not len(affinities.resamples):
        raise InvalidProblemError("there are no resamples; make affinities with bootstrap=200")
    backend, clock = find_solver(solver), clock or Clock()
    program = compile_program(affinities.transfers, problem)
    first = solve_program(program, backend, clock)
    plain = taxonomy_from_solution(affinities.transfers, problem, first, seconds=clock.seconds)
    count = len(affinities.resamples)
    if first.choice is None:
        return RobustTaxonomy(plain, plain, criterion, count)
    programs = programs_with(program, affinities.transfers, problem, affinities.resamples)
    start = first.choice.supervised
    found = least_regret(programs, criterion, backend, clock, starts=[start], progress=progress)
    if found is None:
        return RobustTaxonomy(_unknown(plain), plain, criterion, count)
    choice = choose_transfers(program, found.supervised)
    assert choice is not None
    bound = max(first.bound, choice.value)
    same = choice.value >= first.choice.value and first.status == "optimal"
    solution = Solution("optimal" if same else "feasible", program, choice, bound)
    taxonomy = taxonomy_from_solution(
        affinities.transfers, problem, solution, seconds=clock.seconds
    )
    return RobustTaxonomy(
        taxonomy,
        plain,
        criterion,
        count,
        found.value,
        _plain_regret(found, start, programs, criterion),
        found.bound,
        found.proven,
        _with_seeds(affinities.transfers),
    )


def _with_seeds(transfers: Transfers) -> bool:
    """Return whether some transfer or task-specific network was trained with several seeds."""
    frame = transfers.frame
    if "seeds" not in frame:
        return False
    candidates = ~frame["sources"].isin(REFERENCES)
    return bool((frame["seeds"][candidates] > 1).any())


def _plain_regret(
    found: LeastRegret, start: Booleans, programs: Sequence[Program], criterion: str
) -> float:
    """Return the criterion's value of the plain optimum's set."""
    if (found.supervised == start).all():
        return found.value
    optima = found.optima
    return summarized(np.maximum(0.0, optima - values_of([start], programs)[0]), criterion)


def _unknown(plain: Taxonomy) -> Taxonomy:
    """Return a taxonomy that says that the optima of the resamples were not proven in time."""
    reason = (
        "the time limit passed, or Ctrl-C came, before the optimum of every resample was proven; "
        "raise --time-limit, or take fewer resamples with --bootstrap"
    )
    return replace(
        plain, status="unknown", objective_value=None, supervised=(), transfers=(), reason=reason
    )
