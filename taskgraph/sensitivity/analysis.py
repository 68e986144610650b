"""The sensitivity of the optimum: solve every case, and compare the sets that they choose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
import pandas as pd

from taskgraph.affinity.bootstrap import ResampledFactor, bootstrap_affinities
from taskgraph.affinity.estimate import Affinities, affinities
from taskgraph.affinity.methods import AHP
from taskgraph.affinity.wins import Ties
from taskgraph.affinity.wins_table import affinities_from_wins_table
from taskgraph.arrays import Booleans, Floats
from taskgraph.errors import InfeasibleError, InvalidProblemError
from taskgraph.losses import Losses
from taskgraph.problem import Problem, ProblemFields, make_problem
from taskgraph.progress import Progress, no_progress
from taskgraph.sensitivity.cases import (
    BASELINE,
    SETTINGS,
    SOURCE,
    Evidence,
    SensitivityCase,
    cases_of,
)
from taskgraph.sensitivity.confidence import confidence_set
from taskgraph.sensitivity.regret import relative_regrets, values_of
from taskgraph.sensitivity.result import Sensitivity
from taskgraph.sensitivity.tournaments import tournaments_of_losses, tournaments_of_wins
from taskgraph.sensitivity.variation import (
    SEEDS,
    VariationSources,
    has_several_seeds,
    resampled_unit,
    variation_of,
)
from taskgraph.solver import Clock, find_solver, solve_program, taxonomy_from_solution
from taskgraph.solver.search import Solution
from taskgraph.tasks import quoted_in_list
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers

SensitivityInput = Losses | Transfers | pd.DataFrame
"""Losses, a table of transfers, or a table of pairwise win rates (``target, sources, versus,
wins``)."""

NO_TOURNAMENTS = (
    "the table holds affinities alone: methods, the treatment of extremes and resamples need "
    "losses or win rates, and a source is dropped as if all win rates were consistent"
)
NO_IMAGES = "the table holds win rates alone: resamples and smoothing need losses on images"


def analyze_sensitivity(
    measured: SensitivityInput | Evidence,
    problem: Problem | None = None,
    *,
    bootstrap: int = 200,
    seed: int = 0,
    method: str = AHP,
    ties: Ties = "half",
    clip: float = 1e-3,
    min_images: int = 10,
    exact_names: bool = False,
    resamples: Mapping[str, Floats] | None = None,
    level: float = 0.95,
    solver: str = "highs",
    clock: Clock | None = None,
    progress: Progress = no_progress,
    **fields: Unpack[ProblemFields],
) -> Sensitivity:
    """Solve again under each method, objective, treatment of extremes, dropped source and resample.

    One respect is changed at a time. Where a source is dropped, no transfer uses it and the
    tournaments are held without these candidates; its own task stays a target, and may still be
    supervised for its own sake. Where transfers have several seeds of training, there are three
    kinds of resamples: of images (or clusters) alone, of seeds alone, and of both.

    Parameters
    ----------
    measured : Losses, Transfers, DataFrame of win rates, or Evidence
        Losses allow all cases. Win rates allow no resamples. Affinities allow other objectives,
        and dropped sources as if all win rates were consistent. ``notes`` of the result says what
        was left out, and ``variation`` which sources of variation the resamples hold and lack.
        `Evidence` holds what the next arguments, up to ``resamples``, say.
    bootstrap, seed : int
        Number of resamples of each kind, and their seed.
    method, ties, clip, min_images, exact_names
        As for `affinities`; the baseline's.
    resamples : mapping of names to (R, rows) arrays, optional
        Further resampled affinities by what was resampled, such as ``{"encoders": array}``,
        aligned with the rows of ``affinities(losses).transfers``.
    level : float in (0, 1]
        Share of the resamples that the confidence set holds, and that a task of the robust core
        is supervised in.
    clock : Clock, optional
        Its limit or stop ends the analysis; the cases solved until then are returned, and a note
        says how many are missing.
    progress : Progress
        Receives the number of solved cases, of how many.

    Raises
    ------
    InfeasibleError
        If the baseline has no solution, or none was proven in time.
    InvalidProblemError
        If ``level`` is out of range.

    Source: the bootstrap is that of Efron & Tibshirani (1993); minimax regret of Savage, Journal of
    the American Statistical Association 46, 1951.
    """
    if not 0 < level <= 1:
        raise InvalidProblemError(f"level is {level}, expected a share above 0, such as 0.95")
    evidence = (
        measured
        if isinstance(measured, Evidence)
        else evidence_of(
            measured,
            bootstrap=bootstrap,
            seed=seed,
            method=method,
            ties=ties,
            clip=clip,
            min_images=min_images,
            exact_names=exact_names,
            resamples=resamples,
        )
    )
    problem = make_problem(problem, fields, evidence.transfers)
    cases, notes = cases_of(evidence, problem)
    clock = clock or Clock()
    solved = list(_solved(cases, solver, clock, progress))
    first = solved[0] if solved else None
    if first is None or first.solution.status != "optimal":
        reason = None if first is None else first.solution.reason
        raise InfeasibleError(
            "there is no proven taxonomy whose sensitivity to measure: "
            f"{reason or 'the time limit came first; raise --time-limit'}"
        )
    taxonomy = taxonomy_from_solution(evidence.transfers, problem, first.solution)
    return _compared(taxonomy, cases, solved, level, notes, evidence.variation)


def evidence_of(
    measured: SensitivityInput,
    *,
    bootstrap: int,
    seed: int,
    method: str,
    ties: Ties,
    clip: float,
    min_images: int,
    exact_names: bool,
    resamples: Mapping[str, Floats] | None = None,
    progress: Progress = no_progress,
) -> Evidence:
    """Return the table of transfers, its tournaments and its resamples, as far as known.

    ``progress`` receives the number of targets that are resampled, of how many.
    """
    more = dict(resamples or {})
    if isinstance(measured, Transfers):
        return Evidence(measured, (), more, method, clip, (NO_TOURNAMENTS,))
    if isinstance(measured, Losses):
        how: dict[str, Any] = {
            "ties": ties,
            "clip": clip,
            "min_images": min_images,
            "seed": seed,
            "method": method,
            "progress": progress,
        }
        found = affinities(measured, bootstrap=bootstrap, **how)
        wins = tournaments_of_losses(measured, found, ties=ties, min_images=min_images)
        drawn = _resamples_of(measured, found, how)
        kept = {name: rows for name, rows in {**drawn, **more}.items() if len(rows)}
        variation = variation_of(measured, min_images=min_images)
        return Evidence(found.transfers, wins, kept, method, clip, (), variation)
    found = affinities_from_wins_table(
        measured, ties=ties, clip=clip, method=method, exact_names=exact_names
    )
    wins = tournaments_of_wins(measured, found, ties=ties, exact_names=exact_names)
    return Evidence(found.transfers, wins, more, method, clip, (NO_IMAGES,))


def _resamples_of(losses: Losses, found: Affinities, how: dict[str, Any]) -> dict[str, Floats]:
    """Return the resamples of each kind by name: of images, of seeds if some have several, of both.

    ``found`` has the resamples of both; ``how`` are the settings that they were drawn with.
    """
    unit, repeats = resampled_unit(losses), len(found.resamples)
    if not repeats or not has_several_seeds(losses):
        return {unit: found.resamples}
    kinds: dict[str, ResampledFactor] = {unit: "images", SEEDS: "seeds"}
    alone = {
        name: bootstrap_affinities(losses, repeats=repeats, factor=factor, **how)
        for name, factor in kinds.items()
    }
    return {**alone, f"{unit} and {SEEDS}": found.resamples}


@dataclass(frozen=True, eq=False)
class SolvedCase:
    """A case and what the solver has proven about it."""

    case: SensitivityCase
    solution: Solution

    @property
    def supervised(self) -> Booleans:
        """Return the supervised sources of the optimum, (S,) bools."""
        assert self.solution.choice is not None
        return self.solution.choice.supervised

    @property
    def names(self) -> tuple[str, ...]:
        """Return the supervised tasks of the optimum, sorted."""
        pairs = zip(self.case.program.sources, self.supervised, strict=True)
        return tuple(name for name, inside in pairs if inside)


def _solved(
    cases: Sequence[SensitivityCase], solver: str, clock: Clock, progress: Progress
) -> Iterable[SolvedCase]:
    """Yield the cases in order, until the clock is over."""
    backend = find_solver(solver)
    for number, case in enumerate(cases):
        progress(number, len(cases))
        if clock.over:
            return
        yield SolvedCase(case, solve_program(case.program, backend, clock))
    progress(len(cases), len(cases))


def _compared(
    taxonomy: Taxonomy,
    cases: Sequence[SensitivityCase],
    solved: Sequence[SolvedCase],
    level: float,
    notes: list[str],
    variation: VariationSources,
) -> Sensitivity:
    """Return the tables of a result."""
    proven = [each for each in solved if each.solution.status == "optimal"]
    missing = len(cases) - len(solved)
    if missing:
        notes.append(f"time ran out, or Ctrl-C came, before {missing} of {len(cases)} cases")
    for words, unsolved in (
        ("no solution", [s.case for s in solved if s.solution.status == "infeasible"]),
        (
            "no proven optimum",
            [s.case for s in solved if s.solution.status not in ("optimal", "infeasible")],
        ),
    ):
        if unsolved:
            named = ", ".join(f"{case.group} {case.name}" for case in unsolved[:3])
            more = f" and {len(unsolved) - 3} more" if len(unsolved) > 3 else ""
            notes.append(f"{words}: {named}{more}")
    optima = np.array([each.solution.choice.value for each in proven if each.solution.choice])
    programs = [each.case.program for each in proven]
    own = relative_regrets(values_of([proven[0].supervised], programs), optima)[0]
    table = pd.DataFrame(
        {
            "group": [each.case.group for each in proven],
            "name": [each.case.name for each in proven],
            "objective": optima,
            "supervised": [_joined(each.names) for each in proven],
            "same": [each.names == proven[0].names for each in proven],
            "regret": own,
        }
    )
    held = _confidence(proven, level)
    rows = _rows_of_regrets(proven, held)
    regrets = relative_regrets(values_of(list(rows.values()), programs), optima)
    names = [_joined(each) for each in rows]
    return Sensitivity(
        taxonomy,
        table,
        _tasks(proven, level),
        _sets(held, table, pd.DataFrame(regrets, index=names)),
        _matrix(regrets, table, names),
        level,
        tuple(notes),
        variation if held else variation.none_drawn(),
    )


def _joined(names: Iterable[str]) -> str:
    """Return names joined by ", "; one that holds a comma is in double quotes."""
    return ", ".join(quoted_in_list(name) for name in names)


def _confidence(
    proven: Sequence[SolvedCase], level: float
) -> dict[str, list[tuple[tuple[str, ...], float]]]:
    """Return the confidence set of each kind of resamples."""
    kinds = dict.fromkeys(e.case.group for e in proven if e.case.group not in (BASELINE, *SETTINGS))
    return {
        kind: confidence_set([e.names for e in proven if e.case.group == kind], level)
        for kind in kinds
    }


def _rows_of_regrets(
    proven: Sequence[SolvedCase], held: Mapping[str, list[tuple[tuple[str, ...], float]]]
) -> dict[tuple[str, ...], Booleans]:
    """Return the sets of the matrix of regrets: those of settings, then of the confidence set."""
    wanted = {names for sets in held.values() for names, _ in sets}
    settings = [each for each in proven if each.case.group in (BASELINE, *SETTINGS)]
    sampled = [each for each in proven if each.names in wanted]
    return {each.names: each.supervised for each in [*settings, *sampled]}


def _tasks(proven: Sequence[SolvedCase], level: float) -> pd.DataFrame:
    """Return the share of each group's cases that supervise each task, and the robust core."""
    groups = list(dict.fromkeys(each.case.group for each in proven[1:]))
    rows = []
    for task in proven[0].case.program.sources:
        inside = task in proven[0].names
        row: dict[str, Any] = {"task": task, "supervised": inside, "core": inside}
        for group in groups:
            mine = [
                each
                for each in proven
                if each.case.group == group and (group, task) != (SOURCE, each.case.name)
            ]
            share = float(np.mean([task in each.names for each in mine])) if mine else np.nan
            row[group] = share
            needed = 1.0 if group in SETTINGS else level
            row["core"] = row["core"] and (np.isnan(share) or share >= needed - 1e-9)
        rows.append(row)
    frame = pd.DataFrame(rows)
    mean = frame[groups].mean(axis=1).fillna(0.0) if groups else frame["supervised"] * 1.0
    order = np.lexsort((frame["task"], -mean, ~frame["supervised"]))
    return frame.iloc[order].reset_index(drop=True)


