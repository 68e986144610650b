"""The steps of a proof: presolve, relaxation, incumbent, fixing, branch and bound, ties."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from taskgraph.program import Program
from taskgraph.solver.backends import Backend
from taskgraph.solver.branch import branch, suits
from taskgraph.solver.choice import Choice, choose, tolerance
from taskgraph.solver.clock import Clock, OutOfTime
from taskgraph.solver.incumbent import Incumbent
from taskgraph.solver.infeasible import affordable_cover, explain
from taskgraph.solver.local import Neighborhood, greedy_set, improve, local_search
from taskgraph.solver.presolve import presolve
from taskgraph.solver.ranking import Ranking
from taskgraph.solver.root import Root, best_ways, fix, solve_root, unsolved_root
from taskgraph.solver.scale import value_unit, with_values_in
from taskgraph.solver.ties import break_ties
from taskgraph.taxonomy import Status

GRACE = 0.7
"""Seconds that a first local search may take beyond a short time limit."""
RELAXING = 1e-4
"""Least seconds an edge that a linear relaxation takes; with less time it is not begun."""


@dataclass(frozen=True)
class Sizes:
    """Numbers of edges above which another method pays.

    Parameters
    ----------
    relax : int
        More edges, and the linear relaxation takes longer than the Lagrangian proof.
    branch : int
        More edges left by the relaxation, and the Lagrangian proof beats the grouped model.
    """

    relax: int = 4_000
    branch: int = 600


@dataclass(frozen=True, eq=False)
class Solution:
    """A status, the (presolved) program that ``choice`` refers to, and a proven bound."""

    status: Status
    program: Program
    choice: Choice | None = None
    bound: float = math.inf
    nodes: int = 0
    reason: str | None = None
    least_budget: float | None = None


def solve_program(
    program: Program, backend: Backend, clock: Clock | None = None, *, sizes: Sizes | None = None
) -> Solution:
    """Solve to proven optimality, or as far as the clock allows.

    Values are divided by a power of two, so that tolerances mean the same for all tables.
    """
    unit = value_unit(program)
    found = _solve(with_values_in(program, unit), backend, clock or Clock(), sizes or Sizes())
    choice = found.choice
    return replace(
        found,
        program=with_values_in(found.program, 1 / unit),
        choice=None if choice is None else replace(choice, value=choice.value * unit),
        bound=found.bound * unit,
    )


def _solve(program: Program, backend: Backend, clock: Clock, sizes: Sizes) -> Solution:
    reduced = presolve(program, clock.share(1 / 2))
    if reduced is None:
        return _infeasible(program, backend, clock)
    lagrangian = backend.name == "highs" and suits(reduced)
    many = len(reduced.edge_value) > sizes.relax
    root = (
        unsolved_root(reduced) if lagrangian and many else solve_root(reduced, clock.share(1 / 2))
    )
    if not root.feasible:
        return _infeasible(program, backend, clock)
    incumbent = _incumbent(reduced, root, backend, clock)
    residual = fix(reduced, root, least=incumbent.least)
    if incumbent.first and root.bound <= incumbent.value + tolerance(incumbent.value):
        solution = _tied(residual, incumbent, 0, backend, clock)
    elif lagrangian and len(residual.edge_value) > sizes.branch:
        solution = _branched(residual, root, incumbent, clock)
    else:
        solution = _grouped(residual, root, incumbent, backend, clock)
    if solution.status == "infeasible":
        return _infeasible(program, backend, clock, solution.nodes)
    return solution


def _incumbent(program: Program, root: Root, backend: Backend, clock: Clock) -> Incumbent:
    """What the relaxation supervises if it is whole, or what local search makes of it.

    Under a time limit the search has a third of it, so that time is left for a bound, and `GRACE`
    seconds in any case, since any taxonomy is better than none. Where it finds nothing, a quarter
    of what is left goes into a cheapest cover.
    """
    incumbent = Incumbent(program, clock)
    if root.integral:
        incumbent.offer(np.round(root.y).astype(bool))
    if incumbent.first is None:
        starts = [program.required, root.y > 0.5]
        found = local_search(program, starts, clock.share(1 / 3, least=GRACE))
        if found is not None:
            incumbent.offer(found.supervised)
    if incumbent.first is None and clock.left is not None:
        cover = affordable_cover(program, backend, clock.share(1 / 4))
        if cover is not None:
            near, brief = Neighborhood(program), clock.share(1 / 4)
            incumbent.offer(cover)
            incumbent.offer(improve(near, greedy_set(near, cover, brief), brief))
    return incumbent


def _branched(program: Program, root: Root, incumbent: Incumbent, clock: Clock) -> Solution:
    search = branch(program, incumbent, clock)
    if not search.complete:
        return _stopped(incumbent, min(root.bound, search.bound), search.nodes, clock)
    if incumbent.first is None:
        return Solution("infeasible", program, nodes=search.nodes)
    value = incumbent.first.value
    return Solution("optimal", incumbent.program, incumbent.first, value, search.nodes)


def _grouped(
    program: Program, root: Root, incumbent: Incumbent, backend: Backend, clock: Clock
) -> Solution:
    """Pose what the root left open as one model."""
    try:
        found = Ranking(program, backend, clock).best()
    except OutOfTime:
        return _stopped(incumbent, root.bound, 0, clock)
    if found.choice is not None:
        incumbent.offer(found.choice.supervised)
    elif found.status == "infeasible" and incumbent.first is None:
        return Solution("infeasible", program, nodes=found.nodes)
    bound = min(root.bound, max(found.bound, incumbent.value))
    if found.status in ("optimal", "infeasible"):
        return _tied(program, incumbent, found.nodes, backend, clock)
    return _stopped(incumbent, bound, found.nodes, clock)


def _tied(
    program: Program, incumbent: Incumbent, nodes: int, backend: Backend, clock: Clock
) -> Solution:
    """The first of all optima; edges that the fixing left out may be among the best as well."""
    assert incumbent.first is not None
    first = break_ties(program, incumbent.first, backend, clock)
    choice = choose(incumbent.program, first.supervised) or incumbent.first
    return Solution("optimal", incumbent.program, choice, choice.value, nodes)


def _stopped(incumbent: Incumbent, bound: float, nodes: int, clock: Clock) -> Solution:
    bound = min(bound, best_ways(incumbent.program))
    if incumbent.first is None:
        limit = "the time limit passed before a taxonomy was found; raise --time-limit"
        reason = "stopped before a taxonomy was found" if clock.stop.is_set() else limit
        return Solution("unknown", incumbent.program, bound=bound, nodes=nodes, reason=reason)
    bound = max(bound, incumbent.first.value)
    return Solution("feasible", incumbent.program, incumbent.first, bound, nodes)


def _infeasible(program: Program, backend: Backend, clock: Clock, nodes: int = 0) -> Solution:
    """Say so only where no set of sources is affordable by exact arithmetic as well."""
    reason = explain(program, backend, clock)
    if reason.affordable is not None:
        bound = max(best_ways(program), reason.affordable.value)
        return Solution("feasible", program, reason.affordable, bound, nodes)
    return Solution(
        "infeasible",
        program,
        nodes=nodes,
        reason=reason.text,
        least_budget=reason.least_budget,
    )
