"""The steps of a proof: presolve, relaxation, incumbent, fixing, branch and bound, ties."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from taskgraph.program import Program
from taskgraph.solver.backends import Backend
from taskgraph.solver.choice import Choice, choose, without_useless
from taskgraph.solver.clock import Clock
from taskgraph.solver.infeasible import explain
from taskgraph.solver.model import grouped_model
from taskgraph.solver.presolve import presolve
from taskgraph.solver.root import Root, fix, solve_root
from taskgraph.solver.ties import break_ties, tolerance
from taskgraph.taxonomy import Status


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


def solve_program(program: Program, backend: Backend, clock: Clock | None = None) -> Solution:
    """Solve to proven optimality, or as far as the clock allows."""
    clock = clock or Clock()
    reduced = presolve(program)
    root = solve_root(reduced, backend, time_limit=clock.left)
    if not root.feasible:
        return _infeasible(program, backend)
    incumbent = _rounded(reduced, root)
    least = -math.inf if incumbent is None else incumbent.value - tolerance(incumbent.value)
    residual = fix(reduced, root, least=least)
    if incumbent is None or root.bound > incumbent.value + tolerance(incumbent.value):
        solution = _branch(residual, root, incumbent, backend, clock)
    else:
        solution = Solution("optimal", residual, incumbent, incumbent.value)
    if solution.status == "infeasible":
        return _infeasible(program, backend)
    return _polished(reduced, solution, backend, clock)


def _rounded(program: Program, root: Root) -> Choice | None:
    return choose(program, np.round(root.y).astype(bool)) if root.integral else None


def _branch(
    program: Program, root: Root, incumbent: Choice | None, backend: Backend, clock: Clock
) -> Solution:
    """Branch and bound on what the root left open; never believe a value, evaluate the set."""
    model = grouped_model(program)
    verdict = backend.run(model.problem, time_limit=clock.left)
    if verdict.status == "infeasible" and incumbent is None:
        return Solution("infeasible", program)
    found = None
    if verdict.status in ("optimal", "feasible"):
        found = choose(program, model.solution())
    best = max((c for c in (incumbent, found) if c), key=lambda c: c.value, default=None)
    bound = min(root.bound, verdict.bound)
    if best is None:
        return Solution("unknown", program, bound=bound, nodes=verdict.nodes,
                        reason="the time limit passed before a taxonomy was found; raise "
                        "--time-limit")  # fmt: skip
    proven = verdict.status == "optimal" and bound <= best.value + 1e3 * tolerance(best.value)
    return Solution(
        "optimal" if proven else "feasible",
        program,
        best,
        best.value if proven else max(bound, best.value),
        max(0, verdict.nodes),
    )


def _polished(program: Program, solution: Solution, backend: Backend, clock: Clock) -> Solution:
    """Waste no budget, and break ties the same way every time."""
    if solution.choice is None:
        return solution
    if solution.status == "optimal":
        choice = break_ties(solution.program, solution.choice, backend, clock)
    else:
        choice = without_useless(solution.program, solution.choice)
    # Edges that the fixing left out may tie as well: report the first of all.
    final = choose(program, choice.supervised)
    if final is None:
        return solution
    return replace(solution, program=program, choice=final)


def _infeasible(program: Program, backend: Backend) -> Solution:
    reason = explain(program, backend)
    return Solution("infeasible", program, reason=reason.text, least_budget=reason.least_budget)
