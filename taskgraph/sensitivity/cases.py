"""The cases of an analysis: another method, objective, clip, source or sample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from taskgraph.affinity.methods import AHP, TOURNAMENT_METHODS
from taskgraph.arrays import Floats
from taskgraph.errors import InvalidProblemError
from taskgraph.problem import OBJECTIVES, Problem
from taskgraph.program import Program, compile_program
from taskgraph.sensitivity.programs import programs_with
from taskgraph.sensitivity.tournaments import (
    TargetWins,
    affinities_again,
    renormalized_without,
)
from taskgraph.sensitivity.variation import NOT_KNOWN, VariationSources
from taskgraph.transfers import Transfers

BASELINE = "baseline"
METHOD, OBJECTIVE, EXTREMES, SOURCE = "method", "objective", "extremes", "source"
SETTINGS = (METHOD, OBJECTIVE, EXTREMES, SOURCE)
"""Groups of cases that change one setting; all other groups are resamples."""

CLIPS = (1e-4, 1e-3, 1e-2, 5e-2)
"""Limits of win rates that are tried."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """The known origin of a table of transfers: losses, win rates or affinities.

    Attributes
    ----------
    transfers : Transfers
    tournaments : list of TargetWins
        Empty if only affinities are known.
    resamples : mapping of names to (R, rows) arrays
        Affinities in each resample, by what was resampled, such as ``buildings``.
    method, clip
        How ``transfers`` was made of the tournaments.
    notes : tuple of str
        What is left out, and why.
    variation : VariationSources
        What the resamples hold and lack.
    """

    transfers: Transfers
    tournaments: Sequence[TargetWins] = ()
    resamples: Mapping[str, Floats] = field(default_factory=dict)
    method: str = AHP
    clip: float = 1e-3
    notes: tuple[str, ...] = ()
    variation: VariationSources = NOT_KNOWN


@dataclass(frozen=True, eq=False)
class SensitivityCase:
    """A program that differs from the baseline's in one respect; all have the same sources."""

    group: str
    name: str
    program: Program


def cases_of(evidence: Evidence, problem: Problem) -> tuple[list[SensitivityCase], list[str]]:
    """Return the baseline, one case for each changed setting and resample, and notes.

    The notes say which cases are left out, and why.
    """
    program = compile_program(evidence.transfers, problem)
    objectives, notes = _objectives(evidence, problem)
    cases = [SensitivityCase(BASELINE, "", program), *objectives]
    notes = [*evidence.notes, *notes]
    if OBJECTIVES[problem.objective].column != "affinity":
        notes = [
            *notes,
            f"the objective {problem.objective} does not use affinities: methods, the treatment "
            "of extremes and resamples are left out",
        ]
        lost = [
            SensitivityCase(SOURCE, name, without_source(program, place))
            for place, name in enumerate(program.sources)
            if (program.edge_sources == place).any()
        ]
        return [*cases, *lost], notes
    again = [*_methods(evidence), *_clips(evidence), *_sources(evidence, program)]
    affinities = np.array([values for _, _, values in again]).reshape(
        len(again), len(evidence.transfers.frame)
    )
    programs = programs_with(program, evidence.transfers, problem, affinities)
    cases += [
        SensitivityCase(group, name, changed)
        for (group, name, _), changed in zip(again, programs, strict=True)
    ]
    for group, drawn in evidence.resamples.items():
        resampled = programs_with(program, evidence.transfers, problem, drawn)
        cases += [SensitivityCase(group, str(k), each) for k, each in enumerate(resampled, 1)]
    cases.sort(key=lambda case: (BASELINE, *SETTINGS, *evidence.resamples).index(case.group))
    return cases, notes


def without_source(program: Program, place: int) -> Program:
    """Return the program without the edges that use a source, which may still be supervised."""
    return program.with_edges(~(program.edge_sources == place).any(axis=1))


def _objectives(evidence: Evidence, problem: Problem) -> tuple[list[SensitivityCase], list[str]]:
    """Return one case for each other objective whose column the table has, and notes.

    The notes name the objectives that some target has no value for.
    """
    cases, notes = [], []
    for name, objective in OBJECTIVES.items():
        column = objective.column
        frame = evidence.transfers.frame
        if name == problem.objective:
            continue
        if column not in frame or frame[column].isna().all():
            notes.append(f"the objective {name}, for want of the column {column}")
            continue
        try:
            changed = compile_program(evidence.transfers, replace(problem, objective=name))
        except InvalidProblemError:
            lacking = frame[column].isna().groupby(frame["target"]).all()
            targets = ", ".join(lacking.index[lacking]) or "some transfers"
            notes.append(f"the objective {name}, for want of the column {column} at {targets}")
            continue
        cases.append(SensitivityCase(OBJECTIVE, name, changed))
    return cases, notes


Again = tuple[str, str, Floats]
"""Group and name of a case, and its affinities, (rows,)."""


def _methods(evidence: Evidence) -> Iterator[Again]:
    """Yield the affinities by each other method, where the tournaments are known."""
    for name in TOURNAMENT_METHODS:
        if evidence.tournaments and name != evidence.method:
            yield METHOD, name, _held_again(evidence, method=name)


def _clips(evidence: Evidence) -> Iterator[Again]:
    """Yield the affinities with other limits of win rates, and with an imaginary image."""
    if not evidence.tournaments or not TOURNAMENT_METHODS[evidence.method].clips:
        return
    for clip in CLIPS:
        if clip != evidence.clip:
            yield EXTREMES, f"clip {clip:g}", _held_again(evidence, clip=clip)
    if all(each.images is not None for each in evidence.tournaments):
        yield EXTREMES, "one more image", _held_again(evidence, smoothed=True)


def _sources(evidence: Evidence, program: Program) -> Iterator[Again]:
    """Yield the affinities without each source."""
    used = np.unique(program.edge_sources[program.edge_sources < len(program.sources)])
    for name in (program.sources[place] for place in used.tolist()):
        if evidence.tournaments:
            yield SOURCE, name, _held_again(evidence, without=name)
        else:
            yield SOURCE, name, renormalized_without(evidence.transfers, name)


def _held_again(
    evidence: Evidence,
    *,
    method: str | None = None,
    clip: float | None = None,
    smoothed: bool = False,
    without: str | None = None,
) -> Floats:
    return affinities_again(
        evidence.tournaments,
        len(evidence.transfers),
        method=method or evidence.method,
        clip=clip or evidence.clip,
        smoothed=smoothed,
        without=without,
    )
