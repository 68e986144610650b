"""The methods whose proofs are timed, each a function of a program and a limit in seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.speed.solver.formulations import paper_model
from taskgraph.program import Program
from taskgraph.solver import find_solver, solve_program
from taskgraph.solver.choice import choose
from taskgraph.solver.clock import Clock
from taskgraph.solver.model import Model, grouped_model
from taskgraph.solver.presolve import presolve


@dataclass(frozen=True)
class Outcome:
    """What a method claims, and its value."""

    status: str
    objective: float | None
    bound: float
    nodes: int


def paper(program: Program, limit: float) -> Outcome:
    """Solve the paper's formulation through PuLP and CBC, on all edges."""
    return _posed(program, paper_model(program), "cbc", limit)


def grouped(program: Program, limit: float) -> Outcome:
    """Apply dominance, and solve the grouped model through PuLP and HiGHS."""
    reduced = presolve(program) or program
    return _posed(reduced, grouped_model(reduced), "highs", limit)


def _posed(program: Program, model: Model, solver: str, limit: float) -> Outcome:
    result = find_solver(solver).run(model.lp, Clock(limit))
    choice = None
    if result.status in ("optimal", "feasible"):
        choice = choose(program, model.solution())
    return Outcome(result.status, choice.value if choice else None, result.bound, result.nodes)


def ours(program: Program, limit: float) -> Outcome:
    """Run `solve_program`, as `taskgraph solve` does."""
    found = solve_program(program, find_solver("highs"), Clock(limit))
    value = found.choice.value if found.choice else None
    return Outcome(found.status, value, found.bound, found.nodes)


METHODS: dict[str, Callable[[Program, float], Outcome]] = {
    "paper": paper,
    "grouped": grouped,
    "taskgraph": ours,
}
