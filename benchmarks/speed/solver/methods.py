"""The two formulations through PuLP that whole calls are compared with."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.speed.solver.formulations import paper_model
from taskgraph.program import Program
from taskgraph.solver import find_solver
from taskgraph.solver.choice import choose_transfers
from taskgraph.solver.clock import Clock
from taskgraph.solver.model import Model, grouped_model
from taskgraph.solver.presolve import presolve


@dataclass(frozen=True)
class Proof:
    """The result of one method on one program.

    Attributes
    ----------
    status : str
        ``optimal``, ``feasible``, ``infeasible`` or ``unknown``, as the method states it.
    objective_value : float or None
        Value of its choice, evaluated by `taskgraph.solver.choice`.
    """

    status: str
    objective_value: float | None


def paper(program: Program, limit: float) -> Proof:
    """Solve the paper's formulation through PuLP and CBC, on all edges."""
    return _posed(program, paper_model(program), "cbc", limit)


def grouped(program: Program, limit: float) -> Proof:
    """Apply dominance, and solve the grouped model through PuLP and HiGHS."""
    reduced = presolve(program) or program
    return _posed(reduced, grouped_model(reduced), "highs", limit)


def _posed(program: Program, model: Model, solver: str, limit: float) -> Proof:
    result = find_solver(solver).run(model.lp, Clock(limit))
    choice = None
    if result.status in ("optimal", "feasible"):
        choice = choose_transfers(program, model.solution())
    return Proof(result.status, choice.value if choice else None)
