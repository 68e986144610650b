"""Transfers to measure again: those whose interval could change the optimal taxonomy."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Unpack

import numpy as np
import pandas as pd

from taskgraph.arrays import Floats, Integers
from taskgraph.errors import InfeasibleError
from taskgraph.lifelong.doubts import Doubt, Remeasurement
from taskgraph.lifelong.ends import IntervalEnds, check_intervals
from taskgraph.problem import Problem, ProblemFields, make_problem
from taskgraph.program import Program, compile_program
from taskgraph.progress import Progress, no_progress, with_progress
from taskgraph.solver import find_solver, solve_program, taxonomy_from_solution
from taskgraph.solver.backends import Backend
from taskgraph.solver.choice import SUPERVISED, Choice, choose_transfers, tolerance
from taskgraph.tasks import require_known, split_sources
from taskgraph.transfers import Transfers


def remeasure(
    transfers: Transfers,
    problem: Problem | None = None,
    *,
    changed: Iterable[str] = (),
    solver: str = "highs",
    progress: Progress = no_progress,
    **fields: Unpack[ProblemFields],
) -> Remeasurement:
    """Find the transfers whose value, anywhere in its interval, could change the optimum.

    A transfer is listed if there is a value within its interval at which the optimum for the
    measured values is no longer optimal, all other transfers being as measured. Ties do not count.
    Let z be the value of the optimum, v the value of the transfer in the objective, and U the best
    value among the taxonomies that use it (measured). The objective rises with v. So

    - for a transfer that the optimum does not use, the worst case is the upper end v⁺, and it is
      listed if U + v⁺ − v > z;
    - for one that the optimum uses, it is the lower end v⁻: listed if the best value among the
      taxonomies that do not use it is above z − (v − v⁻).

    Bounds exclude most transfers that the optimum does not use: if z minus the best value of the
    taxonomies that supervise one of its sources is at least v⁺ − v (one solve for each source); if
    another transfer with a subset of its sources is worth at least v⁺; or if the best value of all
    other targets plus v⁺ is at most z (one solve for each target). For the rest, and for each
    transfer that the optimum uses, the program is solved once with the value at that end.

    Parameters
    ----------
    transfers : Transfers
        With the columns ``low`` and ``high``, as ``affinities(losses, bootstrap=1)`` has them.
        Transfers without an interval count as exact.
    problem, **fields
        As for `solve`; the objective must be a transform of the affinity.
    changed : names, optional
        Tasks whose networks changed. Only transfers from them, and their own networks, are then in
        doubt.
    progress : Progress
        Receives the number of transfers that are solved, of how many.

    Raises
    ------
    InvalidTableError
        If the table has no intervals, or an affinity lies outside of its own.
    InvalidProblemError
        If the objective is ``gain`` or ``quality``.
    UnknownTaskError
        If the table lacks a changed task.
    InfeasibleError
        If the program has no solution.
    """
    problem = make_problem(problem, fields, transfers)
    check_intervals(transfers, problem)
    require_known(changed := tuple(changed), transfers.tasks, where="--changed")
    backend = find_solver(solver)
    program = compile_program(transfers, problem)
    solution = solve_program(program, backend)
    taxonomy = taxonomy_from_solution(transfers, problem, solution)
    if solution.choice is None:
        raise InfeasibleError(f"there is no taxonomy to trust or not: {taxonomy.reason}")
    best = choose_transfers(program, solution.choice.supervised)
    assert best is not None
    search = _RemeasureSearch(
        program, best, IntervalEnds.of(transfers, problem, program, changed), backend
    )
    decided = [search.doubt(each) for each in with_progress(search.candidates(), progress)]
    doubts = [each for each in decided if each is not None]
    doubts.sort(key=lambda each: (-each.regret, each.target, each.sources))
    return Remeasurement(taxonomy, tuple(doubts), search.ends.count, search.solves["programs"])


@dataclass(frozen=True)
class _Candidate:
    """A transfer whose end must be solved for: an edge, or the own network of a target."""

    target: int
    edge: int | None
    used: bool


@dataclass(frozen=True, eq=False)
class _RemeasureSearch:
    """The bounds that exclude transfers, and the solve that decides about one."""

    program: Program
    best: Choice
    ends: IntervalEnds
    backend: Backend
    solves: Counter[str] = field(default_factory=Counter)

    def solve(self, program: Program) -> Choice | None:
        """Solve a variant of the program, and count it."""
        self.solves["programs"] += 1
        return solve_program(program, self.backend).choice

    def candidates(self) -> list[_Candidate]:
        """Return the transfers that no bound excludes, target by target."""
        program, ends = self.program, self.ends
        loss = np.append(self._losses(), 0.0)  # (S + 1,)
        rise = ends.edge_high - program.edge_value
        open_edges = (rise > 0) & (rise > loss[program.edge_sources].max(axis=1))
        own_loss = np.where(program.self_source >= 0, loss[program.self_source], np.inf)
        open_own = ends.self_high - program.self_value > own_loss
        found = []
        for target, used in enumerate(self.best.edges.tolist()):
            edges = np.flatnonzero(program.edge_target == target)
            maybe = [
                _Candidate(target, edge, used=False)
                for edge in edges[open_edges[edges]].tolist()
                if edge != used and not self._is_beaten(edge, edges)
            ]
            if open_own[target] and used != SUPERVISED:
                maybe.append(_Candidate(target, None, used=False))
            limit = self._limit(target) if maybe else math.inf
            found += [each for each in maybe if self._end(each) > limit]
            mine = _Candidate(target, None if used == SUPERVISED else used, used=True)
            found += [mine] if self._end(mine) < self._value(mine) else []
        return found

    def _losses(self) -> Floats:
        """(S,) array: what the optimum loses at most if a source must be supervised, at least 0.

        Infinite where no solution supervises the source.
        """
        loss = np.zeros(len(self.program.sources))
        for source in np.flatnonzero(~self.best.supervised):
            required = self.program.required.copy()
            required[source] = True
            choice = self.solve(replace(self.program, required=required))
            loss[source] = math.inf if choice is None else self.best.value - choice.value
        return np.maximum(loss, 0.0)

    def _limit(self, target: int) -> float:
        """Return the value above which a transfer to a target can improve on the optimum.

        It is the value of the optimum minus the best value of all other targets, which no taxonomy
        exceeds.
        """
        program, count = self.program, len(self.program.sources)
        others = program.with_edges(program.edge_target != target)
        free = np.arange(len(program.targets)) == target
        # One more source, which is always there and costs nothing, solves the target at no value.
        others = replace(
            others,
            sources=(*program.sources, "\0"),
            label_cost=np.append(program.label_cost, 0.0),
            transfer_cost=np.where(free, 0.0, program.transfer_cost),
            required=np.append(program.required, True),
            banned=np.append(program.banned, False),
            self_source=np.where(free, count, program.self_source),
            self_value=np.where(free, 0.0, program.self_value),
            edge_sources=np.where(others.edge_sources == count, count + 1, others.edge_sources),
        )
        choice = self.solve(others)
        assert choice is not None  # the optimum of the whole program solves it
        return self.best.value - choice.value + tolerance(self.best.value)

    def _is_beaten(self, edge: int, edges: Integers) -> bool:
        """Return whether a part of an edge's sources is worth as much as the edge at its best."""
        program = self.program
        allowed = np.zeros(len(program.sources) + 1, dtype=bool)
        allowed[program.edge_sources[edge]] = True
        allowed[-1] = True
        part = allowed[program.edge_sources[edges]].all(axis=1) & (edges != edge)
        return bool((program.edge_value[edges[part]] >= self.ends.edge_high[edge]).any())

    def _value(self, candidate: _Candidate) -> float:
        """Return the measured value of a transfer in the objective."""
        if candidate.edge is None:
            return float(self.program.self_value[candidate.target])
        return float(self.program.edge_value[candidate.edge])

    def _end(self, candidate: _Candidate) -> float:
        """Return its value at the end at which it could change the optimum."""
        ends, own = self.ends, candidate.edge is None
        place = candidate.target if candidate.edge is None else candidate.edge
        if candidate.used:
            return float((ends.self_low if own else ends.edge_low)[place])
        return float((ends.self_high if own else ends.edge_high)[place])

    def doubt(self, candidate: _Candidate) -> Doubt | None:
        """Solve with a transfer at its end; None if the optimum is still optimal."""
        end, value = self._end(candidate), self._value(candidate)
        kept = self.best.value - (value - end if candidate.used else 0.0)
        program = self._with_value(candidate, end)
        other = self.solve(program)
        if other is None or other.value <= kept + tolerance(kept):
            return None
        names = np.array(self.program.sources)
        mine, theirs = ({*names[each.supervised]} for each in (self.best, other))
        row = self._row(candidate)
        return Doubt(
            str(row["target"]),
            split_sources(row["sources"]),
            float(row["affinity"]),
            float(row["low"] if candidate.used else row["high"]),
            candidate.used,
            other.value - kept,
            tuple(sorted(map(str, theirs - mine))),
            tuple(sorted(map(str, mine - theirs))),
        )

    def _with_value(self, candidate: _Candidate, value: float) -> Program:
        """Return the program with another value of one transfer."""
        if candidate.edge is None:
            values = self.program.self_value.copy()
            values[candidate.target] = value
            return replace(self.program, self_value=values)
        values = self.program.edge_value.copy()
        values[candidate.edge] = value
        return replace(self.program, edge_value=values)

    def _row(self, candidate: _Candidate) -> pd.Series:
        """Return the row of a transfer in the table."""
        if candidate.edge is None:
            return self.ends.frame.iloc[int(self.ends.self_row[candidate.target])]
        return self.ends.frame.iloc[int(self.program.edge_row[candidate.edge])]
