"""The steps of a proof: presolve, relaxation, incumbent, fixing, branch and bound, ties."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from taskgraph.program import Program
from taskgraph.solver.backends import Backend
from taskgraph.solver.branch import branch, suits
from taskgraph.solver.choice import Choice, choose, tolerance
from taskgraph.solver.clock import Clock
from taskgraph.solver.incumbent import Incumbent
from taskgraph.solver.infeasible import affordable_cover, explain
from taskgraph.solver.local import Neighbourhood, greedy_set, improve, local_search
from taskgraph.solver.model import grouped_model
from taskgraph.solver.presolve import presolve
from taskgraph.solver.root import Root, fix, solve_root, unsolved_root
from taskgraph.solver.ties import break_ties
from taskgraph.taxonomy import Status


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
    """Solve to proven optimality, or as far as the clock allows."""
    clock, sizes = clock or Clock(), sizes or Sizes()
    reduced = presolve(program)
    lagrangian = backend.name == "highs" and suits(reduced)
    if lagrangian and len(reduced.edge_value) > sizes.relax:
        root = unsolved_root(reduced)
    else:
        root = solve_root(reduced, backend, time_limit=clock.left)
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

    Where that finds nothing and time is short, a quarter of it goes into finding any solution.
    """
    incumbent = Incumbent(program)
    if root.integral:
        incumbent.offer(np.round(root.y).astype(bool))
    if incumbent.first is None:
        found = local_search(program, [program.required, root.y > 0.5], clock)
        if found is not None:
            incumbent.offer(found.supervised)
    if incumbent.first is None and clock.left is not None:
        cover = affordable_cover(program, backend, clock.left / 4)
        if cover is not None:
            near = Neighbourhood(program)
            incumbent.offer(improve(near, greedy_set(near, cover), clock))
    return incumbent


def _branched(program: Program, root: Root, incumbent: Incumbent, clock: Clock) -> Solution:
    search = branch(program, incumbent, clock)
    if not search.complete:
        return _stopped(incumbent, min(root.bound, search.bound), search.nodes)
    if incumbent.first is None:
        return Solution("infeasible", program, nodes=search.nodes)
    value = incumbent.first.value
    return Solution("optimal", incumbent.program, incumbent.first, value, search.nodes)


def _grouped(
    program: Program, root: Root, incumbent: Incumbent, backend: Backend, clock: Clock
) -> Solution:
    """Pose what the root left open as one model; never believe a value, evaluate the set."""
    model = grouped_model(program)
    verdict = backend.run(model.problem, time_limit=clock.left)
    if verdict.status in ("optimal", "feasible"):
        incumbent.offer(model.solution())
    elif verdict.status == "infeasible" and incumbent.first is None:
        return Solution("infeasible", program, nodes=max(0, verdict.nodes))
    bound, nodes = min(root.bound, verdict.bound), max(0, verdict.nodes)
    within = incumbent.value + 1e3 * tolerance(incumbent.value)
    if verdict.status == "optimal" and incumbent.first is not None and bound <= within:
        return _tied(program, incumbent, nodes, backend, clock)
    return _stopped(incumbent, bound, nodes)


def _tied(
    program: Program, incumbent: Incumbent, nodes: int, backend: Backend, clock: Clock
) -> Solution:
    """The first of all optima; edges that the fixing left out may be among the best as well."""
    assert incumbent.first is not None
    first = break_ties(program, incumbent.first, backend, clock)
    choice = choose(incumbent.program, first.supervised) or incumbent.first
    return Solution("optimal", incumbent.program, choice, choice.value, nodes)


def _stopped(incumbent: Incumbent, bound: float, nodes: int) -> Solution:
    if incumbent.first is None:
        return Solution("unknown", incumbent.program, bound=bound, nodes=nodes,
                        reason="the time limit passed before a taxonomy was found; raise "
                        "--time-limit")  # fmt: skip
    bound = max(bound, incumbent.first.value)
    return Solution("feasible", incumbent.program, incumbent.first, bound, nodes)


def _infeasible(program: Program, backend: Backend, clock: Clock, nodes: int = 0) -> Solution:
    reason = explain(program, backend, clock)
    return Solution(
        "infeasible",
        program,
        nodes=nodes,
        reason=reason.text,
        least_budget=reason.least_budget,
    )