def _sets(
    held: Mapping[str, list[tuple[tuple[str, ...], float]]],
    table: pd.DataFrame,
    regrets: pd.DataFrame,
) -> pd.DataFrame:
    """Return the confidence sets as a table, with the regrets over their resamples."""
    rows = []
    for kind, sets in held.items():
        mine = (table["group"] == kind).to_numpy()
        total = 0.0
        for names, share in sets:
            total += share
            row = regrets.loc[_joined(names)].to_numpy()[mine]
            rows.append((kind, _joined(names), share, total, row.mean(), row.max()))
    columns = ["resampled", "supervised", "share", "cumulative", "regret_mean", "regret_max"]
    return pd.DataFrame(rows, columns=columns)


def _matrix(regrets: Floats, table: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Return the regret of each set in each setting, and its mean and largest over resamples."""
    columns: dict[str, Floats] = {}
    for place, (group, name) in enumerate(zip(table["group"], table["name"], strict=True)):
        if group in (BASELINE, *SETTINGS):
            columns[f"{group}: {name}" if name else group] = regrets[:, place]
    for kind in dict.fromkeys(g for g in table["group"] if g not in (BASELINE, *SETTINGS)):
        mine = regrets[:, (table["group"] == kind).to_numpy()]
        columns |= {f"{kind}: mean": mine.mean(axis=1), f"{kind}: max": mine.max(axis=1)}
    return pd.DataFrame(columns, index=pd.Index(names, name="supervised"))
